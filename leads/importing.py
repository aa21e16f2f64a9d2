"""Bringing a lead file into a client's leads: match, merge, write in batches, and report on every row.

Importing the same file again changes nothing. A batch is one transaction; a file that cannot be read to its end
is refused before the first.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import BinaryIO, TextIO
from uuid import UUID

from django.db import IntegrityError, transaction

from leads.cells import neutralised
from leads.files import LeadFile, LeadFileError, Row, open_lead_file
from leads.formats import REMARKS, Format, Source, detect, understood_columns
from leads.merging import KEYS, Conflict, KnownLeads, merge, values_of
from leads.models import CustomField, Lead
from leads.parsing import PERSON_FIELDS, ParsedLead, Person, Rejection, RowReader, Skipped
from outreach.clients.models import Client, User
from outreach.events.kinds import EventKind
from outreach.events.recording import operator, record

BATCH_SIZE = 500
MOST_WARNINGS = 200
_TRIES = 3

_Usable = tuple[Row, ParsedLead]


class Fate(StrEnum):
    """What an import has done to a lead."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    line: int
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How the file was understood, and what became of each row.

    rows = created + updated + unchanged + merged + skipped + rejected. `merged` are rows about a lead that an
    earlier row of the same file was about already.
    """

    format: Source
    encoding: str
    delimiter: str
    header_line: int
    header: tuple[str, ...]
    columns: Mapping[str, str]
    """What each column was taken for: a field of the lead, or the key of a custom field."""
    rows: int
    created: int
    updated: int
    unchanged: int
    merged: int
    skipped: int
    skip_reasons: Mapping[str, int]
    rejected: tuple[RejectedRow, ...]
    warnings: tuple[str, ...]
    dry_run: bool

    @property
    def leads(self) -> int:
        """How many leads of the client the file speaks of."""
        return self.created + self.updated + self.unchanged


def import_leads(
    *,
    client: Client,
    stream: BinaryIO,
    filename: str,
    by: User | None,
    at: datetime,
    tags: Sequence[str] = (),
    dry_run: bool = False,
    include_filtered: bool = False,
    encoding: str = "",
    batch_size: int = BATCH_SIZE,
) -> ImportReport:
    """Create and update leads from a file. With `dry_run` the same is done and then undone.

    `include_filtered` takes rows that the exporting program marked as outside its search; `encoding` overrules
    what is found out. Raises LeadFileError if the file cannot be read or is no list of leads.
    """
    file = open_lead_file(stream, score=understood_columns, encoding=encoding)
    run = _Import(client, file, filename, tags=tags, include_filtered=include_filtered)
    if not dry_run:
        run.carry_out(batch_size)
        return _recorded(run.report(dry_run=False), client=client, filename=filename, by=by, at=at)
    with transaction.atomic():
        run.carry_out(batch_size)
        transaction.set_rollback(True)
    return run.report(dry_run=True)


def write_rejected(report: ImportReport, stream: TextIO) -> None:
    """Write the rejected rows as CSV, each after its line and reason, safe to open in a spreadsheet.

    The file can be imported again once it is corrected. Open it with `newline=""`.
    """
    writer = csv.writer(stream)
    writer.writerow([*REMARKS, *map(neutralised, report.header)])
    for row in report.rejected:
        writer.writerow([row.line, row.reason, *map(neutralised, row.cells)])


def _recorded(report: ImportReport, *, client: Client, filename: str, by: User | None, at: datetime) -> ImportReport:
    record(
        EventKind.LEADS_IMPORTED,
        at=at,
        actor=operator(by),
        client=client,
        filename=filename,
        format=str(report.format),
        rows=report.rows,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        merged=report.merged,
        skipped=report.skipped,
        rejected=len(report.rejected),
    )
    return report


def _lead_format(file: LeadFile) -> Format:
    found = detect(file.header)
    if found.refusal:
        raise LeadFileError(found.refusal)
    return found


def _longest_values() -> dict[str, int]:
    """How many characters each column of the lead keeps."""
    columns = (column for column in Lead._meta.concrete_fields if column.name in PERSON_FIELDS)
    return {column.name: column.max_length for column in columns if column.max_length}


class _Batch:
    """The leads of one transaction while rows have their effect on them in memory."""

    def __init__(self, known: KnownLeads) -> None:
        self.known = known
        self.rejected: list[RejectedRow] = []
        self._met: list[UUID] = []
        self._created: dict[UUID, Lead] = {}
        self._before: dict[UUID, tuple[Lead, dict[str, object]]] = {}
        self._changed: dict[UUID, set[str]] = {}

    def meet(self, lead: Lead, *, is_new: bool) -> None:
        """Note that the next row is about this lead, before it has its effect."""
        self._met.append(lead.pk)
        if is_new:
            self._created[lead.pk] = lead
        elif lead.pk not in self._created and lead.pk not in self._before:
            self._before[lead.pk] = lead, values_of(lead)

    def store(self) -> None:
        """Write everything with a few statements, however many leads there are."""
        self._changed = self._differences()
        Lead.objects.bulk_create(self._created.values())
        if self._changed:
            Lead.objects.bulk_create(
                [self._before[lead_id][0] for lead_id in self._changed],
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=[*sorted(set().union(*self._changed.values())), "company_key", "updated_at"],
            )

    def fates(self) -> Iterator[tuple[UUID, Fate]]:
        """For each row that was not rejected, which lead it was about and what became of that lead."""
        for lead_id in self._met:
            known = Fate.UPDATED if lead_id in self._changed else Fate.UNCHANGED
            yield lead_id, Fate.CREATED if lead_id in self._created else known

    def _differences(self) -> dict[UUID, set[str]]:
        """The known leads that are not what they were, and in which fields."""
        differing = {
            lead_id: {name for name, value in values_of(lead).items() if value != before[name]}
            for lead_id, (lead, before) in self._before.items()
        }
        return {lead_id: names for lead_id, names in differing.items() if names}


class _Import:
    """One file on its way into one client's leads."""

    def __init__(
        self, client: Client, file: LeadFile, filename: str, *, tags: Sequence[str], include_filtered: bool
    ) -> None:
        self._client = client
        self._file = file
        self._filename = filename
        self._tags = tuple(tag.strip() for tag in tags if tag.strip())
        self._format = _lead_format(file)
        self._reader = RowReader(
            self._format, file.header, include_filtered=include_filtered, longest=_longest_values()
        )
        self._labels = self._reader.labels
        self._named_keys = set(CustomField.objects.of(client).values_list("key", flat=True))
        self._tally = _Tally(warnings=list(file.warnings))

    def carry_out(self, batch_size: int) -> None:
        usable = self._usable_rows()
        while batch := list(islice(usable, batch_size)):
            self._tally.count(self._write(batch))

    def report(self, *, dry_run: bool) -> ImportReport:
        tally, fates = self._tally, Counter(self._tally.fates.values())
        return ImportReport(
            format=self._format.source,
            encoding=self._file.encoding,
            delimiter=self._file.delimiter,
            header_line=self._file.header_line,
            header=self._file.header,
            columns=self._reader.meaning_by_column,
            rows=tally.rows,
            created=fates[Fate.CREATED],
            updated=fates[Fate.UPDATED],
            unchanged=fates[Fate.UNCHANGED],
            merged=tally.merged,
            skipped=tally.skipped.total(),
            skip_reasons=dict(tally.skipped),
            rejected=tuple(sorted(tally.rejected, key=lambda row: row.line)),
            warnings=tuple(tally.all_warnings()),
            dry_run=dry_run,
        )

    def _usable_rows(self) -> Iterator[_Usable]:
        """The rows that speak of a lead. The others are counted on the way."""
        for row in self._file.rows():
            outcome = self._reader.to_lead(row)
            self._tally.meet(row, outcome)
            if isinstance(outcome, ParsedLead):
                yield row, outcome

    def _write(self, batch: list[_Usable]) -> _Batch:
        """Write one batch. A lead that somebody else adds at the same moment is found at the next try."""
        for _ in range(_TRIES - 1):
            try:
                return self._try_to_write(batch)
            except IntegrityError:
                continue
        return self._try_to_write(batch)

    @transaction.atomic
    def _try_to_write(self, rows: list[_Usable]) -> _Batch:
        # Imports of one client take turns, so that two of them cannot wait for each other's leads. This weaker
        # lock lets everybody else go on adding rows that refer to the client.
        Client.objects.select_for_update(no_key=True).get(pk=self._client.pk)
        batch = _Batch(KnownLeads(self._leads_like([parsed.person for _, parsed in rows])))
        for row, parsed in rows:
            self._take(batch, row, parsed)
        batch.store()
        self._name_custom_fields([parsed.custom for _, parsed in rows])
        return batch

    def _leads_like(self, persons: Sequence[Person]) -> Iterable[Lead]:
        """Leads of the client that share a key with any of these people, held against changes by others."""
        found = {lead_id for key in KEYS for lead_id in self._ids_with(key, persons)}
        return Lead.objects.filter(pk__in=found).order_by("id").select_for_update(no_key=True)

    def _ids_with(self, key: str, persons: Sequence[Person]) -> Iterable[UUID]:
        values = {getattr(person, key) for person in persons} - {""}
        found = Lead.objects.of(self._client).filter(**{f"{key}__in": values})
        # Said once more, so that the database may use the index that leaves blanks out.
        ids: Iterable[UUID] = found.exclude(**{key: ""}).order_by().values_list("pk", flat=True)
        return ids

    def _take(self, batch: _Batch, row: Row, parsed: ParsedLead) -> None:
        """Let one row have its effect on the leads in memory."""
        found = batch.known.match(parsed.person)
        if isinstance(found, Conflict):
            batch.rejected.append(RejectedRow(row.line, found.reason, row.cells))
            return
        lead = found or Lead(client=self._client, source=f"{self._filename[:270]}, line {row.line}")
        batch.meet(lead, is_new=found is None)
        merge(lead, parsed, self._tags)
        batch.known.add(lead)

    def _name_custom_fields(self, custom: Iterable[Mapping[str, str]]) -> None:
        """Make the keys that these leads carry known to the client's texts."""
        keys = {key for values in custom for key in values} - self._named_keys
        CustomField.objects.bulk_create(
            [CustomField(client=self._client, key=key, label=self._labels[key][:200]) for key in sorted(keys)],
            ignore_conflicts=True,
        )
        self._named_keys |= keys


