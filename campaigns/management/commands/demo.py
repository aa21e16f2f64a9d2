"""`make demo`: a campaign of two weeks in about three minutes, played by the real processes on a shared clock."""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from campaigns.demo import arranging, judging, premises, reporting
from campaigns.demo.driving import Driver
from campaigns.models import Enrollment
from integrations.connecting import provider_client
from leads.files import LeadFileError
from outreach import clock
from outreach.running.supervisor import Supervisor, beat, supervised, web, worker

START_PATIENCE_SECONDS = 60.0


class Command(BaseCommand):
    help = (
        "Plays a campaign against the sandbox with all real processes: imports leads, invites, notices acceptances, "
        "writes, stops at replies. Uses a data folder of its own and touches nothing else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="Of the console.")
        parser.add_argument("--leads", metavar="FILE", help="A CSV file of your own instead of the sandbox's people.")
        parser.add_argument("--count", type=int, default=60, help="How many of the sandbox's people.")
        parser.add_argument("--days", type=int, default=14, help="How long the campaign plays.")
        parser.add_argument("--seed", type=int, default=1, help="The same seed makes the same people.")
        parser.add_argument(
            "--faults",
            nargs="?",
            const="all",
            default="",
            metavar="NAMES",
            help="Let the sandbox misbehave: all, or names such as timeout_after,webhook_lost.",
        )
        parser.add_argument("--exit", action="store_true", help="End after the play; exit code 0 means no violation.")

    def handle(self, *args: Any, **options: Any) -> None:
        premises.lead_file(options["leads"], settings.DATA_DIR)
        if os.environ.get(premises.INSIDE):
            return self._play(options)
        changed = premises.environment(port=options["port"])
        ended = subprocess.run([sys.executable, *sys.argv], env={**os.environ, **changed}, check=False)  # noqa: S603
        raise SystemExit(ended.returncode)

    # --- Inside the demo's environment ------------------------------------------------------------------

    def _play(self, options: dict[str, Any]) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        log_dir = settings.DATA_DIR / "log"
        log_dir.mkdir(exist_ok=True)
        try:
            with supervised({}, log_dir=log_dir) as children:
                self._start(children, options)
                broken = self._run(children, options)
                if not options["exit"]:
                    self._stay(children, options)
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
            return
        if broken:
            raise SystemExit(1)

    def _start(self, children: Supervisor, options: dict[str, Any]) -> None:
        self._say("Starting sandbox, console, worker and beat …")
        sandbox = ["manage.py", "sandbox", "--port", str(premises.port_of(settings.UNIPILE_BASE_URL))]
        sandbox += ["--key", settings.UNIPILE_API_KEY, "--clock", os.environ["OUTREACH_CLOCK_FILE"]]
        children.start("sandbox", [*sandbox, "--seed", str(options["seed"]), "--accounts", "3"])
        children.start("web", web(options["port"]))
        children.start("worker", worker())
        children.start("beat", beat())
        for url in (f"{settings.UNIPILE_BASE_URL}/_sandbox/next", f"{settings.PUBLIC_URL}/health/"):
            _await(url, children)

    def _run(self, children: Supervisor, options: dict[str, Any]) -> bool:
        """The play and its judgement. True when a law was broken."""
        provider, at = provider_client(), clock.now()
        operator = arranging.make_operator()
        arranging.subscribe(provider, settings.PUBLIC_URL)
        self._arrange(options, operator)
        if options["faults"]:
            _misbehave(options["faults"])
        self._introduce(options)
        driver = Driver(Path(os.environ["OUTREACH_CLOCK_FILE"]), settings.UNIPILE_BASE_URL, at)
        driver.play(at + timedelta(days=options["days"]), on_progress=Progress(self, children).show)
        ledger = judging.read_ledger(settings.UNIPILE_BASE_URL)
        found = judging.violations(ledger)
        self.stdout.write("\n\n" + reporting.report(ledger, found) + "\n")
        return bool(found)

    def _arrange(self, options: dict[str, Any], operator: Any) -> None:
        path = premises.lead_file(options["leads"], settings.DATA_DIR) or self._people(options["count"])
        try:
            arranged = arranging.arrange(provider=provider_client(), leads_file=path, by=operator, at=clock.now())
        except LeadFileError as problem:
            raise CommandError(f"{path.name}: {problem}") from problem
        for each in arranged:
            report = each.imported
            self._say(
                f"{each.campaign.client}: {report.created} leads from {path.name} ({len(report.rejected)} rejected), "
                f"{each.enrolled.enrolled} in the campaign “{each.campaign}”"
            )

    def _people(self, count: int) -> Path:
        path: Path = settings.DATA_DIR / "leads.csv"
        answer = requests.get(f"{settings.UNIPILE_BASE_URL}/_sandbox/people.csv", {"count": count}, timeout=30)
        path.write_bytes(answer.content)
        return path

    def _introduce(self, options: dict[str, Any]) -> None:
        if options["exit"]:
            return
        self._say(f"Console:  {settings.PUBLIC_URL}/   login {arranging.LOGIN}, password {arranging.PASSWORD}")
        self._say(f"Sandbox:  {settings.UNIPILE_BASE_URL}/_sandbox/ledger   (everything that reached somebody)")
        self._say("Look at:  the dashboard filling, a campaign's leads, a conversation that stopped a sequence.")

    def _stay(self, children: Supervisor, options: dict[str, Any]) -> None:
        """After the play the clock runs on at its ordinary pace, until somebody stops it."""
        self._say("The clock now runs at its ordinary pace. Answer as a lead, and watch the inbox:")
        self._say(f"  {_answer_by_hand()}")
        self._say(f"Console: {settings.PUBLIC_URL}/ ({arranging.LOGIN} / {arranging.PASSWORD}). Ctrl-C ends the demo.")
        path, started, real = Path(os.environ["OUTREACH_CLOCK_FILE"]), clock.now(), clock.stopwatch()
        while children.first_ended() is None:
            clock.rest(1)
            clock.write_shared(path, started + timedelta(seconds=clock.stopwatch() - real))

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


class Progress:
    """One line that grows with the days."""

    def __init__(self, command: BaseCommand, children: Supervisor) -> None:
        self._out = command.stdout
        self._children = children
        self._day = ""

    def show(self, at: Any) -> None:
        _raise_if_ended(self._children)
        day = f"{at:%a %d %b}"
        if day == self._day:
            return
        self._day = day
        sent = len(judging.read_ledger(settings.UNIPILE_BASE_URL))
        self._out.write(f"  {day}   {sent} sent so far")
        self._out.flush()


def _await(url: str, children: Supervisor) -> None:
    """Until a process answers; its log is named when it ends instead."""
    began = clock.stopwatch()
    while clock.stopwatch() - began < START_PATIENCE_SECONDS:
        _raise_if_ended(children)
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.ConnectionError:
            clock.rest(0.2)
    raise CommandError(f"Nothing answered at {url} within a minute; see {settings.DATA_DIR}/log/")


def _answer_by_hand() -> str:
    """A command that makes somebody answer who has been written to and has not answered yet."""
    written_to = Enrollment.objects.filter(last_done_at__isnull=False).exclude(lead__provider_id="")
    silent = written_to.filter(replied_at__isnull=True)
    walk = silent.select_related("lead", "account").order_by("-last_done_at").first()
    account, person = (walk.account.provider_account_id, walk.lead.provider_id) if walk else ("…", "…")
    body = json.dumps({"account_id": account, "person": person, "text": "Tell me more"}, ensure_ascii=False)
    return f"curl -X POST {settings.UNIPILE_BASE_URL}/_sandbox/answer -H 'Content-Type: application/json' -d '{body}'"


def _raise_if_ended(children: Supervisor) -> None:
    if ended := children.first_ended():
        raise CommandError(f"The {ended.name} process ended; see {settings.DATA_DIR}/log/{ended.name}.log")


def _misbehave(names: str) -> None:
    wanted = "all" if names == "all" else _rates(names)
    answer = requests.post(f"{settings.UNIPILE_BASE_URL}/_sandbox/faults", json={"faults": wanted}, timeout=30)
    if not answer.ok:
        raise CommandError(f"The sandbox does not know these faults: {answer.text}")


def _rates(names: str) -> dict[str, float]:
    """`timeout_after,webhook_lost=0.5`: a name alone strikes every tenth time."""
    pairs = (name.strip().partition("=") for name in names.split(","))
    try:
        return {name: float(rate) if rate else 0.1 for name, _, rate in pairs}
    except ValueError as problem:
        raise CommandError(
            f"--faults takes names, each with a rate if you like (webhook_lost=0.5): {problem}"
        ) from problem
