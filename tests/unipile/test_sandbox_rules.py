"""What the simulated provider allows and refuses, and the shapes of its answers."""

import csv
import io

import pytest

from integrations.errors import ProviderError, Verdict
from integrations.unipile.sandbox.people import Answers
from integrations.unipile.sandbox.transport import HOST
from tests.unipile.conftest import START, Play, make_play


def refusal(play: Play, account_id: str, provider_id: str, message: str = "") -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        play.client.invite(account_id=account_id, provider_id=provider_id, message=message)
    return caught.value


# Invitations


def test_somebody_connected_cannot_be_invited(play: Play) -> None:
    error = refusal(play, play.premium, play.friend(play.premium).provider_id)
    assert (error.status, error.type, error.verdict) == (422, "errors/already_connected", Verdict.ALREADY_DONE)


def test_somebody_invited_cannot_be_invited_again(play: Play) -> None:
    person = play.stranger(accepts=False)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    error = refusal(play, play.premium, person.provider_id)
    assert (error.type, error.verdict) == ("errors/already_invited_recently", Verdict.COOLING_DOWN)
    play.client.invite(account_id=play.free, provider_id=person.provider_id)


def test_a_withdrawal_blocks_the_person_for_three_weeks(play: Play) -> None:
    person = play.stranger(accepts=False)
    sent = play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    play.client.withdraw_invitation(account_id=play.premium, invitation_id=sent.invitation_id)
    play.pass_time(days=20, hours=23)
    assert refusal(play, play.premium, person.provider_id).verdict is Verdict.COOLING_DOWN
    play.pass_time(hours=1)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)


def test_a_withdrawn_invitation_is_never_accepted(play: Play) -> None:
    person = play.stranger(accepts=True)
    sent = play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    play.client.withdraw_invitation(account_id=play.premium, invitation_id=sent.invitation_id)
    play.pass_time(days=10)
    assert not play.client.profile(person.provider_id, account_id=play.premium).is_connected


@pytest.mark.parametrize(("premium", "longest"), [(True, 300), (False, 200)])
def test_a_note_is_as_long_as_the_account_may_write(play: Play, premium: bool, longest: int) -> None:
    account_id = play.premium if premium else play.free
    person = play.stranger()
    error = refusal(play, account_id, person.provider_id, "x" * (longest + 1))
    assert (error.status, error.type) == (400, "errors/too_many_characters")
    play.client.invite(account_id=account_id, provider_id=person.provider_id, message="x" * longest)


def test_the_weekly_cap_refuses_the_next_and_lets_go_after_a_week() -> None:
    play = make_play(weekly_invitations=3)
    people = play.strangers()
    for person in people[:3]:
        play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    error = refusal(play, play.premium, people[3].provider_id)
    assert (error.status, error.type) == (422, "errors/cannot_resend_yet")
    play.client.invite(account_id=play.free, provider_id=people[3].provider_id)
    play.pass_time(days=7)
    play.client.invite(account_id=play.premium, provider_id=people[3].provider_id)
    assert len(play.sandbox.ledger()) == 5


def test_usage_is_told_only_when_a_mark_is_crossed() -> None:
    play = make_play(weekly_invitations=10)
    usages = [
        play.client.invite(account_id=play.premium, provider_id=person.provider_id).usage
        for person in play.strangers()[:10]
    ]
    assert usages == [None, None, None, None, 50, None, None, 75, 90, 95]


def test_an_unknown_recipient_and_the_account_itself_cannot_be_invited(play: Play) -> None:
    assert refusal(play, play.premium, "ACoAA" + "x" * 34).type == "errors/invalid_recipient"
    own = play.client.own_profile(play.premium).provider_id
    assert refusal(play, play.premium, own).type == "errors/cannot_invite_attendee"


def test_an_empty_note_is_malformed(play: Play) -> None:
    body = {"account_id": play.premium, "provider_id": play.stranger().provider_id, "message": ""}
    answer = play.session.post(f"{HOST}/api/v1/users/invite", json=body, headers={"X-API-KEY": "sandbox"})
    assert (answer.status_code, answer.json()["type"]) == (400, "errors/invalid_parameters")


