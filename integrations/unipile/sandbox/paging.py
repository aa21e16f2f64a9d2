"""Query parameters every list shares: limit, cursor, before and after (Unipile API, section 1.2)."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from werkzeug import Request

from integrations.unipile.reading import moment
from integrations.unipile.sandbox.refusals import invalid_parameters, limit_too_high

MOMENT = re.compile(r"[1-2]\d{3}-[0-1]\d-[0-3]\dT\d{2}:\d{2}:\d{2}.\d{3}Z")

Item = TypeVar("Item")


def page(
    request: Request,
    items: Iterable[Item],
    *,
    name: str,
    number: Callable[[Item], int],
    shape: Callable[[Item], dict[str, Any]],
    highest: int = 250,
    default: int = 100,
) -> dict[str, Any]:
    """One page of a list. `items` come by falling `number`, which the cursor remembers the last of.

    That keeps pages whole while new items arrive at the head and others leave.
    """
    limit = _limit(request, highest=highest, default=default)
    below = _read_cursor(request)
    window = (item for item in items if below is None or number(item) < below)
    chosen = list(islice(window, limit + 1))
    cursor = _cursor(number(chosen[limit - 1])) if len(chosen) > limit else None
    return {"object": name, "items": [shape(item) for item in chosen[:limit]], "cursor": cursor}


def moment_parameter(request: Request, name: str) -> datetime | None:
    """`before` or `after`: UTC with milliseconds, or a refusal."""
    value = request.args.get(name)
    if value is None:
        return None
    found = moment(value) if MOMENT.fullmatch(value) else None
    if found is None:
        raise invalid_parameters(f"{name} must match ^{MOMENT.pattern}$, for instance 2026-07-01T08:30:00.000Z")
    return found


def _limit(request: Request, *, highest: int, default: int) -> int:
    value = request.args.get("limit")
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise invalid_parameters("limit must be a whole number from 1")
    if int(value) > highest:
        raise limit_too_high(highest)
    return int(value)


def _cursor(number: int) -> str:
    return base64.b64encode(json.dumps({"below": number}).encode()).decode()


def _read_cursor(request: Request) -> int | None:
    value = request.args.get("cursor")
    if not value:
        return None
    try:
        return int(json.loads(base64.b64decode(value, validate=True))["below"])
    except (binascii.Error, ValueError, TypeError, KeyError):
        raise invalid_parameters("cursor is not one that this list has given") from None
