"""Moments as people say them, measured from an explicit `at`: the console follows the shared clock."""

from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

JUST_NOW = timedelta(seconds=45)
SCALE = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def relative(moment: datetime, at: datetime) -> str:
    """Such as `3 min ago`, `in 2 h`, `just now`; beyond four weeks, the date."""
    distance = abs(at - moment)
    if distance < JUST_NOW:
        return "just now" if moment <= at else "now"
    if distance > timedelta(days=28):
        return f"{moment:%-d %b %Y}"
    return f"in {in_words(distance)}" if moment > at else f"{in_words(distance)} ago"


def in_words(distance: timedelta) -> str:
    """A length in its largest unit: `5 min`, `3 h`, `2 d`."""
    size, unit = next((step for step in SCALE if distance >= step[0]), SCALE[-1])
    return f"{max(1, round(distance / size))} {unit}"


def moment(value: datetime | None, at: datetime) -> SafeString | str:
    """A table cell: the distance in words, with the exact moment on hover. Empty for none."""
    if value is None:
        return ""
    return format_html(
        '<time class="oc-time" datetime="{}" title="{} UTC">{}</time>',
        value.isoformat(),
        f"{value:%a %-d %b %Y, %H:%M}",
        relative(value, at),
    )
