from django.db import migrations

from leads.companies import company_key

BATCH = 1000


def fill(apps, schema_editor):
    """Leads get the key of their company; entries about companies are kept by it, where none is there yet."""
    Lead = apps.get_model("leads", "Lead")
    rows = []
    for lead in Lead.objects.exclude(company="").only("pk", "company").order_by("pk").iterator(chunk_size=BATCH):
        rows.append(lead)  # the field itself makes the key when it is written
        if len(rows) == BATCH:
            _write(Lead, rows)
            rows = []
    _write(Lead, rows)
    Suppression = apps.get_model("leads", "Suppression")
    for entry in Suppression.objects.filter(kind="company"):
        key = company_key(entry.value)
        same = Suppression.objects.filter(client=entry.client_id, kind="company", value=key)
        if key and key != entry.value and not same.exists():
            Suppression.objects.filter(pk=entry.pk).update(value=key)


def _write(Lead, rows):
    for lead in rows:
        lead.company_key = company_key(lead.company)
    Lead.objects.bulk_update(rows, ["company_key"])


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0002_companies_and_time_zones"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
