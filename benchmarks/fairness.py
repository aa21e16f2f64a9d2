"""One due step of a client, behind a million due rows of another: how many ticks until it goes out."""

import os
from datetime import timedelta
from typing import Any

from benchmarks import ground
from benchmarks.measuring import Figure, report

ROWS = int(os.environ.get("BENCH_DUE", "1000000"))
ACCOUNTS = 100
BATCHES_PER_TICK = 20


def main() -> None:
    from benchmarks import population
    from benchmarks.instant import InstantProvider
    from campaigns.engine.executing import run_batch
    from campaigns.models import Enrollment
    from integrations.models import Account

    crowd, single = population.place("Crowd"), population.place("Single")
    owners = population.accounts(crowd, ACCOUNTS, spacing_min_seconds=10, spacing_max_seconds=10)
    population.walks(crowd, owners, each=10)
    template = population.walks(crowd, owners[:1])[0]
    some = "(ARRAY[" + ",".join(f"'{owner.pk}'" for owner in owners) + f"]::uuid[])[1 + n % {ACCOUNTS}]"
    # Later than those with real leads, which are enough for the run.
    own = {"id": "gen_random_uuid()", "lead_id": "gen_random_uuid()", "next_account_id": some, "account_id": some}
    own["next_action_at"] = f"timestamptz '{population.LONG_AGO.isoformat()}' + interval '1 minute'"
    population.copies(Enrollment, template, ROWS, **own)
    ground.settle()
    at, provider = population.AT, InstantProvider()

    def tick() -> int:
        done = 0
        for _ in range(BATCHES_PER_TICK):
            taken = run_batch(now=lambda: at, client=provider)
            done += taken
            if not taken:
                break
        return done

    waits: list[int] = []
    for _ in range(3):
        at += timedelta(minutes=1)
        tick()
        at += timedelta(minutes=1)
        owner: Any = population.accounts(single, 1)[0]
        walk = population.walks(single, [owner], due_at=at)[0]
        Account.objects.filter(pk=owner.pk).update(next_look_at=at)
        ticks = 0
        while Enrollment.objects.get(pk=walk.pk).next_action == "invitation" and ticks < 50:
            tick()
            ticks += 1
            at += timedelta(seconds=20)
        waits.append(ticks)
    report(Figure("ticks behind another client's rows", max(waits), "<= 2", max(waits) <= 2, f"{ROWS:,} rows due", ""))


if __name__ == "__main__":
    ground.set_up()
    main()
