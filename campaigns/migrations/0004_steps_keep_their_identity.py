from django.db import migrations, models


def keep_steps_apart(apps, schema_editor):
    """A default is computed once for all rows that exist: each step gets the identity that it has already."""
    apps.get_model("campaigns", "Step").objects.update(origin=models.F("id"))


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_branches_versions_and_guards"),
    ]

    operations = [
        migrations.RunPython(keep_steps_apart, migrations.RunPython.noop),
    ]
