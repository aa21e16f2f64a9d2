"""What the demo says at its end: leads by status, sends by day, and whether a law was broken."""

from collections import Counter
from collections.abc import Iterable, Sequence

from campaigns.demo.judging import Entry, Violation
from campaigns.models import Enrollment
from integrations.models import Dispatch
from outreach.clients.models import Client

LAWS = {1: "never twice", 2: "silence after a reply", 3: "only in working time", 4: "never over a limit"}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as their widest cell; numbers to the right."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[column]) for line in [list(head), *lines]) for column in range(len(head))]
    drawn = [_line(head, widths), "  ".join("─" * width for width in widths)]
    return "\n".join([*drawn, *(_line(line, widths) for line in lines)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if cell.isdigit() else cell.ljust(width) for cell, width in zip(cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def leads_by_status() -> str:
    clients = list(Client.objects.all())
    counts = Counter((row.client_id, row.status) for row in Enrollment.objects.all())
    statuses = sorted({status for _, status in counts})
    rows = [[status, *(counts[(client.pk, status)] for client in clients)] for status in statuses]
    return table(["Leads", *(client.name for client in clients)], rows)


def sends_by_day(ledger: list[Entry]) -> str:
    counts = Counter((entry.at.date(), entry.kind) for entry in ledger)
    days = sorted({day for day, _ in counts})
    rows = [[f"{day:%a %d %b}", counts[(day, "invitation")], counts[(day, "message")]] for day in days]
    total = Counter(entry.kind for entry in ledger)
    return table(["Sent", "Invitations", "Messages"], [*rows, ["Total", total["invitation"], total["message"]]])


def laws(found: list[Violation]) -> str:
    counts = Counter(violation.law for violation in found)
    return table(["Law", "Violations"], [[f"{law}. {name}", counts[law]] for law, name in LAWS.items()])


def books(ledger: list[Entry]) -> str:
    """Whether what we believe to have sent is what arrived."""
    ours = Dispatch.objects.filter(state=Dispatch.State.SENT).count()
    open_ones = Dispatch.objects.filter(state__in=(Dispatch.State.SENDING, Dispatch.State.UNKNOWN)).count()
    return f"Sent by our books: {ours}; received by the sandbox: {len(ledger)}; still being settled: {open_ones}"


def report(ledger: list[Entry], found: list[Violation]) -> str:
    parts = [leads_by_status(), sends_by_day(ledger), laws(found), *(f"  law {v.law}: {v.words}" for v in found[:20])]
    return "\n\n".join([*parts, books(ledger)])
