"""Random sequences: every kind of step, branches that part and meet, variants; and random edits of them.

Every text begins with a mark such as `[c1k4]`: campaign 1, step 4. A step keeps its name through all versions.
"""

from dataclasses import replace
from random import Random

from tests.simulation.facts import CampaignFacts, Planned, Version

DELAYS = ((0, "minutes"), (10, "minutes"), (30, "minutes"), (3, "hours"), (1, "days"), (1, "working_days"))
GREETINGS = (
    "Hello {{ first_name }}, how is {{ company }}?",
    'Hi {{ first_name | default: "there" }}!',
    "Good day {{ first_name }}, {{ sender_first_name }} here.",
    "A word to a {{ title }} from {{ sender_first_name }}.",
)
LONG_NOTE = "We have met people of your line of work at every fair of this year, and each told us the same.; " * 2 + "."


class Composer:
    """Writes the first version of one campaign's sequence."""

    def __init__(self, rng: Random, facts: CampaignFacts, *, premium: bool, target: str, url: str) -> None:
        self.rng = rng
        self.facts = facts
        self.premium = premium
        self.target = target
        self.url = url

    def compose(self) -> Version:
        rng = self.rng
        before = [self.make(kind) for kind in self._before()]
        invites = rng.random() < 0.85
        invite = [self.make("connection_request")] if invites else []
        main = [self.make(kind) for kind in self._main(invites)]
        end = self.make(rng.choice(("end", "end", "move" if self.target else "end")))
        steps = [*before, *invite]
        if rng.random() < 0.5:
            steps += self._parted(main, end, invites)
        else:
            steps += [*main, *([end] if rng.random() < 0.5 else [])]
        first = replace(steps[0], amount=rng.choice((0, 0, 5)), unit="minutes")
        return (first, *steps[1:])

    def _before(self) -> list[str]:
        quiet = ["tag", "wait", "set_field", "visit_profile", "like_post", "comment_post"]
        return self.rng.sample(quiet, self.rng.choice((0, 0, 0, 1, 2)))

    def _main(self, invites: bool) -> list[str]:
        rng = self.rng
        kinds = ["message"] * rng.randrange(1, 4) if invites or not self.premium else ["inmail"]
        kinds += rng.sample(["endorse_skill", "manual_task", "call_webhook", "untag", "wait"], rng.choice((0, 0, 1, 2)))
        head = kinds[:1]
        tail = kinds[1:]
        rng.shuffle(tail)
        return head + tail

    def _parted(self, main: list[Planned], end: Planned, invites: bool) -> list[Planned]:
        """A condition; who does not meet it goes another way; both ways meet at the end."""
        kinds = ["manual_task", "visit_profile", "wait"]
        kinds += ["withdraw_invitation"] * 2 * invites + ["inmail"] * self.premium
        other = [self.make(self.rng.choice(kinds))]
        main = [*main[:-1], replace(main[-1], then=end.name)]
        asks = replace(self._condition(main, invites), otherwise=other[0].name)
        if asks.asks_of is not None:  # a variant is asked of an earlier step
            return [main[0], asks, *main[1:], *other, end] if len(main) > 1 else [*main, end]
        return [asks, *main, *other, end]

    def _condition(self, main: list[Planned], invites: bool) -> Planned:
        rng = self.rng
        asked: list[dict[str, object]] = [
            {"if": "has_email"},
            {"if": "tag", "tag": "through"},
            {"if": "field_known", "field": "company", "not": rng.random() < 0.3},
            {"if": "seen", "within_amount": 20, "within_unit": "hours"},
        ]
        if invites:
            connected = {"if": "connected", "within_amount": rng.choice((6, 30, 50)), "within_unit": "hours"}
            asked += [connected, connected, connected]
        if len(main[0].texts) > 1 and len(main) > 1:
            asked.append({"if": "variant", "label": "B"})
        options = rng.choice(asked)
        of = main[0].name if options["if"] == "variant" else None
        return replace(self.make("condition"), options=options, asks_of=of)

    def make(self, kind: str) -> Planned:
        """One step of this kind with a new name."""
        facts, rng = self.facts, self.rng
        name, facts.names = facts.names, facts.names + 1
        amount, unit = rng.choice(DELAYS)
        return Planned(name, kind, self._texts(kind, name), amount, unit, self._options(kind))

    def _texts(self, kind: str, name: int) -> tuple[tuple[str, int, str], ...]:
        mark, rng = f"[c{self.facts.number}k{name}] ", self.rng
        if kind == "connection_request":
            notes = ("", f"{mark}Hi {{{{ first_name }}}}, may we connect?", mark + LONG_NOTE)
            return (("A", 1, rng.choices(notes, (5, 5, 1))[0]),)
        if kind not in ("message", "inmail", "comment_post", "manual_task"):
            return (("A", 1, ""),)
        texts = [("A", 1, mark + rng.choice(GREETINGS))]
        if kind == "message" and rng.random() < 0.4:
            texts.append(("B", rng.choice((1, 2)), mark + "B: " + rng.choice(GREETINGS)))
        return tuple(texts)

    def _options(self, kind: str) -> dict[str, object]:
        rng = self.rng
        options: dict[str, dict[str, object]] = {
            "connection_request": {"bare_if_refused": rng.random() < 0.7},
            "tag": {"tag": "through"},
            "untag": {"tag": "Through"},
            "set_field": {"field": "title", "value": f"friend of c{self.facts.number}"},
            "like_post": {"reaction": rng.choice(("like", "love"))},
            "inmail": {"subject": "A word"},
            "call_webhook": {"url": self.url, "event": f"c{self.facts.number}"},
            "move": {"campaign": self.target},
        }
        return options.get(kind, {})


