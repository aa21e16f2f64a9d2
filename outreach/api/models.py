"""Requests that carried an Idempotency-Key, and how they were answered."""

from datetime import timedelta

from django.db import models
from rest_framework.utils.encoders import JSONEncoder

from outreach.clients.models import User


class IdempotentRequest(models.Model):
    """One request with a key. While `status` is empty it is being carried out, or a crash left it.

    Which of the two cannot be told, so the answer to a repetition is then 409 and never a second execution.
    """

    KEPT = timedelta(hours=24)

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, address and content.")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True, encoder=JSONEncoder)
    begun_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-begun_at"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_request_per_idempotency_key")]
        indexes = [models.Index(fields=["user", "expires_at"], name="idempotent_request_expiry")]

    def __str__(self) -> str:
        return f"{self.key} · {self.status or 'unfinished'}"

    @property
    def is_answered(self) -> bool:
        return self.status is not None
