"""In production a process refuses to start while something it needs is missing, and names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {
    "SECRET_KEY": "a-secret-key-of-more-than-fifty-characters-which-nobody-else-knows-1234",
    "ALLOWED_HOSTS": "outreach.example",
    "UNIPILE_BASE_URL": "https://api8.unipile.com:13443",
    "UNIPILE_API_KEY": "a-key",
    "UNIPILE_WEBHOOK_SECRET": "a-webhook-secret",
}


def load_settings(folder: Path, **changes: str) -> "subprocess.CompletedProcess[str]":
    """The settings in a fresh process that knows nothing of this one's environment."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    given = {"OUTREACH_ENV_FILE": os.devnull, "OUTREACH_DATA_DIR": str(folder), **changes}
    told = "from outreach import settings as s; print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.ALLOWED_HOSTS, s.SECRET_KEY)"
    return subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, env={**inherited, **given}, capture_output=True, text=True, timeout=60
    )


def production(folder: Path, **changes: str) -> "subprocess.CompletedProcess[str]":
    return load_settings(folder, OUTREACH_MODE="production", **{**NEEDED, **changes})


def test_with_everything_it_starts_and_is_strict(tmp_path: Path) -> None:
    found = production(tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("False True ['outreach.example']")


@pytest.mark.parametrize("name", NEEDED)
def test_without_one_of_them_it_refuses_and_names_it(tmp_path: Path, name: str) -> None:
    found = production(tmp_path, **{name: ""})
    assert found.returncode != 0
    last = found.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert name in last


def test_no_secret_is_told_while_refusing(tmp_path: Path) -> None:
    found = production(tmp_path, UNIPILE_API_KEY="")
    assert NEEDED["SECRET_KEY"] not in found.stderr + found.stdout


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    found = load_settings(tmp_path, OUTREACH_MODE="prod")
    assert found.returncode != 0
    assert "'prod'" in found.stderr


def test_development_needs_nothing(tmp_path: Path) -> None:
    found = load_settings(tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("True False")


def test_a_database_that_is_neither_of_the_two_is_refused(tmp_path: Path) -> None:
    found = load_settings(tmp_path, DATABASE_URL="mysql://root@localhost/outreach")
    assert found.returncode != 0
    assert "DATABASE_URL" in found.stderr.strip().splitlines()[-1]
