"""How many messages the broker carries for a thousand steps."""

from benchmarks import ground
from benchmarks.measuring import Figure, report

STEPS = 1000


def main() -> None:
    from celery.signals import before_task_publish

    from benchmarks import population
    from benchmarks.instant import InstantProvider
    from campaigns import tasks
    from campaigns.models import StepExecution
    from outreach import clock

    here = population.place("Messages")
    population.walks(here, population.accounts(here, STEPS))
    tasks.provider_client = InstantProvider
    published: list[str] = []

    def note(sender: str, **_: object) -> None:
        published.append(sender)

    before_task_publish.connect(note)
    bells = 0
    with clock.frozen(population.AT):
        while StepExecution.objects.filter(outcome="sent").count() < STEPS:
            bells += 1
            assert tasks.tick(), "nothing moved"
    count = bells + len(published)
    report(Figure("broker messages per 1,000 steps", count, "<= 20", count <= 20, "", ""))


if __name__ == "__main__":
    ground.set_up()
    main()
