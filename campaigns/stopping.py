"""Stop means stop (law 5): the engine, a client, an account, a campaign, a lead; and starting again.

When one of the pausing functions has returned, no further provider call starts for what it paused. It waits at the
turnstile until nobody is reserving or confirming steps, writes the pause, and then gives the calls that were
confirmed before it the few seconds that they have to begin. What it returns is what was in flight.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.calendars import hours_for
from campaigns.engine.turnstile import shut
from campaigns.engine.walking import leave, release, replan, start, steps_of, subject_of
from campaigns.enrolling import start_scheduled
from campaigns.models import Campaign, EngineState, Enrollment
from integrations.models import Account, Dispatch, Sender
from outreach.clients.models import Client, User
from outreach.clients.querysets import ClientOwnedQuerySet
from outreach.clock import rest, stopwatch
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record

InFlight = tuple[Dispatch, ...]
PAUSE_BETWEEN_LOOKS = 0.05  # seconds
State = Enrollment.State


def engine_is_on() -> bool:
    return not EngineState.objects.filter(stopped_at__isnull=False).exists()


def stop_engine(*, by: User | None, at: datetime) -> InFlight:
    """Nothing automatic is sent any more, for any client, until `start_engine`."""
    with transaction.atomic():
        shut()
        EngineState.objects.update_or_create(pk=1, defaults={"stopped_at": at, "stopped_by": operator(by)})
        flying = _in_flight()
        record(EventKind.ENGINE_STOPPED, at=at, actor=operator(by), in_flight=_ids(flying))
    return _begun(flying)


def start_engine(*, by: User | None, at: datetime) -> None:
    with transaction.atomic():
        EngineState.objects.update_or_create(pk=1, defaults={"stopped_at": None, "stopped_by": ""})
        Account.objects.ring(at)
        record(EventKind.ENGINE_STARTED, at=at, actor=operator(by))


def pause_client(*, client: Client, by: User | None, at: datetime) -> InFlight:
    with transaction.atomic():
        shut()
        Client.objects.filter(pk=client.pk, paused_at__isnull=True).update(paused_at=at)
        client.refresh_from_db(fields=["paused_at"])
        flying = _in_flight(client=client)
        record(EventKind.CLIENT_PAUSED, at=at, actor=operator(by), client=client, in_flight=_ids(flying))
    return _begun(flying)


def resume_client(*, client: Client, by: User | None, at: datetime) -> None:
    with transaction.atomic():
        Client.objects.filter(pk=client.pk).update(paused_at=None)
        Account.objects.filter(client=client).ring(at)
        client.paused_at = None
        record(EventKind.CLIENT_RESUMED, at=at, actor=operator(by), client=client)


def pause_account(*, account: Account, by: User | None, at: datetime) -> InFlight:
    with transaction.atomic():
        shut()
        Account.objects.filter(pk=account.pk, paused_at__isnull=True).update(paused_at=at)
        account.refresh_from_db(fields=["paused_at"])
        flying = _in_flight(account=account)
        about = Subject(client_id=account.client_id, account_id=account.pk)
        record(EventKind.ACCOUNT_PAUSED, at=at, actor=operator(by), subject=about, in_flight=_ids(flying))
    return _begun(flying)


def resume_account(*, account: Account, by: User | None, at: datetime) -> None:
    """Also lifts LinkedIn's restriction once the owner has settled it: the next status poll tells the truth."""
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(paused_at=None, next_look_at=at)
        restricted = Account.objects.filter(pk=account.pk, status=Account.Status.RESTRICTED)
        restricted.update(status=Account.Status.CONNECTING)
        account.refresh_from_db(fields=["paused_at", "status"])
        about = Subject(client_id=account.client_id, account_id=account.pk)
        record(EventKind.ACCOUNT_RESUMED, at=at, actor=operator(by), subject=about)


def pause_sender(*, sender: Sender, by: User | None, at: datetime) -> InFlight:
    """Every account of a person: nothing goes out in their name."""
    flying: list[Dispatch] = []
    for account in sender.accounts.filter(paused_at__isnull=True):
        flying += pause_account(account=account, by=by, at=at)
    return tuple(flying)


def resume_sender(*, sender: Sender, by: User | None, at: datetime) -> None:
    for account in sender.accounts.filter(paused_at__isnull=False):
        resume_account(account=account, by=by, at=at)


def pause_campaign(*, campaign: Campaign, by: User | None, at: datetime) -> InFlight:
    """Raises ValidationError unless the campaign is active."""
    with transaction.atomic():
        shut()
        _move(campaign, expected=Campaign.Status.ACTIVE, to=Campaign.Status.PAUSED)
        flying = _in_flight(execution__enrollment__campaign=campaign)
        record(EventKind.CAMPAIGN_PAUSED, at=at, actor=operator(by), subject=_about(campaign), in_flight=_ids(flying))
    return _begun(flying)


