"""Where the demo lives: a data folder, a database, a clock and keys of its own, so that it touches nothing real."""

import os
import secrets
import shutil
import socket
from datetime import datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from psycopg import sql

from outreach import clock
from outreach.zones import zone

INSIDE = "OUTREACH_DEMO"
DATABASE = "outreach_demo"
WEEKS = timedelta(weeks=2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def monday_before(at: datetime) -> datetime:
    """Ten to nine in London on a Monday, far enough back that two weeks of campaign end about now."""
    london = zone("Europe/London")
    day = (at - WEEKS).astimezone(london).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time(8, 50), tzinfo=london)


def environment(*, port: int) -> dict[str, str]:
    """A fresh home for one demo, as the environment of all its processes."""
    home = settings.DATA_DIR / "demo"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    clock_file = home / "clock"
    clock.write_shared(clock_file, monday_before(clock.now()))
    return {
        INSIDE: "1",
        "OUTREACH_ENV_FILE": os.devnull,
        "OUTREACH_MODE": "development",
        "OUTREACH_DATA_DIR": str(home),
        "OUTREACH_CLOCK_FILE": str(clock_file),
        "DATABASE_URL": _own_database(),
        "CELERY_QUEUE": f"demo-{secrets.token_hex(4)}",
        "CELERY_POLLING_INTERVAL": "0.05",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "UNIPILE_BASE_URL": f"http://127.0.0.1:{free_port()}",
        "UNIPILE_API_KEY": secrets.token_urlsafe(16),
        "UNIPILE_WEBHOOK_SECRET": secrets.token_urlsafe(16),
        "UNIPILE_TIMEOUT_SECONDS": "2",
        "MESSAGES_POLL_MINUTES": "300",
        "INBOUND_MAX_AGE_MINUTES": "720",
        "RELATIONS_POLL_MINUTES": "480",
        "LOG_LEVEL": "WARNING",
    }


def _own_database() -> str:
    """On PostgreSQL a database of the demo's own, made anew; otherwise the SQLite file of its folder."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith(("postgres://", "postgresql://")):
        return ""
    name = sql.Identifier(DATABASE)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    except psycopg.Error as problem:
        raise CommandError(f"The demo could not make its database {DATABASE}: {problem}") from problem
    return urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))


def port_of(url: str) -> int:
    port = urlsplit(url).port
    if port is None:
        raise CommandError(f"{url} names no port.")
    return port


def lead_file(given: str | None, home: Path) -> Path | None:
    """The user's own file, checked; None for one of the sandbox's people."""
    if given is None:
        return None
    path = Path(given).expanduser().resolve()
    if not path.is_file():
        raise CommandError(f"There is no file {path}.")
    return path
