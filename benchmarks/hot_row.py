"""Eight workers that take from one account's quota, against eight that take from rows of their own.

The cap is lower than what they ask for: not one reservation may be too many.
"""

import os
import time
from multiprocessing import get_context
from typing import Any

from benchmarks import ground
from benchmarks.measuring import Figure, median_ratio, per_second, report

WORKERS = 8
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
EACH = int(os.environ.get("BENCH_RESERVATIONS", "40000")) // WORKERS // ROUNDS


def take(account: str, barrier: Any, answers: Any) -> None:
    ground.set_up()
    from django.db import connection, transaction

    from benchmarks.population import AT
    from integrations.dispatching import CapUsed, take_quota
    from integrations.models import Account

    row = Account.objects.get(pk=account)
    connection.ensure_connection()
    barrier.wait()
    began, taken = time.perf_counter(), 0
    for _ in range(EACH):
        try:
            with transaction.atomic():
                take_quota(row, "message", AT)
                taken += 1
        except CapUsed:
            pass
    answers.put((time.perf_counter() - began, taken))


def race(accounts: list[Any]) -> tuple[float, int]:
    """Seconds, and how many reservations were granted."""
    context = get_context("spawn")
    barrier, answers = context.Barrier(WORKERS), context.Queue()
    chosen = [accounts[number % len(accounts)] for number in range(WORKERS)]
    processes = [context.Process(target=take, args=(str(each.pk), barrier, answers)) for each in chosen]
    for process in processes:
        process.start()
    told = [answers.get(timeout=600) for _ in processes]
    for process in processes:
        process.join()
    return max(seconds for seconds, _ in told), sum(taken for _, taken in told)


def main() -> None:
    from benchmarks import population
    from integrations.models import Usage

    here = population.place("Hot")
    cap = EACH * WORKERS * ROUNDS * 3 // 4
    pairs, overruns = [], 0
    hot = population.accounts(here, 1, messages_per_day=cap, messages_per_week=cap)
    granted = 0
    for _ in range(ROUNDS):
        spread, _ = race(population.accounts(here, WORKERS, messages_per_day=cap, messages_per_week=cap))
        contended, taken = race(hot)
        granted += taken
        pairs.append((spread, contended))
    used = Usage.objects.get(account=hot[0], action="message").used
    overruns = max(0, granted - cap, used - cap) + abs(used - granted)
    ratio = median_ratio([(1 / contended, 1 / spread) for spread, contended in pairs])
    asked = EACH * WORKERS * ROUNDS
    speeds = per_second(EACH * WORKERS, pairs[0][1]), per_second(EACH * WORKERS, pairs[0][0])
    report(
        Figure("one hot row / spread rows, 8 workers", ratio, ">= 0.6", ratio >= 0.6, *speeds),
        Figure("reservations too many", overruns, "= 0", overruns == 0, f"{asked:,} asked, {granted:,} granted", ""),
    )


if __name__ == "__main__":
    ground.set_up()
    main()
