"""Decisions a second of the planning core on one core: the gate, and the next appointment."""

import random

from benchmarks import ground
from benchmarks.measuring import Figure, per_second, report, timed

DECISIONS, WANTED = 100_000, 50_000


def main() -> None:
    from datetime import timedelta

    from benchmarks import population
    from benchmarks.population import AT
    from campaigns.planning.decisions import ActionKind
    from campaigns.planning.gate import AccountStatus, EnrollmentState, Facts, decide

    hours = population.place("Planning").campaign.hours()
    draw = random.Random(1)
    facts = [
        Facts(
            action=draw.choice([ActionKind.INVITATION, ActionKind.MESSAGE]),
            hours=hours,
            engine_on=True,
            client_active=True,
            campaign_active=draw.random() < 0.9,
            enrollment_state=EnrollmentState.ACTIVE,
            due_at=AT + timedelta(minutes=draw.randint(-60, 60)),
            has_identifier=True,
            is_connected=draw.choice([None, True]),
            account_exists=True,
            account_status=AccountStatus.OK,
            account_paused=draw.random() < 0.1,
            needs_fresh_inbound=True,
            inbound_read_at=AT - timedelta(minutes=draw.randint(0, 100)),
            inbound_max_age=timedelta(minutes=90),
            cap=20,
            used=draw.randint(0, 20),
            day_zone="Europe/London",
            next_slot_at=AT - timedelta(seconds=draw.randint(-60, 60)),
        )
        for _ in range(1000)
    ]

    def decide_all() -> None:
        for number in range(DECISIONS):
            one = facts[number % 1000]
            decide("step", one.action, one, AT)

    seconds = min(timed(decide_all) for _ in range(3))
    rate = DECISIONS / seconds
    report(
        Figure(
            "planning core / 50,000 decisions a second",
            rate / WANTED,
            ">= 1",
            rate >= WANTED,
            per_second(DECISIONS, seconds),
            "",
        )
    )


if __name__ == "__main__":
    ground.set_up()
    main()
