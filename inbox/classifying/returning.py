"""When somebody who is away comes back, from the dates that their message names.

"Until the 14th" means back on the 15th; "back on the 17th" means the 17th; a range ends with its last day. A date
without a year is the next one after the message. Of two readings of 05/08 the later one is taken: to come too late
disturbs nobody. A day that is said to be the return counts before a last day away, that one before any other date.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
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
_NUMBERS = {
    1: "a|an|one|einer|eine|ein|einem|une|un|een|una|uno|uma|um|en",
    2: "two|zwei|deux|twee|dos|due|duas|dois|två",
    3: "three|drei|trois|drie|tres|tre|três",
    4: "four|vier|quatre|cuatro|quattro|quatro|fyra",
}
_COUNT_OF = {word: number for number, words in _NUMBERS.items() for word in words.split("|")}
_COUNTS = "|".join(sorted(_COUNT_OF, key=len, reverse=True))
_DAYS_OF = {
    1: "days|day|tagen|tage|tag|jours|jour|dagen|dag|días|día|giorni|giorno|dias|dia|dagar",
    7: "weeks|week|wochen|woche|semaines|semaine|weken|semanas|semana|settimane|settimana|veckor|vecka",
    30: "months|month|monaten|monate|monat|mois|maanden|maand|meses|mes|mesi|mese|mês|månader|månad",
}
_LENGTH_OF = {word: length for length, words in _DAYS_OF.items() for word in words.split("|")}
_UNITS = "|".join(sorted(_LENGTH_OF, key=len, reverse=True))
_AFTER = "in|for|für|die nächsten|dans|pour|pendant|over|voor|en|por|durante|tra|fra|per|em|om|i|the next|another"
_NEXT_WEEK = (
    "next week|nächste woche|nächster woche|kommende woche|volgende week|(?:la )?semaine prochaine|"
    "(?:la )?próxima semana|(?:la )?prossima settimana|(?:la )?settimana prossima|nästa vecka"
)
_YEAR = r"(?:,?\s*(?:de |del )?(?P<year>20\d\d))?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<iso>20\d\d(?P<sep>[-/.])\d\d(?P=sep)\d\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th|er|º|\b)?\s*(?:of |de |den )?(?P<month>{_NAMES})\b\.?{_YEAR}",
        rf"\b(?P<month>{_NAMES})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:{_NAMES}))(?!:){_YEAR}",
        # Neither a part of a telephone number, nor a time of day.
        r"(?<!\d)(?<!\d\d\d[-./ ])(?P<a>\d{1,2})(?P<mark>[./-])(?P<b>\d{1,2})(?:(?P=mark)(?P<year>\d{4}|\d{2}))?"
        r"(?!\d)(?![-./]\d\d\d)(?!\.?\s?(?:uhr|h|am|pm|a\.m|p\.m|o'clock)\b)",
        rf"\b(?:the (?P<nth>\d{{1,2}})(?:st|nd|rd|th)|(?:am|zum) (?P<ter>\d{{1,2}})\.(?!\s?\d))(?!\s*(?:of )?(?:{_NAMES})\b)",
        rf"\b(?P<closing>end of|ende|fin|fin de|einde|eind|finales de|final de|fine|slutet av)\s+(?:of )?(?P<last>{_NAMES})\b",
        rf"\b(?:in|im|en|em|until|till|bis|jusqu'en|tot|hasta|até|fino a) (?P<whole>{_NAMES})\b(?!\.?\s*\d)",
        rf"\b(?:{_AFTER}) (?P<count>\d{{1,2}}|{_COUNTS}) (?P<unit>{_UNITS})\b",
        rf"\b(?P<soon>tomorrow|(?<!guten )(?<!goede )morgen|demain|mañana|domani|amanhã|imorgon|{_NEXT_WEEK})\b",
        rf"\b(?:next |nächsten |kommenden |volgende |prochain )?(?P<weekday>{_DAYS})\b",
    )
)
_BACK = re.compile(
    r"(back( in the office)?|return(ing)?|available( again)?|reachable( again)?|wieder|zurück|de retour|reprendrai|terug|"
    r"vuelvo|de vuelta|regreso|torno|tornerò|rientro|volto|regresso|åter|tillbaka)"
    r"(\W+(from|ab|da|dal|vanaf|från|as of|à partir|a partir|on|am|ab|dem|den|der|le|op|el|il|em|i|the|again|office|in|du|de|al|a|da|dia|día|lunedì|erreichbar|im büro|och med))*\W*$"
)
# These begin an absence as well as its end: they mean the return when the sentence speaks of being there.
_FROM = re.compile(
    r"\b(from|as of|ab|vom|von|à partir|du|vanaf|van|a partir|dal|da|från)(\W+(the|dem|den|le|el|il|de|du|del|el día|o dia|och med))*\W*$"
)
_THERE = re.compile(
    r"\b(back|available|reachable|return\w*|wieder|zurück|erreichbar|da|im büro|retour|joignable|disponible|terug|"
    r"bereikbaar|aanwezig|vuelta|de vuelta|disponibile|raggiungibile|disponível|de volta|tillbaka|åter|nåbar)\b"
)
_SENTENCE_ENDS = re.compile(r"[!?;]|\.(?=\s+[^\W\d])")
# Not the 24th of July, unless somebody says that they are away until then.
_ROUND_THE_CLOCK = re.compile(r"24/7")
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


@dataclass(frozen=True, slots=True)
class _Named:
    """A day that the text names, with its place, and whether it is a return by itself ("tomorrow", "in two weeks")."""

    start: int
    end: int
    day: date
    is_back: bool = False


def return_of(text: str, *, written_on: date) -> Return:
    """When to take up a walk again after this message."""
    words = own_words(text)
    for days in _first_days_back(words, written_on):
        usable = [day for day in days if written_on < day]
        if usable:
            return Return(min(max(usable), written_on + LONGEST_ABSENCE), said=True)
    return Return(written_on + USUAL_ABSENCE, said=False)


def _first_days_back(words: str, written_on: date) -> Iterator[list[date]]:
    """The first days back, those first that are said most plainly: the return, the last day away, any other day."""
    named = list(_dates(words, written_on))
    roles = [_role(words, each) for each in named]
    for index, following in enumerate(roles[1:]):
        if following == "until" and named[index + 1].start - named[index].end < 25:
            roles[index] = "begin"
    there = [
        role == "back" or (role == "from" and _is_there(words, each)) for role, each in zip(roles, named, strict=True)
    ]
    yield [each.day for each, back in zip(named, there, strict=True) if back]
    for wanted in ("until", ""):
        yield [
            each.day + ONE_DAY
            for each, role, back in zip(named, roles, there, strict=True)
            if role == wanted and not back and not _is_idle(words, each, role)
        ]


def _role(words: str, named: _Named) -> str:
    before = words[: named.start]
    if named.is_back or _BACK.search(before):
        return "back"
    if _UNTIL.search(before):
        return "until"
    return "from" if _FROM.search(before) else ""


def _is_there(words: str, named: _Named) -> bool:
    """Whether the sentence around a "from …" says that somebody is there then."""
    before = _SENTENCE_ENDS.split(words[: named.start])[-1]
    after = _SENTENCE_ENDS.split(words[named.end :].lstrip(". "))[0]
    return bool(_THERE.search(before) or _THERE.search(after))


def _is_idle(words: str, named: _Named, role: str) -> bool:
    return not role and bool(_ROUND_THE_CLOCK.fullmatch(words[named.start : named.end]))


def _dates(words: str, written_on: date) -> Iterator[_Named]:
    """Every date with its place in the text; a weekday only where no date stands near it."""
    found: list[_Named] = []
    for form in _FORMS:
        for match in form.finditer(words):
            overlaps = any(each.start < match.end() + 15 and match.start() < each.end + 3 for each in found)
            if match.groupdict().get("weekday") and overlaps:
                continue
            if any(each.start < match.end() and match.start() < each.end for each in found):
                continue
            if day := _read(match, written_on):
                found.append(_Named(match.start(), match.end(), day, _is_return(match)))
    for each in sorted(found, key=lambda each: each.start):
        yield replace(each, start=_before_weekday(words, each.start))


def _is_return(match: "re.Match[str]") -> bool:
    part = match.groupdict()
    return any(part.get(name) for name in ("count", "soon", "whole"))


def _before_weekday(words: str, start: int) -> int:
    """ "back on Monday 3 March": what was said of the date stands before the weekday."""
    named = re.search(rf"(?:{_DAYS})(?:,|\.)?\s*(?:the |den |dem |le |el |il )?$", words[:start])
    return named.start() if named else start


def _read(match: "re.Match[str]", written_on: date) -> date | None:
    part = {name: text for name, text in match.groupdict().items() if text}
    reader = next(read for name, read in _READERS.items() if name in part)
    return reader(part, written_on)


def _iso(part: Mapping[str, str], written_on: date) -> date | None:
    return _day(int(part["iso"][:4]), int(part["iso"][5:7]), int(part["iso"][8:]))


def _weekday(part: Mapping[str, str], written_on: date) -> date | None:
    ahead = (_DAY_OF[part["weekday"]] - written_on.weekday()) % 7 or 7
    return written_on + ONE_DAY * ahead


def _named_month(part: Mapping[str, str], written_on: date) -> date | None:
    return _coming(int(part["day"]), _MONTH_OF[part["month"]], _year(part), written_on)


def _numbers(part: Mapping[str, str], written_on: date) -> date | None:
    """05/08 has two readings; a dash between single digits is no date but a span, such as office hours."""
    first, second = part["a"], part["b"]
    if part["mark"] == "-" and "year" not in part and len(first) == len(second) == 1:
        return None
    readings = [(int(first), int(second))]
    if part["mark"] == "/":
        readings.append((int(second), int(first)))
    days = [day for d, m in readings if (day := _coming(d, m, _year(part), written_on)) is not None]
    near = [day for day in days if day <= written_on + LONGEST_ABSENCE]
    return max(near or days, default=None)


def _nth(part: Mapping[str, str], written_on: date) -> date | None:
    """ "The 27th": the next day with this number."""
    wanted = int(part.get("nth") or part["ter"])
    days = (written_on + ONE_DAY * ahead for ahead in range(1, 63))
    return next((day for day in days if day.day == wanted), None)


def _end_of_month(part: Mapping[str, str], written_on: date) -> date | None:
    first = _first_of(_MONTH_OF[part["last"]], written_on)
    return (first + ONE_DAY * 31).replace(day=1) - ONE_DAY


def _whole_month(part: Mapping[str, str], written_on: date) -> date | None:
    return _first_of(_MONTH_OF[part["whole"]], written_on)


def _first_of(month: int, written_on: date) -> date:
    this_year = date(written_on.year, month, 1)
    return this_year if month >= written_on.month else this_year.replace(year=written_on.year + 1)


def _length(part: Mapping[str, str], written_on: date) -> date | None:
    count = int(part["count"]) if part["count"].isdigit() else _COUNT_OF[part["count"]]
    return written_on + ONE_DAY * count * _LENGTH_OF[part["unit"]]


def _soon(part: Mapping[str, str], written_on: date) -> date | None:
    is_week = any(word in part["soon"] for word in ("we", "wo", "sem", "sett", "vecka"))
    return written_on + ONE_DAY * (7 - written_on.weekday() if is_week else 1)


_READERS: Mapping[str, Callable[[Mapping[str, str], date], date | None]] = {
    "iso": _iso,
    "weekday": _weekday,
    "month": _named_month,
    "a": _numbers,
    "nth": _nth,
    "ter": _nth,
    "last": _end_of_month,
    "whole": _whole_month,
    "count": _length,
    "soon": _soon,
}


def _year(part: Mapping[str, str]) -> int | None:
    return int(part["year"]) if "year" in part else None


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
