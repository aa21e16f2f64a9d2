"""Laws 1, 2, 3, 5 and 6, asked of one entry of the ledger."""

from typing import TYPE_CHECKING

from campaigns.models import Enrollment
from tests.simulation.entries import KIND_OF_STEP, MARK, Entry
from tests.simulation.facts import COOL_DOWN

if TYPE_CHECKING:
    from tests.simulation.judge import Judge

# What the provider shows nobody afterwards: a restored backup cannot know that it was done.
LEAVES_NO_TRACE = ("profile_view", "endorsement", "withdrawal")


def judge(court: "Judge", entry: Entry) -> None:
    _belongs_to_a_step(court, entry)
    _never_twice(court, entry)
    _silence_after_a_reply(court, entry)
    _only_in_working_time(court, entry)
    _stop_means_stop(court, entry)
    _read_before_written(court, entry)
    _the_right_words(court, entry)


def _belongs_to_a_step(court: "Judge", entry: Entry) -> None:
    if entry.lead is None or entry.walk is None:
        raise court.broken(9, f"{entry.kind} to {entry.person[-6:]} belongs to no lead's walk: {entry.text!r}")
    if entry.walk.lead_id != entry.lead.pk:
        raise court.broken(6, f"{entry.kind} to {entry.person[-6:]}, meant for another: {entry.text!r}")


def _never_twice(court: "Judge", entry: Entry) -> None:
    """Law 1. Equal marks to one person are one step sent twice; what has no words is counted."""
    same = [each for each in court.entries if each.kind == entry.kind and each.person == entry.person]
    if entry.kind == "invitation":
        return _invited_once(court, entry, same)
    if MARK.match(entry.text):
        same = [each for each in same if (mark := MARK.match(each.text)) and mark[0] == MARK.match(entry.text)[0]]  # type: ignore[index]
        if len(same) > 1:
            raise court.broken(1, f"{entry.kind} {len(same)} times to {entry.person[-6:]}: {entry.text!r}")
        return None
    may = _times_planned(court, entry) + sum(each.is_forgotten for each in same[:-1] if entry.kind in LEAVES_NO_TRACE)
    if len(same) > may:
        raise court.broken(1, f"{entry.kind} {len(same)} times to {entry.person[-6:]}, planned were {may}")
    return None


def _invited_once(court: "Judge", entry: Entry, same: list[Entry]) -> None:
    """One account invites a person once, and again only three weeks after it was taken back, by whomever."""
    back = [each for each in court.entries if each.kind == "withdrawal" and each.person == entry.person]
    mine = [each for each in same if each.account is entry.account]
    if len(mine) - 1 > len([each for each in back if each.account is entry.account]):
        raise court.broken(1, f"{entry.person[-6:]} was invited {len(mine)} times by one account")
    if any(entry.at - each.at < COOL_DOWN and not each.is_forgotten for each in back):
        raise court.broken(1, f"{entry.person[-6:]} was invited within three weeks of a withdrawal")


def _times_planned(court: "Judge", entry: Entry) -> int:
    """How many steps of this kind the lead's campaigns have, in whatever version."""
    walked = set(Enrollment.objects.filter(lead=entry.lead).values_list("campaign", flat=True))
    mine = [facts for facts in court.stage.builder.campaigns if facts.pk in walked]
    planned = sum(len(facts.names_of(KIND_OF_STEP[entry.kind])) for facts in mine)
    return planned + (len(mine) if entry.kind == "withdrawal" else 0)


def _silence_after_a_reply(court: "Judge", entry: Entry) -> None:
    """Law 2, with the rest of people who are away, and with the list of those who are not to be contacted."""
    assert entry.walk and entry.lead and entry.campaign
    walks = list(Enrollment.objects.filter(lead=entry.lead))
    if entry.campaign.after_reply:
        walks = [walk for walk in walks if walk.pk == entry.walk.pk]
    answers = court.people.answers(entry.person, walks)
    if answers:
        raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, who had answered {answers[0].text!r}")
    if entry.kind == "withdrawal":
        return
    until = court.people.away_until(entry.person, entry.walk, entry.campaign, entry.lead.time_zone)
    if until and entry.at < until:
        raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, who is away until {until}")
    if any(each.wants_silence for each in court.people.known_from(entry.person) if each.at >= entry.walk.enrolled_at):
        raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, who had asked not to be written to")
    if listed := court.people.forbidden(entry.lead):
        raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, who is on the list: {listed}")


