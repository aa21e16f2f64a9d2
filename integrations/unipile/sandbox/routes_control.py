"""The sandbox's own routes, under /_sandbox: look at what happened, and make things happen. They need no key."""

import csv
import io
from datetime import datetime
from typing import Any

from integrations.unipile.reading import iso_ms
from integrations.unipile.sandbox import refusals
from integrations.unipile.sandbox.calls import Answer, Call, Route, required
from integrations.unipile.sandbox.parts import Parts
from integrations.unipile.sandbox.people import Person, Unreachable
from integrations.unipile.sandbox.world import RESTRICTED, SOURCE_STATUSES, Account

CSV_HEADER = ("First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On")


def overview(call: Call) -> Answer:
    return Answer({"routes": [f"{route.method} /_sandbox{route.path}" for route in ROUTES]})


def ledger(call: Call) -> Answer:
    return Answer(list(call.world.ledger))


def inbound(call: Call) -> Answer:
    return Answer(call.world.inbound_as_told())


def deliveries(call: Call) -> Answer:
    return Answer([delivery.shown() for delivery in call.parts.courier.log])


def next_due(call: Call) -> Answer:
    """What to wait for: `next_at` is the earliest thing still to come, `pending_deliveries` what is due now."""
    return Answer(
        {
            "next_at": _iso_or_none(next_at(call.parts, call.at)),
            "pending_deliveries": call.parts.courier.pending(call.at),
        }
    )


def next_at(parts: Parts, at: datetime) -> datetime | None:
    """The earliest happening or delivery after the moment."""
    coming = (parts.schedule.next_at(), parts.courier.next_after(at))
    return min((moment for moment in coming if moment is not None), default=None)


def _iso_or_none(moment: datetime | None) -> str | None:
    return iso_ms(moment) if moment else None


def state(call: Call) -> Answer:
    world = call.world
    return Answer(
        {
            "now": iso_ms(call.at),
            "seed": call.parts.setup.seed,
            "people": len(world.population),
            "accounts": [_account_summary(account) for account in world.accounts.values()],
            "webhooks": len(world.webhooks),
            "ledger": len(world.ledger),
            "inbound": len(world.inbound),
            "faults": call.parts.faults.shown(),
        }
    )


def _account_summary(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.owner.name,
        "status": account.status,
        "premium": account.premium,
        "relations": len(account.relations),
        "pending_invitations": len(account.pending),
        "chats": len(account.chats),
        "messages": len(account.messages),
    }


def reset(call: Call) -> Answer:
    """Start over, webhooks and faults included."""
    seed = call.json().get("seed") if call.request.data else None
    if seed is not None and not isinstance(seed, int):
        raise refusals.invalid_parameters("seed must be a whole number")
    call.reset(seed)
    return Answer({"object": "SandboxReset"})


def faults(call: Call) -> Answer:
    return Answer({"faults": call.parts.faults.shown()})


def set_faults(call: Call) -> Answer:
    call.parts.faults.put(call.json().get("faults", {}))
    return faults(call)


def answer(call: Call) -> Answer:
    """A person writes now."""
    account, person, body = _who(call)
    message = call.parts.society.write(account, person, text=required(body, "text"), at=call.at)
    return Answer({"object": "SandboxAnswered", "message_id": message.id, "chat_id": message.chat.id})


def accept(call: Call) -> Answer:
    """A person accepts now the invitation that is waiting for them."""
    account, person, _ = _who(call)
    invitation = account.pending.get(person.provider_id)
    if invitation is None:
        raise refusals.not_found("Pending invitation")
    call.parts.society.accept(invitation, at=call.at)
    return Answer({"object": "SandboxAccepted", "person": person.provider_id})


def _who(call: Call) -> tuple[Account, Person, dict[str, Any]]:
    body = call.json()
    try:
        person = call.world.population.found(required(body, "person"))
    except Unreachable as error:
        raise refusals.not_found("Person") from error
    return call.account_named(body.get("account_id")), person, body


def set_status(call: Call, account_id: str) -> Answer:
    status = required(call.json(), "status").upper()
    if status not in (*SOURCE_STATUSES, RESTRICTED):
        raise refusals.invalid_parameters(f"status must be one of {', '.join(SOURCE_STATUSES)} or {RESTRICTED}")
    account = call.account_named(account_id)
    call.parts.rules.set_status(account, status, at=call.at)
    return Answer({"object": "SandboxAccount", **_account_summary(account)})


def people_csv(call: Call) -> Answer:
    count = call.request.args.get("count", "60")
    if not count.isdigit():
        raise refusals.invalid_parameters("count must be a whole number")
    return Answer(csv_of_strangers(call.parts, int(count)), content_type="text/csv; charset=utf-8")


def csv_of_strangers(parts: Parts, count: int) -> str:
    """A lead file of people no account is connected with, shaped like LinkedIn's own export of connections."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    writer.writerows(_csv_row(person) for person in strangers(parts)[:count])
    return out.getvalue()


def strangers(parts: Parts) -> list[Person]:
    """People of the population whom no account is connected with."""
    related = {one for account in parts.world.accounts.values() for one in account.relations}
    return [person for person in parts.world.population.born if person.provider_id not in related]


def _csv_row(person: Person) -> tuple[str, ...]:
    who = (person.first_name, person.last_name, person.address, person.email)
    return (*who, person.company, person.position, "")


ROUTES = (
    Route("GET", "/", overview),
    Route("GET", "/ledger", ledger),
    Route("GET", "/inbound", inbound),
    Route("GET", "/deliveries", deliveries),
    Route("GET", "/next", next_due),
    Route("GET", "/state", state),
    Route("GET", "/people.csv", people_csv),
    Route("GET", "/faults", faults),
    Route("POST", "/faults", set_faults),
    Route("POST", "/reset", reset),
    Route("POST", "/answer", answer),
    Route("POST", "/accept", accept),
    Route("POST", "/accounts/<account_id>/status", set_status),
)
