"""Who lives in the sandbox: a population drawn from the seed, and how each of them takes to being written to.

A person depends on the seed and on who they are, never on the order of requests, so that two runs meet the same
people. Slugs outside the population are invented when first asked for: a user's own lead file plays too.
"""

import base64
import hashlib
import random
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import quote, unquote

from integrations.unipile.sandbox import names

PROVIDER_PREFIX = "ACoAA"
PROVIDER_LENGTH = 39
INVENTABLE = re.compile(r"[\w.'-]{2,100}")
NOBODY = frozenset({"connections", "followers", "following", "invite", "relations", "search"})
GONE, LOCKED = "gone-", "locked-"


class Answers(StrEnum):
    """What moves a person to write."""

    NEVER = "never"
    AT_ONCE = "at_once"
    FIRST_MESSAGE = "first_message"
    FOLLOW_UP = "follow_up"
    LATE = "late"
    OUT_OF_OFFICE = "out_of_office"
    REACTS = "reacts"


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# How many of a hundred people are moved by what, and how long they take then.
ANSWER_WEIGHTS = {
    Answers.NEVER: 42,
    Answers.FIRST_MESSAGE: 22,
    Answers.FOLLOW_UP: 13,
    Answers.AT_ONCE: 8,
    Answers.LATE: 7,
    Answers.OUT_OF_OFFICE: 5,
    Answers.REACTS: 3,
}

ANSWER_DELAYS = {
    Answers.NEVER: (timedelta(), timedelta()),
    Answers.AT_ONCE: (timedelta(seconds=10), 4 * MINUTE),
    Answers.FIRST_MESSAGE: (2 * HOUR, 30 * HOUR),
    Answers.FOLLOW_UP: (HOUR, 20 * HOUR),
    Answers.LATE: (4 * DAY, 9 * DAY),
    Answers.OUT_OF_OFFICE: (timedelta(seconds=20), 3 * MINUTE),
    Answers.REACTS: (5 * MINUTE, 5 * HOUR),
}

