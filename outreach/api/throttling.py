"""How fast one caller may call. Counted per user (an anonymous caller: per address), in the cache."""

from django.conf import settings
from rest_framework.throttling import UserRateThrottle

READS = "1200/min"
WRITES = "300/min"


class _Rate(UserRateThrottle):
    """A rate that settings may name: API_RATES = {"reads": "1200/min", "writes": "300/min"}."""

    default: str

    def get_rate(self) -> str:
        rates: dict[str, str] = getattr(settings, "API_RATES", {})
        return rates.get(self.scope or "", self.default)


class Reads(_Rate):
    scope = "reads"
    default = READS


class Writes(_Rate):
    scope = "writes"
    default = WRITES
