"""Law 4: caps of a day, a week and a month, ramp-up, reduced weekends, spacing, new leads a day, pending ceiling."""

from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING

from campaigns.models import Enrollment
from integrations.models import Account, Dispatch, Usage
from tests.simulation.entries import Entry

if TYPE_CHECKING:
    from tests.simulation.judge import Judge

# What the owner or a lost hour has done of these is found again at the provider, and counted.
FOUND_AGAIN = ("message",)
LIVE = ("sending", "sent", "unknown")


def judge(court: "Judge", entry: Entry) -> None:
    mine = [each for each in court.entries if each.account is entry.account and _counts(each)]
    _within_caps(court, entry, entry.kind, [each for each in mine if each.kind == entry.kind])
    if entry.kind == "invitation" and entry.text:
        noted = [each for each in mine if each.kind == "invitation" and each.text]
        _within_caps(court, entry, "note", noted)
    _spaced(court, entry)
    if not entry.is_manual:
        _share_of_a_reduced_day(court, entry, [each for each in mine if each.kind == entry.kind])
        _not_too_many_new(court, entry)
        _not_too_many_pending(court, entry)


def _counts(entry: Entry) -> bool:
    """What a restored backup has forgotten counts where the provider can tell it."""
    return not entry.is_forgotten or entry.kind in FOUND_AGAIN


def _within_caps(court: "Judge", entry: Entry, kind: str, same: list[Entry]) -> None:
    account = entry.account
    day = account.day_of(entry.at)
    for days, most in account.caps(kind, day).items():
        within = [each for each in same if 0 <= (day - account.day_of(each.at)).days < days]
        if len(within) > most:
            raise court.broken(4, f"{len(within)} of {kind} in {days} days up to {day}, the cap is {most}")


def _share_of_a_reduced_day(court: "Judge", entry: Entry, same: list[Entry]) -> None:
    assert entry.campaign and entry.lead
    share = entry.campaign.share(entry.at, entry.lead.time_zone)
    day = entry.account.day_of(entry.at)
    most = entry.account.caps(entry.kind, day).get(1)
    today = [each for each in same if entry.account.day_of(each.at) == day]
    if share < 1 and most is not None and not entry.is_stale_withdrawal and len(today) > ceil(most * share):
        raise court.broken(4, f"{len(today)} of {entry.kind} on a reduced day, {share:.0%} of {most} may go out")


def _spaced(court: "Judge", entry: Entry) -> None:
    earlier = [each.at for each in court.entries[:-1] if each.account is entry.account]
    if earlier and (gap := (entry.at - max(earlier)).total_seconds()) < entry.account.spacing - 0.01:
        raise court.broken(4, f"{gap} s after the last action; the shortest pause is {entry.account.spacing}")


def _not_too_many_new(court: "Judge", entry: Entry) -> None:
    """A campaign begins with only so many leads on a day of its zone."""
    campaign = entry.campaign
    assert campaign
    if campaign.new_leads_per_day is None:
        return
    firsts: dict[object, date] = {}
    for each in court.entries:
        if each.campaign is campaign and each.walk and not each.is_forgotten:
            firsts.setdefault(each.walk.pk, each.at.astimezone(campaign.zone_for("")).date())
    today = entry.at.astimezone(campaign.zone_for("")).date()
    begun = sum(day == today for day in firsts.values())
    if begun > campaign.new_leads_per_day:
        raise court.broken(4, f"c{campaign.number} began with {begun} leads, {campaign.new_leads_per_day} may a day")


def _not_too_many_pending(court: "Judge", entry: Entry) -> None:
    if entry.kind == "invitation" and entry.account.pk in court.switches.slowed:
        raise court.broken(4, f"an invitation although {entry.account.pending_ceiling} were pending")


def note_pending(court: "Judge") -> None:
    """After somebody kept house: which accounts have as many invitations pending as they may."""
    just_now = court.stage.at + timedelta(minutes=59)
    looked_after = set(Account.objects.filter(care_at__gt=just_now).values_list("pk", flat=True))
    for account in court.accounts.values():
        if account.pk not in looked_after or court.stage.backups.restored:
            continue
        people = court.stage.sandbox.parts.world.accounts[account.id].pending
        recorded = Enrollment.objects.filter(account=account.pk, invited_at__isnull=False, withdrawn_at__isnull=True)
        known = recorded.filter(lead__provider_id__in=list(people)).count()
        court.switches.slowed.discard(account.pk)
        if known >= account.pending_ceiling:
            court.switches.slowed.add(account.pk)


def usage_agrees(court: "Judge") -> None:
    """Every row of usage is what its live dispatches add up to."""
    for usage in Usage.objects.filter(account__client=court.stage.builder.client):
        live = Dispatch.objects.filter(state__in=LIVE)
        taken = live.filter(usage=usage).count() + live.filter(note_usage=usage).count()
        if taken != usage.used:
            raise court.broken(4, f"{usage} says {usage.used} used; {taken} dispatches took from it")
