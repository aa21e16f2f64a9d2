"""What a tick costs when nothing can be sent: with ever more waiting walks, with capped ones, with dead rows.

Measured over ten minutes of ticks five seconds apart, so that every account's alarm rings a few times. Pages are those
of all reads of one such tick, as PostgreSQL counts them.
"""

import os
import re
from datetime import datetime, timedelta

import psycopg

from benchmarks import ground
from benchmarks.measuring import Figure, report, timed

ACCOUNTS = 20
SIZES = [int(size) for size in os.environ.get("BENCH_WAITING", "10000,1000000,5000000").split(",")]
TICKS, APART = 120, timedelta(seconds=5)
FAR = "timestamptz '2026-06-01'"


def ticks(at: datetime) -> float:
    """Seconds for ten minutes of ticks in which nothing may go out."""
    from benchmarks.instant import InstantProvider
    from campaigns.engine.executing import run_batch

    provider = InstantProvider()

    def tick_on() -> None:
        for number in range(TICKS):
            moment = at + number * APART
            assert run_batch(now=lambda: moment, client=provider) == 0, "something was sent"  # noqa: B023

    return timed(tick_on)


def pages(at: datetime) -> int:
    """Buffer pages that the reads of one tick touch, alarms having rung a moment ago."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from benchmarks.instant import InstantProvider
    from campaigns.engine.executing import run_batch

    run_batch(now=lambda: at, client=InstantProvider())
    with CaptureQueriesContext(connection) as captured:
        run_batch(now=lambda: at + timedelta(seconds=5), client=InstantProvider())
    reads = [query["sql"] for query in captured.captured_queries if re.match("SELECT .* FROM", query["sql"])]
    return sum(_pages_of(sql) for sql in reads)


def _pages_of(sql: str) -> int:
    plan = ground.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")[0][0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


class Later:
    """Each measurement in ten minutes of its own: alarms are set into the future."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def next(self) -> datetime:
        self.at += timedelta(hours=1)
        return self.at


def side_by_side(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


def main() -> None:
    from benchmarks import population
    from campaigns.models import Enrollment
    from integrations.models import Account, Usage

    here = population.place("Waiting")
    owners = population.accounts(here, ACCOUNTS)
    template = population.walks(here, owners[:1], due_at=population.AT + timedelta(days=90))[0]
    some = "(ARRAY[" + ",".join(f"'{owner.pk}'" for owner in owners) + f"]::uuid[])[1 + n % {ACCOUNTS}]"
    own: dict[str, str] = {"id": "gen_random_uuid()", "lead_id": "gen_random_uuid()", "next_account_id": some}
    own |= {"account_id": some, "next_action_at": f"{FAR} + n * interval '1 second'"}
    later, found, touched = Later(population.AT), {}, {}
    reached = 1
    for size in SIZES:
        population.copies(Enrollment, template, size - reached, **own)
        reached = size
        ground.settle()
        found[size] = side_by_side([ticks(later.next()) for _ in range(3)])
        touched[size] = pages(later.next())
        print(f"{size:>9,} waiting: {found[size] / TICKS * 1000:.2f} ms a tick, {touched[size]} pages", flush=True)
    least, most = found[SIZES[0]], found[SIZES[-1]]
    report(
        Figure(
            f"idle tick, {SIZES[-1]:,} / {SIZES[0]:,} waiting",
            most / least,
            "<= 1.3",
            most / least <= 1.3,
            f"{most / TICKS * 1000:.2f} ms",
            f"{least / TICKS * 1000:.2f} ms",
        ),
        Figure("pages of an idle tick", touched[SIZES[-1]], "<= 8", touched[SIZES[-1]] <= 8, "", ""),
    )
    ground.run("TRUNCATE campaigns_enrollment CASCADE")
    template = population.walks(here, owners[:1], due_at=population.AT + timedelta(days=90))[0]
    population.copies(Enrollment, template, 100_000, **own)
    ground.settle()
    idle = side_by_side([ticks(later.next()) for _ in range(3)])

    # 100,000 walks are due, and every account has used its day.
    ground.run("UPDATE campaigns_enrollment SET next_action_at = %s", population.LONG_AGO)
    Account.objects.update(invitations_per_day=1)
    days = [(later.at + timedelta(days=number)).date() for number in range(-1, 3)]
    Usage.objects.bulk_create(
        Usage(account=owner, action="invitation", day=day, cap=1, used=1) for owner in owners for day in days
    )
    ground.settle()
    capped = side_by_side([ticks(later.next()) for _ in range(3)])

    # Half of them have just been moved, and somebody's old transaction still sees them where they were.
    ground.run(f"UPDATE campaigns_enrollment SET next_action_at = {FAR}")
    Account.objects.update(invitations_per_day=1_000_000)
    Usage.objects.all().delete()
    ground.run("UPDATE campaigns_enrollment SET next_action_at = %s", population.LONG_AGO)
    ground.settle()
    with psycopg.connect(ground.address()) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM campaigns_enrollment")
        ground.run(
            f"UPDATE campaigns_enrollment SET next_action_at = {FAR} WHERE id IN "
            "(SELECT id FROM campaigns_enrollment LIMIT 50000)"
        )
        ground.run("UPDATE campaigns_enrollment SET state = 'paused' WHERE next_action_at = %s", population.LONG_AGO)
        dead = side_by_side([ticks(later.next()) for _ in range(3)])
    report(
        _against("tick with 100,000 due but capped / idle", capped, idle, 1.5),
        _against("tick with 50,000 dead rows / idle", dead, idle, 3.0),
    )


def _against(name: str, found: float, floor: float, most: float) -> Figure:
    told = f"{found / TICKS * 1000:.2f} ms", f"{floor / TICKS * 1000:.2f} ms"
    return Figure(name, found / floor, f"<= {most:g}", found / floor <= most, *told)


if __name__ == "__main__":
    ground.set_up()
    main()
