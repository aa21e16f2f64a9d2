"""Clients (the tenants), the people who work for them, and their keys to the API."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models

from outreach.clients.querysets import ClientOwnedQuerySet, ClientQuerySet
from outreach.fields import CreatedAt
from outreach.identifiers import new_id


class User(AbstractUser):
    """A person of the operator or of a client. A superuser is the operator: every client is visible."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Client(models.Model):
    """A customer of the operator; the tenant. Nothing of one client is reachable from another (law 8)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True, help_text="Short name used in commands and addresses.")
    paused_at = models.DateTimeField(null=True, blank=True, help_text="While set, nothing automatic is sent.")
    created_at = CreatedAt()
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="clients"
    )

    objects = ClientQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ClientOwned(models.Model):
    """Base of every tenant-owned table: a UUIDv7 key and the client it belongs to.

    Each table names its own manager, made from a ClientOwnedQuerySet.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Membership(models.Model):
    """A user's role with one client."""

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        AGENT = "agent", "Agent"
        VIEWER = "viewer", "Viewer"

    READ_ONLY = frozenset({Role.VIEWER})

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "client"], name="one_membership_per_client")]
        ordering = ["client__name", "user__username"]

    def __str__(self) -> str:
        return f"{self.user} · {self.client} ({self.get_role_display()})"


class ApiKey(models.Model):
    """A program's key. Only its SHA-256 is kept: keys are random, so no slow hash is needed."""

    PREFIX_LENGTH = 12

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys", help_text="Acts as this user.")
    name = models.CharField(max_length=100, help_text="What the key is for.")
    prefix = models.CharField(max_length=PREFIX_LENGTH, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = CreatedAt()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, *, user: User, name: str, expires_at: datetime | None = None) -> tuple["ApiKey", str]:
        """A new key and its token. The token cannot be read again later."""
        token = f"or_{secrets.token_urlsafe(32)}"
        fields: dict[str, Any] = {"user": user, "name": name, "expires_at": expires_at}
        key = cls.objects.create(prefix=token[: cls.PREFIX_LENGTH], digest=cls.digest_of(token), **fields)
        return key, token

    def is_valid(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)
