"""`manage.py rebuild_usage`: count anew what was used of each cap."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations.rebuilding import rebuild_usage


class Command(BaseCommand):
    help = "Counts anew, from the dispatches, what was used of each cap. Normally it finds nothing to change."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what is wrong; exit code 1 if so.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = rebuild_usage(dry_run=options["dry_run"])
        for difference in found:
            self.stdout.write(str(difference))
        verb = "wrong" if options["dry_run"] else "corrected"
        self.stdout.write(f"{len(found)} rows {verb}." if found else "Nothing to change.")
        if found and options["dry_run"]:
            raise SystemExit(1)
