"""A lead file over HTTP: what is sent, and what is answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from leads.files import LeadFileError
from leads.importing import ImportReport, import_leads
from outreach.api.serializers import Body, OwnClient
from outreach.clients.models import Client, User


class ImportSerializer(Body):
    """A CSV file of leads, as multipart/form-data."""

    client = OwnClient(queryset=Client.objects.all())
    file = serializers.FileField(help_text="CSV as exported by LinkedIn, Apollo, HubSpot and others; see the docs.")
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60), default=list, help_text="Given to every lead of the file."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Report only; change nothing.")
    include_filtered = serializers.BooleanField(
        default=False, help_text="Also take in rows that the file itself marks as outside its filters."
    )


class RejectedRow(serializers.Serializer[Any]):
    line = serializers.IntegerField(help_text="Line in the file.")
    reason = serializers.CharField()
    cells = serializers.ListField(child=serializers.CharField(allow_blank=True))


class ImportAnswer(serializers.Serializer[Any]):
    """What became of every row."""

    format = serializers.CharField()
    encoding = serializers.CharField()
    delimiter = serializers.CharField()
    header_line = serializers.IntegerField()
    columns = serializers.DictField(
        child=serializers.CharField(), help_text="What each column was taken for: a field of the lead, or a custom one."
    )
    rows = serializers.IntegerField(help_text="created + updated + unchanged + merged + skipped + rejected")
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    merged = serializers.IntegerField(help_text="Rows about a lead of an earlier row.")
    skipped = serializers.IntegerField()
    skip_reasons = serializers.DictField(child=serializers.IntegerField(), help_text="How many rows, by reason.")
    rejected = RejectedRow(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
    dry_run = serializers.BooleanField()


def import_uploaded(form: Mapping[str, Any], *, by: User, at: datetime) -> ImportReport:
    """Raises ValidationError naming `file` when it is no lead file."""
    options = {name: form[name] for name in ("client", "tags", "dry_run", "include_filtered")}
    try:
        return import_leads(stream=form["file"].file, filename=form["file"].name, by=by, at=at, **options)
    except LeadFileError as problem:
        raise ValidationError({"file": str(problem)}, code="lead_file") from problem
