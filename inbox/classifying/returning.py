"""When somebody who is away comes back, from the dates that their message names.

"Until the 14th" means back on the 15th; "back on the 17th" means the 17th; a range ends with its last day. A date
without a year is the next one after the message. Of two readings of 05/08 the later one is taken: to come too late
disturbs nobody.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from inbox.classifying.words import own_words

ONE_DAY = timedelta(days=1)
# Nobody says when, or says it in a way that is not understood.
USUAL_ABSENCE = timedelta(days=7)
# Somebody who is away for longer is not waited for longer.
LONGEST_ABSENCE = timedelta(days=120)

_MONTHS = (
    ("january", "jan", "januar", "jänner", "janvier", "janv", "januari", "enero", "gennaio", "janeiro"),
    ("february", "feb", "februar", "février", "fév", "februari", "febrero", "febbraio", "fevereiro"),
    ("march", "mar", "märz", "mars", "maart", "mrt", "marzo", "março"),
    ("april", "apr", "avril", "avr", "abril", "aprile"),
    ("may", "mai", "mei", "mayo", "maggio", "maio", "maj"),
    ("june", "jun", "juni", "juin", "junio", "giugno", "junho"),
    ("july", "jul", "juli", "juillet", "juil", "julio", "luglio", "julho"),
    ("august", "aug", "août", "aout", "augustus", "agosto", "augusti"),
    ("september", "sep", "sept", "septembre", "septiembre", "settembre", "setembro"),
    ("october", "oct", "okt", "oktober", "octobre", "octubre", "ottobre", "outubro"),
    ("november", "nov", "novembre", "noviembre", "novembro"),
    ("december", "dec", "dez", "dezember", "décembre", "déc", "diciembre", "dicembre", "dezembro"),
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_WEEKDAYS = (
    ("monday", "montag", "lundi", "maandag", "lunes", "lunedì", "segunda-feira", "segunda", "måndag"),
    ("tuesday", "dienstag", "mardi", "dinsdag", "martes", "martedì", "terça-feira", "terça", "tisdag"),
    ("wednesday", "mittwoch", "mercredi", "woensdag", "miércoles", "mercoledì", "quarta-feira", "quarta", "onsdag"),
    ("thursday", "donnerstag", "jeudi", "donderdag", "jueves", "giovedì", "quinta-feira", "quinta", "torsdag"),
    ("friday", "freitag", "vendredi", "vrijdag", "viernes", "venerdì", "sexta-feira", "sexta", "fredag"),
    ("saturday", "samstag", "samedi", "zaterdag", "sábado", "sabato", "lördag"),
    ("sunday", "sonntag", "dimanche", "zondag", "domingo", "domenica", "söndag"),
)
_DAY_OF = {name: number for number, names in enumerate(_WEEKDAYS) for name in names}
_NAMES = "|".join(sorted(map(re.escape, _MONTH_OF), key=len, reverse=True))
_DAYS = "|".join(sorted(map(re.escape, _DAY_OF), key=len, reverse=True))
_YEAR = r"(?:,?\s*(?:de |del )?(?P<year>20\d\d))?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<iso>20\d\d-\d\d-\d\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th|er|º|\b)?\s*(?:of |de |den )?(?P<month>{_NAMES})\b\.?{_YEAR}",
        rf"\b(?P<month>{_NAMES})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:{_NAMES}))(?!:){_YEAR}",
        r"(?<!\d)(?P<a>\d{1,2})(?P<mark>[./-])(?P<b>\d{1,2})(?:(?P=mark)(?P<year>\d{4}|\d{2}))?(?!\d)",
        rf"\b(?:next |nächsten |kommenden |volgende |prochain )?(?P<weekday>{_DAYS})\b",
    )
)
_BACK = re.compile(
    r"(back( in the office)?|return(ing)?|available( again)?|reachable( again)?|wieder|zurück|de retour|reprendrai|terug|"
    r"vuelvo|regreso|torno|tornerò|rientro|volto|regresso|åter|tillbaka|ab|from|as of|à partir|vanaf|a partir)"
    r"(\W+(on|am|ab|dem|den|der|le|op|el|il|em|i|the|again|office|in|du|de|al|a|da|lunedì|erreichbar|från|och med))*\W*$"
)
_UNTIL = re.compile(
    r"(until|till|til|through|to|bis|einschließlich|einschliesslich|jusqu'au|jusqu'à|au|tot|t/m|met|hasta|fino|até|al|"
    r"t\.?o\.?m\.?|till och med|und mit|-|–)"
    r"(\W+(and including|including|on|zum|dem|den|der|le|el|il|al|the|einschließlich|och med|en met|e incluido|o dia|a|au|"
    r"inclusive))*\W*$"
)


@dataclass(frozen=True, slots=True)
class Return:
    """The first day back. `said` is False when the message names none that could be used."""

    on: date
    said: bool


def return_of(text: str, *, written_on: date) -> Return:
    """When to take up a walk again after this message."""
    words = own_words(text)
    usable = [day for day in _first_days_back(words, written_on) if written_on < day]
    if not usable:
        return Return(written_on + USUAL_ABSENCE, said=False)
    return Return(min(max(usable), written_on + LONGEST_ABSENCE), said=True)


def _first_days_back(words: str, written_on: date) -> Iterator[date]:
    """A date that is said to be the day back counts alone; otherwise each named day is the last one away."""
    named = list(_dates(words, written_on))
    back = [day for start, day in named if _BACK.search(words[:start])]
    if back:
        yield from back
        return
    for _, day in named:
        yield day + ONE_DAY


def _dates(words: str, written_on: date) -> Iterator[tuple[int, date]]:
    """Every date with its place in the text; a weekday only where no date stands near it."""
    found: list[tuple[int, int, date]] = []
    for form in _FORMS:
        for match in form.finditer(words):
            overlaps = any(start < match.end() + 15 and match.start() < end + 3 for start, end, _ in found)
            if match.groupdict().get("weekday") and overlaps:
                continue
            if any(start < match.end() and match.start() < end for start, end, _ in found):
                continue
            if day := _read(match, written_on):
                found.append((match.start(), match.end(), day))
    for start, _, day in sorted(found):
        yield _before_weekday(words, start), day


def _before_weekday(words: str, start: int) -> int:
    """ "back on Monday 3 March": what was said of the date stands before the weekday."""
    named = re.search(rf"(?:{_DAYS})(?:,|\.)?\s*(?:the |den |dem |le |el |il )?$", words[:start])
    return named.start() if named else start


def _read(match: "re.Match[str]", written_on: date) -> date | None:
    part = match.groupdict()
    if part.get("iso"):
        return _day(int(part["iso"][:4]), int(part["iso"][5:7]), int(part["iso"][8:]))
    if part.get("weekday"):
        ahead = (_DAY_OF[part["weekday"]] - written_on.weekday()) % 7 or 7
        return written_on + ONE_DAY * ahead
    year = int(part["year"]) if part.get("year") else None
    if part.get("month"):
        return _coming(int(part["day"]), _MONTH_OF[part["month"]], year, written_on)
    readings = [(int(part["a"]), int(part["b"]))]
    if part["mark"] == "/":
        readings.append((int(part["b"]), int(part["a"])))
    days = [day for d, m in readings if (day := _coming(d, m, year, written_on)) is not None]
    near = [day for day in days if day <= written_on + LONGEST_ABSENCE]
    return max(near or days, default=None)


def _coming(day: int, month: int, year: int | None, written_on: date) -> date | None:
    """Without a year: the next such day; one that lies a little back is past, not a year ahead."""
    if year is not None:
        return _day(year + 2000 if year < 100 else year, month, day)
    this_year = _day(written_on.year, month, day)
    if this_year is None or this_year >= written_on - ONE_DAY * 180:
        return this_year
    return _day(written_on.year + 1, month, day)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
