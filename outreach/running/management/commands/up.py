"""Everything a small deployment needs, as one command: migrations, web, worker, beat."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from outreach import clock
from outreach.running.supervisor import beat, supervised, web, worker


class Command(BaseCommand):
    help = "Migrates the database and runs web, worker and beat until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--threads", type=int, default=4, help="Of the worker.")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        if settings.PRODUCTION:
            call_command("collectstatic", interactive=False, verbosity=0)
        with supervised({}) as children:
            children.start("web", web(options["port"], options["host"]))
            children.start("worker", worker(threads=options["threads"]))
            children.start("beat", beat())
            self.stdout.write(f"Outreach runs at http://{options['host']}:{options['port']}/ (Ctrl-C stops it)")
            self._watch(children)

    def _watch(self, children: Any) -> None:
        """One child that ends takes the others with it: whoever supervises us starts everything anew."""
        try:
            while (ended := children.first_ended()) is None:
                clock.rest(1)
        except KeyboardInterrupt:
            self.stdout.write("Stopping …")
        else:
            self.stderr.write(f"The {ended.name} process ended ({ended.process.returncode}); stopping everything.")
            raise SystemExit(1)
