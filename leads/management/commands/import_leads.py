"""`manage.py import_leads FILE --client SLUG`: bring a lead file into a client's leads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads.files import LeadFileError
from leads.formats import FORMATS, GENERIC
from leads.importing import ImportReport, import_leads, write_rejected
from outreach import clock
from outreach.clients.models import Client

_SHOWN = 10
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


class Command(BaseCommand):
    help = "Create and update a client's leads from a CSV file. Importing the same file twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the CSV file")
        parser.add_argument("--client", required=True, metavar="SLUG", help="whose leads they are")
        parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="given to every lead; repeatable")
        parser.add_argument("--dry-run", action="store_true", help="report what would happen, change nothing")
        parser.add_argument("--rejected", type=Path, metavar="OUT.csv", help="write the rejected rows there")
        parser.add_argument(
            "--include-filtered", action="store_true", help="also take rows marked as outside their own search"
        )
        parser.add_argument("--encoding", default="", help="read the file so, instead of finding out (e.g. cp1250)")

    def handle(self, *args: Any, **options: Any) -> None:
        report = self._import(_client(options["client"]), options)
        for line in _lines(report):
            self.stdout.write(line)
        if options["rejected"]:
            self._write_rejected(report, options["rejected"])
        if not report.leads:
            raise CommandError(f"Nothing could be imported from {options['file']}.")

    def _import(self, client: Client, options: dict[str, Any]) -> ImportReport:
        path: Path = options["file"]
        try:
            with path.open("rb") as stream:
                return import_leads(
                    client=client,
                    stream=stream,
                    filename=path.name,
                    by=None,
                    at=clock.now(),
                    tags=options["tag"],
                    dry_run=options["dry_run"],
                    include_filtered=options["include_filtered"],
                    encoding=options["encoding"],
                )
        except LeadFileError as error:
            raise CommandError(f"{path}: {error}") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error

    def _write_rejected(self, report: ImportReport, path: Path) -> None:
        try:
            # With the mark, without which spreadsheets misread accents.
            with path.open("w", encoding="utf-8-sig", newline="") as stream:
                write_rejected(report, stream)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{len(report.rejected)} rejected rows are in {path}.")


def _client(slug: str) -> Client:
    client: Client | None = Client.objects.filter(slug=slug).first()
    if client is None:
        known = ", ".join(Client.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no client '{slug}'. Known clients: {known}.")
    return client


def _lines(report: ImportReport) -> list[str]:
    """The report as people read it."""
    label = next(each.label for each in (*FORMATS, GENERIC) if each.source == report.format)
    counts = ", ".join(
        f"{count} {name}"
        for name, count in (
            ("created", report.created),
            ("updated", report.updated),
            ("unchanged", report.unchanged),
            ("merged into earlier rows", report.merged),
            ("skipped", report.skipped),
            ("rejected", len(report.rejected)),
        )
    )
    return [
        f"{label}, header on line {report.header_line}, {report.rows} rows "
        f"({report.encoding}, {_DELIMITERS[report.delimiter]})",
        f"Dry run, nothing was changed: {counts}." if report.dry_run else f"{counts}.",
        *(f"  skipped: {count} × {reason}" for reason, count in report.skip_reasons.items()),
        *_some([f"  rejected: line {row.line}: {row.reason}" for row in report.rejected]),
        *_some([f"  warning: {warning}" for warning in report.warnings]),
    ]


def _some(lines: list[str]) -> list[str]:
    further = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"  … and {further} more"] if further > 0 else lines
