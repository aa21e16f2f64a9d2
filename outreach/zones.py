"""IANA time zones as data: checked when entered, never guessed."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def check_zone(name: str) -> None:
    """A validator: refuses what is not an IANA zone name."""
    if name not in zone_names():
        raise ValidationError(
            "%(name)s is not a time zone. Use an IANA name such as Europe/London or America/New_York.",
            params={"name": name},
            code="unknown_zone",
        )


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_midnight(day: date, name: str) -> datetime:
    """When the local day begins, in UTC. Where midnight is jumped over, the end of the gap."""
    start = datetime.combine(day, time.min, tzinfo=zone(name)).astimezone(UTC)
    while start.astimezone(zone(name)).date() < day:
        start += timedelta(minutes=15)
    return start