# Messages


def test_a_stranger_cannot_be_written_to(play: Play) -> None:
    with pytest.raises(ProviderError) as caught:
        play.client.start_chat(account_id=play.premium, attendee_provider_id=play.stranger().provider_id, text="Hello")
    assert caught.value.verdict is Verdict.NOT_CONNECTED
    assert play.sandbox.ledger() == []


def test_a_new_chat_with_an_old_acquaintance_is_the_old_chat(play: Play) -> None:
    old = next(play.client.chats(play.premium))
    sent = play.client.start_chat(
        account_id=play.premium, attendee_provider_id=old.attendee_provider_id, text="Hello again"
    )
    assert sent.chat_id == old.id


def test_a_chat_of_another_account_is_refused(play: Play) -> None:
    chat = next(play.client.chats(play.premium))
    with pytest.raises(ProviderError, match="another account"):
        play.client.send_message(account_id=play.free, chat_id=chat.id, text="Hello")


def test_a_message_needs_text(play: Play) -> None:
    chat = next(play.client.chats(play.premium))
    with pytest.raises(ProviderError, match="'text' is missing"):
        play.client.send_message(account_id=play.premium, chat_id=chat.id, text=" ")


def test_attendees_are_a_repeated_field_of_a_multipart_form(play: Play) -> None:
    friend = play.friend(play.premium)
    url, headers = f"{HOST}/api/v1/chats", {"X-API-KEY": "sandbox"}
    fields = [("account_id", play.premium), ("attendees_ids", friend.provider_id), ("text", "Hello")]
    made = play.session.post(url, files=[(name, (None, value)) for name, value in fields], headers=headers)
    assert (made.status_code, made.json()["object"]) == (201, "ChatStarted")
    assert play.session.post(url, data=dict(fields), headers=headers).status_code == 415
    two = [*fields, ("attendees_ids", play.friend(play.free).provider_id)]
    many = play.session.post(url, files=[(name, (None, value)) for name, value in two], headers=headers)
    assert many.status_code == 501


# Accounts


def test_a_lost_session_refuses_sends_and_serves_what_was_known(play: Play) -> None:
    person = play.stranger(accepts=True)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    friend = play.friend(play.premium)
    known = list(play.client.messages(play.premium))
    play.control(f"/accounts/{play.premium}/status", status="CREDENTIALS")
    play.pass_time(days=10)
    play.control("/answer", account_id=play.premium, person=friend.provider_id, text="Are you there?")
    assert play.client.account(play.premium).status == "CREDENTIALS"
    assert list(play.client.messages(play.premium)) == known
    assert play.client.profile(person.provider_id, account_id=play.premium).invitation_pending
    assert [one.provider_id for one in play.client.sent_invitations(play.premium)] == [person.provider_id]
    assert person.provider_id not in [one.provider_id for one in play.client.relations(play.premium)]
    with pytest.raises(ProviderError) as caught:
        play.client.start_chat(account_id=play.premium, attendee_provider_id=friend.provider_id, text="Hello")
    assert (caught.value.status, caught.value.type) == (401, "errors/disconnected_account")


def test_what_was_missed_shows_once_the_session_is_back(play: Play) -> None:
    friend = play.friend(play.premium)
    play.control(f"/accounts/{play.premium}/status", status="CREDENTIALS")
    play.pass_time(hours=2)
    play.control("/answer", account_id=play.premium, person=friend.provider_id, text="Are you there?")
    written_at = play.clock.at
    play.pass_time(hours=2)
    play.control(f"/accounts/{play.premium}/status", status="OK")
    newest = next(play.client.messages(play.premium))
    assert (newest.text, newest.sent_at) == ("Are you there?", written_at)


def test_a_restricted_account_sends_nothing(play: Play) -> None:
    play.control(f"/accounts/{play.premium}/status", status="RESTRICTED")
    assert refusal(play, play.premium, play.stranger().provider_id).verdict is Verdict.ACCOUNT_RESTRICTED