# Share of people, and within what time of an invitation they accept; the rest never do.
ACCEPTANCES: tuple[tuple[float, timedelta, timedelta], ...] = (
    (0.10, MINUTE, 10 * MINUTE),
    (0.30, HOUR, 20 * HOUR),
    (0.25, DAY, 6 * DAY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperament:
    """`accepts_after` None means never. `patience` is how many answers they give in all."""

    accepts_after: timedelta | None
    answers: Answers
    answer_delay: timedelta
    answers_note: bool
    patience: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    provider_id: str
    public_identifier: str
    member_number: str
    first_name: str
    last_name: str
    position: str
    company: str
    location: str
    email: str
    temperament: Temperament

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def headline(self) -> str:
        return f"{self.position} at {self.company}"

    @property
    def address(self) -> str:
        """The profile's public address, percent-encoded as browsers copy it."""
        return f"https://www.linkedin.com/in/{quote(self.public_identifier)}"


class Unreachable(Exception):
    """Nobody, or nobody who can be looked at, goes by this identifier."""

    def __init__(self, identifier: str, *, locked: bool) -> None:
        super().__init__(identifier)
        self.locked = locked


def opaque(*parts: object, length: int = 22) -> str:
    """A url-safe text that is random to look at and the same for the same parts."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=48).digest()
    return base64.urlsafe_b64encode(digest).decode()[:length]


def person_rng(seed: int, *parts: object) -> random.Random:
    """A generator that belongs to one question about one person."""
    return random.Random(repr((seed, *parts)))


class Population:
    """All persons by slug and by provider id. Not safe for threads by itself: the sandbox's lock guards it."""

    def __init__(self, *, seed: int, size: int) -> None:
        self._seed = seed
        self._by_slug: dict[str, Person] = {}
        self._by_provider_id: dict[str, Person] = {}
        self._by_number: dict[str, list[Person]] = {}
        self.born: tuple[Person, ...] = tuple(self._keep(_born(seed, number)) for number in range(1, size + 1))

    def __len__(self) -> int:
        return len(self._by_provider_id)

    def known(self, provider_id: str) -> Person | None:
        return self._by_provider_id.get(provider_id)

    def found(self, identifier: str) -> Person:
        """The person of a slug or provider id; raises Unreachable."""
        if known := self._by_provider_id.get(identifier):
            return known
        slug = unicodedata.normalize("NFC", unquote(identifier).strip().lower())
        if slug.startswith(LOCKED):
            raise Unreachable(slug, locked=True)
        if slug.startswith(GONE) or slug in NOBODY or not INVENTABLE.fullmatch(slug):
            raise Unreachable(slug, locked=False)
        if identifier.startswith(("ACo", "ADo")) and len(identifier) == PROVIDER_LENGTH:
            raise Unreachable(identifier, locked=False)
        return self._by_slug.get(slug) or self._keep(_invented(self._seed, slug))

    def numbered(self, member_number: str) -> list[Person]:
        """Whoever has this member number: nobody, one, or by chance two."""
        return self._by_number.get(member_number, [])

    def add(self, person: Person) -> Person:
        """A person made elsewhere: the owner of an account."""
        return self._keep(person)

    def _keep(self, person: Person) -> Person:
        self._by_slug[person.public_identifier.lower()] = person
        if person.provider_id not in self._by_provider_id:
            self._by_number.setdefault(person.member_number, []).append(person)
        self._by_provider_id[person.provider_id] = person
        return person


def owner(seed: int, number: int) -> Person:
    """The owner of the sandbox's account of this number; nobody's lead, so they never accept or answer."""
    rng = person_rng(seed, "owner", number)
    first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
    calm = Temperament(
        accepts_after=None,
        answers=Answers.NEVER,
        answer_delay=timedelta(),
        answers_note=False,
        patience=0,
    )
    return _person(seed, rng, first=first, last=last, slug=f"{slugged(first, last)}-own{number}", temperament=calm)


def _born(seed: int, number: int) -> Person:
    rng = person_rng(seed, "born", number)
    first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
    slug = f"{slugged(first, last, plain=rng.random() > 0.03)}-{number}"
    temperament = _temperament(rng)
    return _person(seed, rng, first=_titled(rng, first), last=_decorated(rng, last), slug=slug, temperament=temperament)


def _invented(seed: int, slug: str) -> Person:
    rng = person_rng(seed, "invented", slug)
    words = [word.capitalize() for word in slug.split("-") if word and not any(map(str.isdigit, word))]
    first, last = (words[0] if words else slug), " ".join(words[1:])
    return _person(seed, rng, first=first, last=last, slug=slug, temperament=_temperament(rng))


def _person(seed: int, rng: random.Random, *, first: str, last: str, slug: str, temperament: Temperament) -> Person:
    company = rng.choice(names.COMPANIES)
    domain = re.sub(r"[^a-z]+", "-", company.lower()).strip("-")
    return Person(
        provider_id=PROVIDER_PREFIX + opaque(seed, "person", slug, length=PROVIDER_LENGTH - len(PROVIDER_PREFIX)),
        public_identifier=slug,
        member_number=str(rng.randrange(100_000_000, 999_999_999)),
        first_name=first,
        last_name=last,
        position=rng.choice(names.POSITIONS),
        company=company,
        location=rng.choice(names.PLACES),
        email=f"{slug}@{domain}.example" if slug.isascii() and rng.random() < 0.3 else "",
        temperament=temperament,
    )


def slugged(first: str, last: str, *, plain: bool = True) -> str:
    """A name as LinkedIn makes a slug of it; a few keep their marks (trap 3)."""
    joined = f"{first} {last}".lower().translate(names.PLAIN_LETTERS)
    if plain:
        joined = unicodedata.normalize("NFKD", joined).encode("ascii", "ignore").decode()
    return re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", joined)).strip("-")


def _titled(rng: random.Random, first: str) -> str:
    return (rng.choice(names.TITLES) if rng.random() < 0.04 else "") + first


def _decorated(rng: random.Random, last: str) -> str:
    return last + (rng.choice(names.DECORATIONS) if rng.random() < 0.04 else "")


def _temperament(rng: random.Random) -> Temperament:
    answers = rng.choices(list(ANSWER_WEIGHTS), weights=list(ANSWER_WEIGHTS.values()))[0]
    shortest, longest = ANSWER_DELAYS[answers]
    return Temperament(
        accepts_after=_acceptance(rng),
        answers=answers,
        answer_delay=_between(rng, shortest, longest),
        answers_note=rng.random() < 0.05,
        patience=rng.choice((1, 1, 2, 3)),
    )


def _acceptance(rng: random.Random) -> timedelta | None:
    draw = rng.random()
    for share, shortest, longest in ACCEPTANCES:
        if draw < share:
            return _between(rng, shortest, longest)
        draw -= share
    return None


def _between(rng: random.Random, shortest: timedelta, longest: timedelta) -> timedelta:
    """Whole milliseconds, which is as fine as the API's moments get."""
    chosen = shortest + (longest - shortest) * rng.random()
    return timedelta(milliseconds=chosen // timedelta(milliseconds=1))
