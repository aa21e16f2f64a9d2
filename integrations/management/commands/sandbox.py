"""`manage.py sandbox`: run the simulated Unipile, or write a lead file of its people."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.unipile.sandbox.app import Sandbox
from integrations.unipile.sandbox.server import Served, listening
from outreach import clock


class Command(BaseCommand):
    help = (
        "Run a simulated Unipile: the same HTTP API over a made-up population of people who accept, ignore and"
        " answer. With --write-leads, write a CSV file of people to contact there and exit."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8099, help="0 for any free one")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same world")
        parser.add_argument("--key", default="sandbox", help="the API key it takes")
        parser.add_argument("--people", type=int, default=500)
        parser.add_argument("--accounts", type=int, default=2)
        parser.add_argument("--weekly-cap", type=int, default=200, help="invitations an account may send in a week")
        parser.add_argument("--relation-delay", type=float, default=8, help="hours a new relation is noticed late")
        parser.add_argument("--clock", type=Path, help="a file that holds the moment, as ISO text, to live by")
        parser.add_argument("--write-leads", type=Path, metavar="FILE", help="write a lead file and exit")
        parser.add_argument("--count", type=int, default=60, help="how many leads to write")

    def handle(self, *args: Any, **options: Any) -> None:
        now = _clock(options["clock"])
        if options["write_leads"]:
            self._write_leads(Sandbox(now=now, **_world(options)), options["write_leads"], options["count"])
            return
        try:
            serving = listening(host=options["host"], port=options["port"], now=now, **_world(options))
        except OSError as error:
            raise CommandError(f"cannot listen on port {options['port']}: {error.strerror}; try --port") from error
        self._introduce(serving)
        serving.run()

    def _write_leads(self, sandbox: Sandbox, path: Path, count: int) -> None:
        path.write_text(sandbox.people_csv(count), encoding="utf-8", newline="")
        self.stdout.write(f"Wrote up to {count} leads to {path}")

    def _introduce(self, serving: Served) -> None:
        sandbox, url = serving.sandbox, serving.url
        self.stdout.write(f"Simulated Unipile at {url}/api/v1, API key: {sandbox.key}")
        for account in sandbox.parts.world.accounts.values():
            tier = "premium" if account.premium else "free"
            self.stdout.write(f"  account {account.id}  {account.owner.name} ({tier})")
        self.stdout.write(f"What was done to whom:  curl {url}/_sandbox/ledger")
        self.stdout.write(f"People to contact:      curl {url}/_sandbox/people.csv?count=60")
        self.stdout.write(f"Everything else:        curl {url}/_sandbox/")
        self.stdout.flush()


def _clock(path: Path | None) -> Callable[[], datetime]:
    if path is None:
        return clock.now
    if not path.exists():
        raise CommandError(f"clock file {path} does not exist; write an ISO moment into it first")
    return partial(clock.read_shared, path)


def _world(options: dict[str, Any]) -> dict[str, Any]:
    return {
        "seed": options["seed"],
        "people": options["people"],
        "accounts": options["accounts"],
        "key": options["key"],
        "weekly_invitations": options["weekly_cap"],
        "relation_delay": timedelta(hours=options["relation_delay"]),
    }