# People


def test_a_slug_nobody_knows_is_a_person_all_the_same_and_always_the_same(play: Play) -> None:
    first = play.client.profile("max-mustermann-3a4b", account_id=play.premium)
    again = make_play().client.profile("Max-Mustermann-3a4b", account_id=play.premium)
    assert first == again
    assert first.name == "Max Mustermann"
    assert play.client.profile(first.provider_id, account_id=play.premium) == first
    play.client.invite(account_id=play.premium, provider_id=first.provider_id)


@pytest.mark.parametrize(
    ("slug", "status", "type"),
    [
        ("gone-girl", 404, "errors/resource_not_found"),
        ("locked-room", 422, "errors/invalid_recipient"),
        ("ACoAA" + "x" * 34, 404, "errors/resource_not_found"),
        ("a b c!", 404, "errors/resource_not_found"),
    ],
)
def test_some_people_cannot_be_looked_up(play: Play, slug: str, status: int, type: str) -> None:
    with pytest.raises(ProviderError) as caught:
        play.client.profile(slug, account_id=play.premium)
    assert (caught.value.status, caught.value.type) == (status, type)
    assert caught.value.verdict is Verdict.LEAD_IMPOSSIBLE


def test_the_lead_file_lists_people_no_account_knows(play: Play) -> None:
    answer = play.session.get(f"{HOST}/_sandbox/people.csv", params={"count": 25})
    answer.encoding = "utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.text.splitlines()[0] == "First Name,Last Name,URL,Email Address,Company,Position,Connected On"
    assert len(rows) == 25
    for row in rows:
        profile = play.client.profile(row["URL"].rpartition("/")[2], account_id=play.premium)
        assert (profile.first_name, profile.last_name) == (row["First Name"], row["Last Name"])
        assert not profile.is_connected


def test_people_have_every_temperament(play: Play) -> None:
    moods = [person.temperament for person in play.strangers()]
    assert {mood.answers for mood in moods} == set(Answers)
    assert {mood.accepts_after is None for mood in moods} == {True, False}
    assert any(mood.answers_note for mood in moods)


def test_both_accounts_start_with_a_past(play: Play) -> None:
    for account_id in play.sandbox.account_ids:
        assert len(list(play.client.relations(account_id))) >= 12
        assert len(list(play.client.chats(account_id))) >= 3
        assert all(message.sent_at < START for message in play.client.messages(account_id))


# Shapes, bounds and addresses


@pytest.mark.parametrize("key", ["", "wrong"])
def test_nothing_is_served_without_the_key(play: Play, key: str) -> None:
    answer = play.get("/api/v1/accounts", key=key)
    assert (answer.status_code, answer.json()["type"]) == (401, "errors/missing_credentials")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/accounts", "AccountList"),
        ("/users/relations", "UserRelationsList"),
        ("/users/invite/sent", "InvitationList"),
        ("/chats", "ChatList"),
        ("/messages", "MessageList"),
        ("/webhooks", "WebhookList"),
    ],
)
def test_every_list_has_its_name_its_items_and_a_cursor(play: Play, path: str, name: str) -> None:
    body = play.get(f"/api/v1{path}", account_id=play.premium, limit=100).json()
    assert body["object"] == name
    assert isinstance(body["items"], list)
    assert body["cursor"] is None


@pytest.mark.parametrize(
    ("path", "highest"), [("/accounts", 250), ("/chats", 250), ("/users/relations", 1000), ("/users/invite/sent", 100)]
)
def test_limits_have_bounds(play: Play, path: str, highest: int) -> None:
    def type_of(limit: object) -> str:
        return str(play.get(f"/api/v1{path}", account_id=play.premium, limit=limit).json().get("type", ""))

    assert type_of(highest) == ""
    assert type_of(highest + 1) == "errors/limit_too_high"
    assert [type_of(bad) for bad in (0, -1, "x", "")] == ["errors/invalid_parameters"] * 4


