"""What comes in from outside: webhooks that find us or do not, people who write, sessions that are lost."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from django.test import Client as Browser

from integrations import receiving
from integrations.models import Account, WebhookReceipt
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.people import Person
from integrations.unipile.sandbox.transport import HOST
from outreach import clock

if TYPE_CHECKING:
    from tests.simulation.stage import Stage

UNSUBSCRIBES = ("Please do not contact me again.", "Bitte schreiben Sie mir nicht mehr.")
ANSWERS = ("Tell me more", "Not interested, thanks.", "Who are you?")


def away(until: str) -> str:
    return f"Automatic reply: I am out of office until {until}."


class Outside:
    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.browser = Browser()
        self.reads: dict[tuple[str, str], datetime] = {}  # by account and route: the last reading that went well

    # --- The provider -----------------------------------------------------------------------------------

    def listened_to(self, sandbox: Sandbox) -> Callable[..., Iterable[bytes]]:
        """The sandbox, with a note of every list that was read from it."""

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            def note_it(status: str, headers: Any, error: Any = None) -> Any:
                named = parse_qs(environ["QUERY_STRING"]).get("account_id")
                if environ["REQUEST_METHOD"] == "GET" and named and status.startswith("2"):
                    self.reads[named[0], environ["PATH_INFO"].removeprefix("/api/v1")] = self.stage.at
                return start_response(status, headers, error)

            return sandbox(environ, note_it)

        return app

    def misbehave(self, faults: object) -> None:
        self.control("/faults", faults=faults)

    def control(self, path: str, **body: object) -> None:
        answer = self.stage.session.post(f"{HOST}/_sandbox{path}", json=body)
        assert answer.ok, answer.text

    def heal(self) -> None:
        """Every session is found again."""
        for account_id in self.stage.sandbox.account_ids:
            self.control(f"/accounts/{account_id}/status", status="OK")

    def read_everything(self) -> None:
        """The last readings: whatever webhooks have lost is found now."""
        at = self.stage.at
        Account.objects.of(self.stage.builder.client).update(messages_poll_at=at, relations_poll_at=at)

    # --- Webhooks ---------------------------------------------------------------------------------------

    def deliver(self, url: str, headers: object, body: bytes) -> int:
        """A webhook reaches us, or finds us dead."""
        from tests.simulation.stage import Crash

        path = url.removeprefix("http://outreach.test")
        given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in dict(headers).items()}  # type: ignore[call-overload]
        try:
            with clock.frozen(self.stage.at):
                return self.browser.generic("POST", path, body, content_type="", **given).status_code
        except Crash:
            return 0

    def process_receipts(self) -> int:
        at = self.stage.at
        due = list(WebhookReceipt.objects.due(at).order_by("pk").values_list("pk", flat=True))
        self.stage.rng.shuffle(due)
        for pk in due:
            if receipt := receiving.claim(pk, at=at):
                receiving.process(receipt, at=at, client=self.stage.provider)
        return len(due)

    # --- People -----------------------------------------------------------------------------------------

    def people_act(self) -> str:
        """Somebody does what nobody waited for."""
        return self.stage.rng.choice((self._write, self._write, self._owner_writes, self._lose_or_find_session))()

    def _someone(self) -> tuple[str, Person] | None:
        """Somebody whom one of the accounts has written to or invited, and that account."""
        world, rng = self.stage.sandbox.parts.world, self.stage.rng
        touched = [(entry["account_id"], entry["person"]) for entry in world.ledger if entry["kind"] != "withdrawal"]
        if not touched:
            return None
        account_id, person = rng.choice(touched)
        found = world.population.known(person)
        return (account_id, found) if found else None

    def _write(self) -> str:
        if not (chosen := self._someone()):
            return ""
        account_id, person = chosen
        back = (self.stage.at + timedelta(days=self.stage.rng.choice((1, 2, 5)))).date().isoformat()
        text = self.stage.rng.choice((away(back), away(back), *UNSUBSCRIBES, *ANSWERS))
        self.control("/answer", account_id=account_id, person=person.provider_id, text=text)
        return f"{person.provider_id[-6:]} writes {text!r}"

    def _owner_writes(self) -> str:
        """The owner of an account writes by hand, on their telephone."""
        if not (chosen := self._someone()):
            return ""
        account_id, person = chosen
        parts = self.stage.sandbox.parts
        account = parts.world.accounts[account_id]
        if account.status != "OK" or account.relation_with(person) is None:
            return ""
        chat = parts.world.chat_with(account, person)
        at = self.stage.at.replace(microsecond=self.stage.at.microsecond // 1000 * 1000)
        message = parts.world.add_message(chat, sender=account.owner, text="By hand: hello again!", at=at)
        parts.rules.herald.message(message, at=at)
        return f"the owner writes to {person.provider_id[-6:]}"

    def _lose_or_find_session(self) -> str:
        account_id = self.stage.rng.choice(self.stage.sandbox.account_ids)
        status = self.stage.rng.choice(("CREDENTIALS", "STOPPED", "OK", "OK", "RESTRICTED"))
        self.control(f"/accounts/{account_id}/status", status=status)
        return f"{account_id[-6:]} becomes {status}"
