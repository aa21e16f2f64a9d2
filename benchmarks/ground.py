"""A database of its own on the server that DATABASE_URL names, and the populations that benchmarks stand on."""

import os
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

NAME = "outreach_bench"


def prepare() -> str:
    """Make the benchmark's database anew and return its address. Raises SystemExit without PostgreSQL."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith(("postgres://", "postgresql://")):
        raise SystemExit(
            "The benchmarks need PostgreSQL: set DATABASE_URL, e.g. postgres://postgres@127.0.0.1/postgres"
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
    own = urlunsplit(urlsplit(url)._replace(path=f"/{NAME}"))
    os.environ["DATABASE_URL"] = own
    return own


def drop(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def set_up() -> None:
    """Django on the benchmark's database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ["DEBUG"] = "0"  # which would keep every statement
    import django

    django.setup()


def address() -> str:
    return os.environ["DATABASE_URL"]


def fetch(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(address(), autocommit=True) as connection:
        return connection.execute(sql, values or None).fetchall()


def run(sql: str, *values: Any) -> None:
    with psycopg.connect(address(), autocommit=True) as connection:
        connection.execute(sql, values or None)


def settle() -> None:
    """What a database at rest has done by itself: statistics, the map of visible pages, a checkpoint."""
    run("VACUUM ANALYZE")
    run("CHECKPOINT")
