"""`manage.py circuit`: how each provider answers, and, with --close, calling one again at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import breaker
from outreach import clock

WORDS = {
    "open": "does not answer and is not called until {until:%a %d %b %H:%M} UTC",
    "half_open": "did not answer; one call at a time finds out whether it does again",
    "closed": "answers",
}


class Command(BaseCommand):
    help = "Says how each provider answers. With --close, calls to one that is left alone start again at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--close", metavar="PROVIDER", help="Call it again at once, e.g. unipile.")

    def handle(self, *args: Any, **options: Any) -> None:
        at, wanted = clock.now(), options["close"]
        known = [circuit.provider for circuit in breaker.states(at)]
        if wanted:
            if wanted not in known:
                raise CommandError(f"There is no provider {wanted!r}; there is {', '.join(known)}.")
            breaker.close_by_hand(by=None, at=at, provider=wanted)
        for circuit in breaker.states(at):
            said = WORDS[circuit.state].format(until=circuit.opens_at)
            self.stdout.write(f"{circuit.provider} {said}" + (f": {circuit.detail}" if circuit.detail else ""))