@pytest.mark.parametrize("moment", ["2026-07-01T08:30:00Z", "2026-07-01", "1782894600000", "2026-19-01T08:30:00.000Z"])
@pytest.mark.parametrize("name", ["before", "after"])
def test_a_moment_without_milliseconds_is_refused(play: Play, name: str, moment: str) -> None:
    answer = play.get("/api/v1/messages", account_id=play.premium, **{name: moment})
    assert (answer.status_code, answer.json()["type"]) == (400, "errors/invalid_parameters")


def test_before_and_after_are_exclusive(play: Play) -> None:
    stamps = [one["timestamp"] for one in play.get("/api/v1/messages", account_id=play.premium).json()["items"]]
    newest, middle, oldest = stamps[0], stamps[5], stamps[-1]
    found = play.get("/api/v1/messages", account_id=play.premium, before=newest, after=oldest).json()["items"]
    assert [one["timestamp"] for one in found] == stamps[1:-1]
    assert middle in stamps[1:-1]


def test_pages_stay_whole_while_news_arrives(play: Play) -> None:
    first = play.get("/api/v1/messages", account_id=play.premium, limit=4).json()
    play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text="News")
    rest = play.get("/api/v1/messages", account_id=play.premium, limit=100, cursor=first["cursor"]).json()
    ids = [one["id"] for one in first["items"] + rest["items"]]
    everything = [one["id"] for one in play.get("/api/v1/messages", account_id=play.premium).json()["items"]]
    assert ids == everything[1:]


@pytest.mark.parametrize("cursor", ["nonsense", "e30=", "bnVsbA==", "[]"])
def test_a_cursor_that_was_never_given_is_refused(play: Play, cursor: str) -> None:
    assert play.get("/api/v1/chats", account_id=play.premium, cursor=cursor).status_code == 400


def test_no_address_redirects_to_its_twin_with_a_slash(play: Play) -> None:
    for path in ("/api/v1/accounts", "/api/v1/accounts/", "/_sandbox", "/_sandbox/", "/_sandbox/ledger/"):
        assert play.session.get(f"{HOST}{path}", headers={"X-API-KEY": "sandbox"}).history == []
        assert play.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/elsewhere", "/api/v1/users/connections"])
def test_unknown_addresses_are_a_json_404(play: Play, path: str) -> None:
    answer = play.get(path, account_id=play.premium)
    assert (answer.status_code, answer.json()["type"]) == (404, "errors/resource_not_found")


@pytest.mark.parametrize("account_id", [None, "nobody"])
def test_an_account_must_be_named_and_exist(play: Play, account_id: str | None) -> None:
    answer = play.get("/api/v1/users/me", account_id=account_id)
    assert answer.status_code == (404 if account_id else 400)


def test_experience_is_served_only_when_asked_for(play: Play) -> None:
    path = f"/api/v1/users/{play.stranger().public_identifier}"
    assert "work_experience" not in play.get(path, account_id=play.premium).json()
    for sections in (["experience"], ["*"], ["about,experience"], ["about", "experience"]):
        body = play.get(path, account_id=play.premium, linkedin_sections=sections).json()
        assert body["work_experience"][0]["end"] is None


def test_the_ids_of_people_and_things_look_like_the_real_ones(play: Play) -> None:
    account = play.get("/api/v1/accounts").json()["items"][0]
    own = account["connection_params"]["im"]
    assert len(account["id"]) == 22
    assert (own["id"][:5], len(own["id"])) == ("ACoAA", 39)
    relation = play.get("/api/v1/users/relations", account_id=play.premium).json()["items"][0]
    assert isinstance(relation["created_at"], int)
    assert "provider_id" not in relation
    sent = play.client.invite(account_id=play.premium, provider_id=play.stranger().provider_id)
    assert int(sent.invitation_id) > 2**53


def test_ten_thousand_people_are_no_slower_to_ask() -> None:
    play = make_play(people=10_000)
    assert len(play.sandbox.parts.world.population) == 10_002
    person = play.strangers()[-1]
    assert play.client.profile(person.public_identifier, account_id=play.premium).provider_id == person.provider_id
