"""A provider that is down is left alone, by all workers together, and tried out with one call."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from integrations import breaker
from integrations.account_care import refresh_all
from integrations.errors import OURS, ProviderError, Verdict
from integrations.models import Account, ProviderHealth
from integrations.polling import poll_due
from outreach import clock
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests.bench import INVITE, Bench
from tests.worlds import make_user

pytestmark = pytest.mark.django_db


def opened(bench: Bench, times: int = breaker.TOLERATED) -> ProviderHealth:
    for _ in range(times):
        breaker.note_failure(at=bench.at, detail="no answer")
    return ProviderHealth.objects.get()


def test_calls_that_fail_together_open_the_circuit_once_and_for_the_first_short_rest() -> None:
    bench = Bench()
    health = opened(bench, times=10)
    assert health.opens_at == bench.at + breaker.FIRST_REST
    told = Event.objects.get(kind="circuit_opened")
    assert (told.data["detail"], told.data["until"]) == ("no answer", health.opens_at.isoformat())


def test_each_trial_that_fails_doubles_the_rest_and_an_answer_ends_the_row() -> None:
    bench = Bench()
    rests = []
    opened(bench)
    for _ in range(7):
        health = ProviderHealth.objects.get()
        rests.append(health.opens_at - bench.at)
        bench.at = health.opens_at
        breaker.note_failure(at=bench.at, detail="no answer")
    assert rests == [timedelta(minutes=minutes) for minutes in (2, 4, 8, 16, 32, 60, 60)]
    bench.at = ProviderHealth.objects.get().opens_at
    breaker.note_success()
    assert opened(bench).opens_at == bench.at + breaker.FIRST_REST


def test_when_the_rest_is_over_one_call_alone_finds_out() -> None:
    bench = Bench()
    bench.unhurried()
    bench.campaign(bench.leads(3), INVITE, accounts=[bench.account, bench.free])
    opened(bench)
    bench.wait(minutes=1)
    assert bench.tick() == 0
    bench.wait(minutes=2)
    others: list[int] = []

    def another_worker(name: str) -> None:
        if name == "after_reserve" and not others:
            others.append(-1)
            others[0] = bench.tick()

    with observed_by(another_worker):
        assert bench.tick() == 1
    assert others == [0]
    bench.wait(minutes=1)
    assert bench.tick() == 2


def test_a_trial_that_was_lost_with_its_worker_is_made_again() -> None:
    bench = Bench()
    opened(bench)
    bench.wait(minutes=3)
    assert breaker.room(bench.at) == 1
    breaker.note_probe(bench.at)
    assert breaker.room(bench.at) == 0
    bench.wait(minutes=6)
    assert breaker.room(bench.at) == 1


@pytest.mark.parametrize(
    ("problem", "counts"),
    [
        (ProviderError(Verdict.RETRY_LATER, title="no answer"), True),
        (ProviderError(Verdict.UNKNOWN, status=504), True),
        (ProviderError(Verdict.RETRY_LATER, status=503, type="errors/service_unavailable"), True),
        (ProviderError(Verdict.RETRY_LATER, status=503, type="errors/no_client_session"), False),
        (ProviderError(Verdict.RETRY_LATER, status=429, type="errors/too_many_requests"), False),
        (ProviderError(Verdict.INVALID, title="No id was given"), False),
        (ProviderError(Verdict.UNKNOWN, type=OURS, title="stood still"), False),
    ],
)
def test_what_lies_with_one_account_or_with_us_says_nothing_of_the_provider(
    problem: ProviderError, counts: bool
) -> None:
    assert breaker.speaks_of_the_provider(problem) is counts


def test_one_account_that_is_told_to_slow_down_stops_no_other() -> None:
    bench = Bench()
    bench.unhurried()
    bench.campaign(bench.leads(8), INVITE)
    bench.faults(rate_limit=1)
    for _ in range(8):
        bench.tick()
        bench.wait(minutes=1)
    assert breaker.is_closed(bench.at)


def test_a_provider_that_is_down_is_not_read_either_and_reading_finds_out() -> None:
    bench = Bench()
    asked: list[str] = []
    real = bench.provider.account
    bench.provider.account = lambda key: asked.append(key) or real(key)  # type: ignore[assignment,func-returns-value,method-assign]
    opened(bench)
    assert poll_due(at=bench.at, client=bench.provider) == 0
    assert refresh_all(bench.provider, at=bench.at) == 0
    assert asked == []
    bench.wait(minutes=3)
    assert poll_due(at=bench.at, client=bench.provider) == 2
    assert ProviderHealth.objects.get().failures_in_a_row == 0


def test_readings_without_an_answer_open_the_circuit_too() -> None:
    bench = Bench()

    def silence(*args: object, **options: object) -> object:
        raise ProviderError(Verdict.RETRY_LATER, title="no answer")

    bench.provider.messages = silence  # type: ignore[assignment,method-assign]
    for _ in range(4):
        Account.objects.update(messages_poll_at=bench.at)
        poll_due(at=bench.at, client=bench.provider)
    assert not breaker.is_closed(bench.at)


def test_an_account_that_one_worker_reads_is_read_by_no_other() -> None:
    bench = Bench()
    inside: list[int] = []
    real = bench.provider.messages

    def messages(*args: object, **options: object) -> object:
        inside.append(poll_due(at=bench.at, client=bench.provider) if not inside else -1)
        return real(*args, **options)  # type: ignore[arg-type]

    bench.provider.messages = messages  # type: ignore[assignment,method-assign]
    Account.objects.filter(pk=bench.free.pk).update(status="credentials")
    assert poll_due(at=bench.at, client=bench.provider) == 1
    assert inside == [0]


def test_a_slow_round_ends_in_time_and_the_next_goes_on_where_it_ended() -> None:
    bench = Bench()
    assert poll_due(at=bench.at, client=bench.provider, seconds=-1) == 0
    assert poll_due(at=bench.at, client=bench.provider) == 2


def test_the_circuit_is_shown_and_closed_by_a_command() -> None:
    bench = Bench()

    def said(*words: str) -> str:
        out = StringIO()
        with clock.frozen(bench.at):
            call_command("circuit", *words, stdout=out)
        return out.getvalue()

    assert said() == "unipile answers\n"
    opened(bench)
    assert said() == "unipile does not answer and is not called until Mon 02 Mar 09:32 UTC: no answer\n"
    with pytest.raises(CommandError, match="there is unipile"):
        said("--close", "unipyle")
    assert said("--close", "unipile") == "unipile answers\n"
    assert Event.objects.filter(kind="circuit_closed").count() == 1


def test_the_circuit_is_shown_and_closed_by_the_api() -> None:
    from tests.api.tenants import calling_as

    bench = Bench()
    opened(bench)
    operator = calling_as(make_user("olga", is_superuser=True))
    with clock.frozen(bench.at):
        (shown,) = operator.get("/api/v1/engine/").json()["providers"]
        assert (shown["provider"], shown["state"], shown["failures_in_a_row"]) == ("unipile", "open", 5)
        agent = calling_as(make_user("nora", client=bench.client, role="admin"))
        assert agent.post("/api/v1/engine/close-circuit/", {}).status_code == 403
        answer = operator.post("/api/v1/engine/close-circuit/", {})
        assert answer.json()["providers"][0]["state"] == "closed"
    assert breaker.room(bench.at) is None