def edited(rng: Random, composer: Composer, version: Version) -> Version:
    """One random change of a sequence: other words, another wait, a step more, a step less."""
    change = rng.choice((_reworded, _reworded, _slowed, _longer, _shorter))
    return change(rng, composer, version)


def _reworded(rng: Random, composer: Composer, version: Version) -> Version:
    worded = [step for step in version if any(text for _, _, text in step.texts)]
    if not worded:
        return version
    chosen = rng.choice(worded)
    texts = tuple((label, weight, f"{text} Or so." if text else "") for label, weight, text in chosen.texts)
    return tuple(replace(step, texts=texts) if step is chosen else step for step in version)


def _slowed(rng: Random, composer: Composer, version: Version) -> Version:
    chosen, (amount, unit) = rng.choice(version), rng.choice(DELAYS)
    return tuple(replace(step, amount=amount, unit=unit) if step is chosen else step for step in version)


def _longer(rng: Random, composer: Composer, version: Version) -> Version:
    """A new step after a random one that leads to the next."""
    places = [place for place, step in enumerate(version) if step.kind not in ("end", "move") and step.then is None]
    places = [place for place in places if not any(step.kind == "connection_request" for step in version[place + 1 :])]
    if not places:
        return version
    place = rng.choice(places)
    new = composer.make(rng.choice(("message", "tag", "wait")))
    return (*version[: place + 1], new, *version[place + 1 :])


def _shorter(rng: Random, composer: Composer, version: Version) -> Version:
    """Without a random step; who pointed at it points at what follows it."""
    asked = {step.asks_of for step in version}
    gone = [step for step in version[:-1] if step.kind not in ("condition", "end", "move") and step.name not in asked]
    if not gone or len(version) < 3:
        return version
    chosen = rng.choice(gone)
    after = version[version.index(chosen) + 1].name if chosen.then is None else chosen.then

    def turned(way: int | None) -> int | None:
        return after if way == chosen.name else way

    kept = [step for step in version if step is not chosen]
    return tuple(replace(step, then=turned(step.then), otherwise=turned(step.otherwise)) for step in kept)