def _only_in_working_time(court: "Judge", entry: Entry) -> None:
    assert entry.campaign and entry.lead
    if not entry.campaign.is_open(entry.at, entry.lead.time_zone):
        zone = entry.campaign.zone_for(entry.lead.time_zone)
        raise court.broken(3, f"{entry.kind} at {entry.at.astimezone(zone)} of c{entry.campaign.number}, which is shut")


def _stop_means_stop(court: "Judge", entry: Entry) -> None:
    assert entry.walk and entry.campaign
    switches = court.switches
    concerned = {("account", entry.account.pk), ("campaign", entry.campaign.pk), ("walk", entry.walk.pk)}
    if switches.engine_stopped or concerned & switches.paused:
        raise court.broken(5, f"{entry.kind} to {entry.person[-6:]} although paused: {concerned & switches.paused}")
    if entry.walk.pk in switches.stopped and not entry.is_stale_withdrawal:
        raise court.broken(5, f"{entry.kind} to {entry.person[-6:]}, whose walk was ended by hand")
    _compared_first(court, entry)


def _compared_first(court: "Judge", entry: Entry) -> None:
    """After a restored backup every account's lists are read before it sends anything."""
    since, reads = court.apart_since.get(entry.account.id), court.stage.outside.reads
    for route in ("/messages", "/users/relations", "/users/invite/sent"):
        if since and not ((read_at := reads.get((entry.account.id, route))) and read_at >= since):
            raise court.broken(10, f"{entry.kind} before {route} was read after a restored backup")


def _read_before_written(court: "Judge", entry: Entry) -> None:
    """No follow-up before the account's inbox was read since the last thing that this walk has sent."""
    sent = [each for each in court.entries[:-1] if each.walk and entry.walk and each.walk.pk == entry.walk.pk]
    sent = [each for each in sent if not each.is_stale_withdrawal and not each.is_forgotten]
    if not sent or entry.is_stale_withdrawal:
        return
    read_at = court.stage.outside.reads.get((entry.account.id, "/messages"))
    if read_at is None or read_at < sent[-1].at.replace(microsecond=0):
        raise court.broken(2, f"{entry.kind}: the inbox was last read at {read_at}, {sent[-1].kind} went {sent[-1].at}")


# --- Law 6 ----------------------------------------------------------------------------------------------


def _the_right_words(court: "Judge", entry: Entry) -> None:
    """By plain replacement: a text of the step, in the version that the lead is on, with this one lead's values."""
    if not entry.text:
        return
    assert entry.walk and entry.campaign and entry.lead
    marked = MARK.match(entry.text)
    if not marked or int(marked[1]) != entry.campaign.number:
        raise court.broken(6, f"words of no step of c{entry.campaign.number}: {entry.text!r}")
    version = Enrollment.objects.select_related("sequence").get(pk=entry.walk.pk).sequence.version
    step = entry.campaign.step(version, int(marked[2]))
    if step is None or step.kind != KIND_OF_STEP[entry.kind]:
        raise court.broken(6, f"words of no step of version {version}: {entry.text!r}")
    sender = entry.dispatch.account.sender.first_name if entry.dispatch else ""
    values = {"company": entry.lead.company, "title": entry.lead.title, "sender_first_name": sender}
    fitting = {
        worded
        for first_name in court.stage.operators.first_names(entry.lead)
        for _, _, text in step.texts
        if (worded := _worded(text, {"first_name": first_name, **values}))
    }
    if entry.text not in fitting:
        raise court.broken(6, f"{entry.text!r} is none of {fitting}")


def _worded(text: str, values: dict[str, str]) -> str:
    """The text with these values; "" when one that it needs is missing."""
    text = text.replace('{{ first_name | default: "there" }}', values["first_name"] or "there")
    for token, value in values.items():
        if f"{{{{ {token} }}}}" in text:
            if not value:
                return ""
            text = text.replace(f"{{{{ {token} }}}}", value)
    return text