def resume_campaign(*, campaign: Campaign, by: User | None, at: datetime) -> None:
    """Raises ValidationError unless the campaign is paused."""
    with transaction.atomic():
        _move(campaign, expected=Campaign.Status.PAUSED, to=Campaign.Status.ACTIVE)
        record(EventKind.CAMPAIGN_RESUMED, at=at, actor=operator(by), subject=_about(campaign))
        start_scheduled(campaign=campaign, at=at, actor=operator(by))
        Account.objects.filter(enrollments__campaign=campaign).ring(at)


def pause_enrollment(*, enrollment: Enrollment, by: User | None, at: datetime) -> InFlight:
    """Raises ValidationError when the lead is not under way in the campaign."""
    with transaction.atomic():
        shut()
        walking = Enrollment.objects.filter(pk=enrollment.pk).walking()
        if not walking.update(state=State.PAUSED):
            raise ValidationError(f"{enrollment} is {enrollment.get_state_display().lower()}; it cannot be paused.")
        enrollment.refresh_from_db()
        flying = _in_flight(execution__enrollment=enrollment)
        about = subject_of(enrollment)
        record(EventKind.ENROLLMENT_PAUSED, at=at, actor=operator(by), subject=about, in_flight=_ids(flying))
    return _begun(flying)


def resume_enrollment(*, enrollment: Enrollment, by: User | None, at: datetime) -> None:
    """Raises ValidationError unless the lead is paused. A step in flight is left to finish."""
    with transaction.atomic():
        row = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
        if row.state != State.PAUSED:
            raise ValidationError(f"{enrollment} is {row.get_state_display().lower()}, not paused.")
        record(EventKind.ENROLLMENT_RESUMED, at=at, actor=operator(by), subject=subject_of(row))
        if row.started_at is None:
            start(row, steps=steps_of(row), hours=hours_for(row.campaign, row.lead), at=at, actor=operator(by))
        else:
            row.state = State.ACTIVE
            row.save(update_fields=["state"])
            if not row.held_because and not row.is_flying:
                replan(row, at=at, actor=operator(by))
        enrollment.refresh_from_db()


def release_enrollment(*, enrollment: Enrollment, by: User | None, at: datetime) -> None:
    """Try a held lead again: the gate looks at it anew. Raises ValidationError when nothing holds it."""
    with transaction.atomic():
        row = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
        if not row.held_because or row.state != State.ACTIVE:
            raise ValidationError(f"{enrollment} is not held.")
        release(row, steps=steps_of(row), hours=hours_for(row.campaign, row.lead), at=at, actor=operator(by))
        enrollment.refresh_from_db()


def stop_enrollment(*, enrollment: Enrollment, by: User | None, at: datetime, detail: str = "") -> InFlight:
    """Take a lead out of a campaign for good. Raises ValidationError when it is out already."""
    with transaction.atomic():
        shut()
        row = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
        if not row.is_open:
            raise ValidationError(f"{enrollment} is already {row.get_state_display().lower()}.")
        flying = _in_flight(execution__enrollment=row)
        leave(row, Enrollment.ExitReason.STOPPED_BY_HAND, at=at, actor=operator(by), detail=detail)
        enrollment.refresh_from_db()
    return _begun(flying)


def _move(campaign: Campaign, *, expected: Campaign.Status, to: Campaign.Status) -> None:
    if not Campaign.objects.filter(pk=campaign.pk, status=expected).update(status=to):
        campaign.refresh_from_db(fields=["status"])
        raise ValidationError(f"{campaign} is {campaign.get_status_display().lower()}, not {expected.label.lower()}.")
    campaign.status = to


def _about(campaign: Campaign) -> Subject:
    return Subject(client_id=campaign.client_id, campaign_id=campaign.pk)


def _begun(flying: InFlight) -> InFlight:
    """Wait until each confirmed call has begun or is over: after `CALL_WITHIN` it does not begin any more."""
    started = stopwatch()
    confirmed = [dispatch.pk for dispatch in flying if dispatch.called_at is not None]
    while confirmed and stopwatch() - started < settings.STOP_WAITS_SECONDS:
        if not Dispatch.objects.in_flight().filter(pk__in=confirmed).exists():
            break
        rest(PAUSE_BETWEEN_LOOKS)
    return flying


def _in_flight(**of: Any) -> InFlight:
    rows: ClientOwnedQuerySet = Dispatch.objects.in_flight().filter(**of).select_related("account")
    return tuple(rows)


def _ids(dispatches: InFlight) -> list[str]:
    return [str(dispatch.pk) for dispatch in dispatches]