@dataclass(slots=True)
class _Tally:
    """Counts what becomes of rows and leads."""

    rows: int = 0
    merged: int = 0
    fates: dict[UUID, Fate] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: list[RejectedRow] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unlisted_warnings: int = 0

    def meet(self, row: Row, outcome: ParsedLead | Rejection | Skipped) -> None:
        """Count a row as it is read."""
        self.rows += 1
        if isinstance(outcome, Skipped):
            self.skipped[outcome.reason] += 1
        elif isinstance(outcome, Rejection):
            self.rejected.append(RejectedRow(row.line, _full_reason(outcome), row.cells))
        else:
            self._warn(outcome.warnings)

    def count(self, batch: _Batch) -> None:
        """Count what a transaction has done. A lead stays what it first became, unless a later row changes it."""
        self.rejected.extend(batch.rejected)
        for lead_id, fate in batch.fates():
            before = self.fates.get(lead_id)
            self.merged += before is not None
            if before is None or (before, fate) == (Fate.UNCHANGED, Fate.UPDATED):
                self.fates[lead_id] = fate

    def all_warnings(self) -> Iterator[str]:
        yield from self.warnings
        if self.unlisted_warnings:
            yield f"{self.unlisted_warnings} further warnings are not listed."

    def _warn(self, warnings: Sequence[str]) -> None:
        free = max(0, MOST_WARNINGS - len(self.warnings))
        self.warnings.extend(warnings[:free])
        self.unlisted_warnings += len(warnings[free:])


def _full_reason(rejection: Rejection) -> str:
    return f"{rejection.column}: {rejection.reason}" if rejection.column else rejection.reason
