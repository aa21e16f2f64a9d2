"""Clients are walls (law 8): who sees and who changes what, for every table that belongs to a client."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet

from campaigns.models import CampaignDay, Enrollment, ManualTask, StepExecution
from inbox.models import Conversation, Message, Participant
from integrations.models import Dispatch, OutboundCall
from leads.models import Connection, CustomField
from outreach.clients.models import Client, ClientOwned, Membership, User
from outreach.clients.querysets import ClientOwnedQuerySet
from outreach.clients.roles import may_administer, may_change
from outreach.events.kinds import EventKind
from outreach.events.models import Event
from outreach.events.recording import record
from tests.worlds import MONDAY_MORNING, make_account, make_campaign, make_client, make_lead, make_user

pytestmark = pytest.mark.django_db
AT = MONDAY_MORNING
OWNED: list[type[Model]] = [model for model in apps.get_models() if issubclass(model, ClientOwned)]
WALLED: list[type[Model]] = [*OWNED, Client, Membership, Event]


def furnish(name: str) -> Client:
    """A client with at least one row of every table."""
    client = make_client(name)
    account = make_account(client, provider_account_id=f"acc-{name}")
    lead = make_lead(client, public_identifier=f"lead-of-{name.lower()}")
    campaign = make_campaign(client, [account])
    step = campaign.current_sequence().steps.earliest("position")
    own: dict[str, Any] = {"client": client}
    CustomField.objects.create(**own, key="size", label="Size")
    Connection.objects.create(**own, account=account, lead=lead, connected_at=AT, noticed_at=AT, noticed_by="poll")
    enrollment = Enrollment.objects.create(
        **own, campaign=campaign, lead=lead, sequence=campaign.current_sequence(), account=account, enrolled_at=AT
    )
    dispatch = Dispatch.objects.create(**own, key=name, account=account, action="message", reserved_at=AT)
    StepExecution.objects.create(**own, enrollment=enrollment, step=step, dispatch=dispatch, reserved_at=AT)
    CampaignDay.objects.create(**own, campaign=campaign, day=AT.date(), begun=1)
    ManualTask.objects.create(**own, enrollment=enrollment, step=step, instructions="Ring them", opened_at=AT)
    OutboundCall.objects.create(**own, url="https://example.com/", payload={}, next_attempt_at=AT)
    conversation = Conversation.objects.create(**own, account=account, lead=lead, provider_chat_id="c")
    Participant.objects.create(**own, conversation=conversation, provider_id="ACoAAx")
    Message.objects.create(
        **own, conversation=conversation, account=account, direction="in", sent_at=AT, recorded_at=AT
    )
    record(EventKind.CLIENT_PAUSED, at=AT, actor="system", client=client)
    make_user(f"member-of-{name.lower()}", client=client)
    return client


@pytest.fixture
def clients() -> tuple[Client, Client]:
    return furnish("Northwind"), furnish("Southwind")


NORTH, BOTH, NONE = {"Northwind"}, {"Northwind", "Southwind"}, set[str]()


def inactive(user: User) -> User:
    user.is_active = False
    user.save()
    return user


# Who: what they see, and what they may change.
PEOPLE: dict[str, tuple[Callable[[Client], User | AnonymousUser], set[str], set[str]]] = {
    "the operator": (lambda north: make_user(is_superuser=True), BOTH, BOTH),
    "an admin": (lambda north: make_user(client=north, role="admin"), NORTH, NORTH),
    "an agent": (lambda north: make_user(client=north, role="agent"), NORTH, NORTH),
    "a viewer": (lambda north: make_user(client=north, role="viewer"), NORTH, NONE),
    "a stranger": (lambda north: make_user(), NONE, NONE),
    "staff without a client": (lambda north: make_user(is_staff=True), NONE, NONE),
    "an inactive operator": (lambda north: inactive(make_user(is_superuser=True)), NONE, NONE),
    "an inactive admin": (lambda north: inactive(make_user(client=north, role="admin")), NONE, NONE),
    "nobody": (lambda north: AnonymousUser(), NONE, NONE),
}


def owners(rows: QuerySet[Any]) -> set[str]:
    """Names of the clients whose rows these are."""
    return {row.name if isinstance(row, Client) else row.client.name for row in rows}


def test_there_are_tables_to_guard_and_the_world_has_a_row_of_each(clients: tuple[Client, Client]) -> None:
    assert len(OWNED) >= 12
    empty = [model.__name__ for model in WALLED if owners(model._default_manager.all()) != BOTH]
    assert not empty, "extend furnish()"


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
def test_every_table_of_a_client_answers_the_two_questions(model: type[Model]) -> None:
    assert isinstance(model._default_manager.all(), ClientOwnedQuerySet)


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_sees_their_own_clients_rows_and_no_others(clients: tuple[Client, Client], who: str) -> None:
    make, sees, _ = PEOPLE[who]
    user = make(clients[0])
    wrong = {model.__name__: owners(model._default_manager.visible_to(user)) for model in WALLED}
    assert {name: found for name, found in wrong.items() if found != sees} == {}


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_changes_only_what_their_role_lets_them(clients: tuple[Client, Client], who: str) -> None:
    make, _, changes = PEOPLE[who]
    user = make(clients[0])
    wrong = {model.__name__: owners(model._default_manager.changeable_by(user)) for model in WALLED}
    assert {name: found for name, found in wrong.items() if found != changes} == {}


def test_a_member_of_two_clients_has_each_role_where_it_was_given(clients: tuple[Client, Client]) -> None:
    north, south = clients
    user = make_user(client=north, role="viewer")
    Membership.objects.create(user=user, client=south, role="agent")
    for model in WALLED:
        rows = model._default_manager
        assert owners(rows.visible_to(user)) == BOTH, model
        assert owners(rows.changeable_by(user)) == {"Southwind"}, model


@pytest.mark.parametrize("question", ["visible_to", "changeable_by"])
def test_no_row_is_told_twice(clients: tuple[Client, Client], question: str) -> None:
    """However many members and memberships there are."""
    north, south = clients
    user = make_user(client=north, role="admin")
    Membership.objects.create(user=user, client=south, role="admin")
    for number in range(3):
        make_user(f"colleague-{number}", client=north, role="admin")
    for model in WALLED:
        keys = list(getattr(model._default_manager, question)(user).values_list("pk", flat=True))
        assert len(keys) == len(set(keys)), model


@pytest.mark.parametrize("who", PEOPLE)
def test_the_questions_about_one_client_agree_with_the_rows(clients: tuple[Client, Client], who: str) -> None:
    make, _, changes = PEOPLE[who]
    user = make(clients[0])
    assert {client.name for client in clients if may_change(user, client.pk)} == changes
    administered = {client.name for client in clients if may_administer(user, client.pk)}
    assert administered == (changes if who in ("the operator", "an admin") else NONE)


def models_with_a_client() -> Iterator[type[Model]]:
    for model in apps.get_models():
        if any(field.name == "client" for field in model._meta.fields):
            yield model


def test_a_table_with_a_client_is_walled_or_known_to_be_open_to_operators_only() -> None:
    """A new table that names a client must choose."""
    for_operators = {"WebhookReceipt", "Suppression"}
    unguarded = {
        model.__name__
        for model in models_with_a_client()
        if not hasattr(model._default_manager.all(), "visible_to") and model.__name__ not in for_operators
    }
    assert unguarded == set()
