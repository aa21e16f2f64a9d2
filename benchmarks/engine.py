"""Steps a second with a provider that answers at once: the engine, bare psycopg, and the plain ORM, in turns.

Two worker processes each, groups of ten. After every round the books are compared: one dispatch, one execution and
one event for each walk, none left due.
"""

import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

from benchmarks import ground
from benchmarks.measuring import Figure, median_ratio, per_second, report

GROUP, WORKERS = 10, 2
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
STEPS = int(os.environ.get("BENCH_STEPS", "1500"))
PLAIN_STEPS = max(100, STEPS // 6)


def work(kind: str, barrier: Any, answers: Any) -> None:
    """One worker process: ready, set, go; tells its seconds and its steps."""
    import time

    ground.set_up()
    from django.db import connection

    from benchmarks.population import AT

    connection.ensure_connection()
    barrier.wait()
    began = time.perf_counter()
    done = CONTESTANTS[kind](AT)
    answers.put((time.perf_counter() - began, done))


def by_engine(at: Any) -> int:
    from benchmarks.instant import InstantProvider
    from campaigns.engine.executing import run_batch

    provider, done = InstantProvider(), 0
    while taken := run_batch(now=lambda: at, client=provider, limit=GROUP):
        done += taken
    return done


def by_psycopg(at: Any) -> int:
    from benchmarks.raw_steps import carry_out

    return carry_out(ground.address(), at=at, group=GROUP)


def by_plain_orm(at: Any) -> int:
    from benchmarks.plain_orm import carry_out

    return carry_out(at=at, most=PLAIN_STEPS)


CONTESTANTS: dict[str, Callable[[Any], int]] = {"engine": by_engine, "psycopg": by_psycopg, "plain": by_plain_orm}


def race(kind: str, steps: int) -> float:
    """Seconds per step of two workers that share so many due steps."""
    from benchmarks import population

    population.walks(HERE, population.accounts(HERE, steps))
    ground.run("ANALYZE")
    context = get_context("spawn")
    barrier, answers = context.Barrier(WORKERS), context.Queue()
    processes = [context.Process(target=work, args=(kind, barrier, answers)) for _ in range(WORKERS)]
    for process in processes:
        process.start()
    told = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    _compare_books(steps)
    return float(max(seconds for seconds, _ in told) / steps)


def _compare_books(steps: int) -> None:
    """Nothing lost, nothing doubled, nothing left due."""
    from campaigns.models import Enrollment, StepExecution
    from integrations.models import Dispatch
    from outreach.events.models import Event

    walks = Enrollment.objects.count()
    counts = {
        "due": Enrollment.objects.filter(next_account__isnull=False).count(),
        "dispatches": Dispatch.objects.filter(state="sent").count() - walks,
        "executions": StepExecution.objects.filter(outcome="sent").count() - walks,
        "events": Event.objects.filter(kind="connection_request_sent").count() - walks,
    }
    if any(counts.values()):
        sys.exit(f"The books do not agree after {steps} steps: {counts}")


HERE: Any = None


def main() -> None:
    global HERE
    from benchmarks import population

    HERE = population.place("Engine")
    race("engine", 4 * GROUP)  # warm, and the template rows of the floor
    raw, plain, speeds = [], [], []
    for _ in range(ROUNDS):
        floor, ours, slow = race("psycopg", STEPS), race("engine", STEPS), race("plain", PLAIN_STEPS)
        raw.append((floor, ours))
        plain.append((slow, ours))
        speeds.append((floor, ours, slow))
    floor, ours, slow = speeds[len(speeds) // 2]
    told = {"found": per_second(1, ours), "floor": per_second(1, floor)}
    against_raw, against_plain = median_ratio(raw), median_ratio(plain)
    report(
        Figure("engine / bare psycopg", against_raw, ">= 0.5", against_raw >= 0.5, **told),
        Figure(
            "engine / plain ORM", against_plain, ">= 10", against_plain >= 10, per_second(1, ours), per_second(1, slow)
        ),
    )


if __name__ == "__main__":
    ground.set_up()
    main()
