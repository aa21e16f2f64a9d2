"""A worker's memory after many steps against its memory after some: nothing may pile up."""

import gc
import os
from pathlib import Path

from benchmarks import ground
from benchmarks.measuring import Figure, report

FEW = int(os.environ.get("BENCH_FEW_STEPS", "1000"))
MANY = int(os.environ.get("BENCH_MANY_STEPS", "5000"))
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> float:
    """Megabytes that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def main() -> None:
    from benchmarks import population
    from benchmarks.instant import InstantProvider
    from campaigns.engine.executing import run_batch

    here, provider = population.place("Memory"), InstantProvider()

    def steps(number: int) -> None:
        for _ in range(0, number, 500):
            population.walks(here, population.accounts(here, 500))
            while run_batch(now=lambda: population.AT, client=provider):
                pass

    steps(FEW)
    after_few = resident()
    steps(MANY - FEW)
    after_many = resident()
    ratio = after_many / after_few
    told = f"{after_many:.0f} MB after {MANY:,}", f"{after_few:.0f} MB after {FEW:,}"
    report(Figure("memory of a worker", ratio, "<= 1.1", ratio <= 1.1, *told))


if __name__ == "__main__":
    ground.set_up()
    main()
