"""Visits, likes, comments, endorsements, InMail and withdrawals: each once, each within its own cap, each settled."""

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.editing import StepDraft
from campaigns.models import Enrollment, StepExecution
from integrations.models import Dispatch
from integrations.rebuilding import rebuild_usage
from integrations.unipile.client import POSTS_PAGE
from integrations.unipile.sandbox.people import Person
from integrations.unipile.sandbox.routes_social import posts_by, skills_of
from integrations.unipile.types import PostMark, Skill
from tests.bench import INVITE, Bench, used

pytestmark = pytest.mark.django_db
VISIT = StepDraft("visit_profile")
LIKE = StepDraft("like_post", options={"reaction": "love"})
COMMENT = StepDraft("comment_post", "Well said, {{ first_name }}!")
ENDORSE = StepDraft("endorse_skill")
INMAIL = StepDraft("inmail", "Hello {{ first_name }}.", options={"subject": "A word, {{ first_name }}"})
TAG = StepDraft("tag", options={"tag": "done"})


def with_posts(bench: Bench) -> Person:
    world = bench.sandbox.parts.world
    return next(p for p in bench._strangers if any(post.comments_allowed for post in posts_by(world, p)[:1]))


def friend_with_skills(bench: Bench) -> Person:
    world = bench.sandbox.parts.world
    friends = (bench.friend(number=number) for number in range(30))
    return next(person for person in friends if skills_of(world, person))


STEPS = [
    (VISIT, "profile_view", ""),
    (LIKE, "reaction", "EMPATHY"),
    (COMMENT, "comment", "Well said"),
    (ENDORSE, "endorsement", ""),
    (INMAIL, "inmail", "Hello"),
]


def lead_for(bench: Bench, step: StepDraft) -> Person:
    return friend_with_skills(bench) if step is ENDORSE else with_posts(bench)


@pytest.mark.parametrize(("step", "kind", "text"), STEPS, ids=[kind for _, kind, _ in STEPS])
def test_each_is_done_once_and_counts_against_its_own_cap(step: StepDraft, kind: str, text: str) -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(lead_for(bench, step)), step, TAG)
    bench.read()
    bench.tick_until_idle()
    (entry,) = bench.ledger()
    assert (entry["kind"], text in entry["text"]) == (kind, True)
    assert used(bench.account, kind) == 1
    walk.refresh_from_db()
    assert walk.state == "completed"
    assert rebuild_usage(dry_run=True) == []


@pytest.mark.parametrize("step", [LIKE, COMMENT], ids=["like", "comment"])
def test_what_stands_at_the_post_already_is_not_put_there_again(step: StepDraft) -> None:
    """The owner was faster by hand, or a restored backup has forgotten it."""
    bench = Bench()
    person = with_posts(bench)
    post, account_id = posts_by(bench.sandbox.parts.world, person)[0], bench.account.provider_account_id
    bench.provider.react(account_id=account_id, social_id=post.social_id, reaction="love")
    words = f"Well said, {person.first_name}!"
    bench.provider.comment(account_id=account_id, social_id=post.social_id, text=words)
    walk = bench.walk(bench.lead(person), step, TAG)
    bench.read()
    bench.tick_until_idle()
    assert [entry["kind"] for entry in bench.ledger()] == ["reaction", "comment"]
    walk.refresh_from_db()
    assert walk.state == "completed"
    assert used(bench.account, "reaction") + used(bench.account, "comment") == 0


@pytest.mark.parametrize(("step", "kind", "text"), STEPS, ids=[kind for _, kind, _ in STEPS])
def test_an_answer_that_was_lost_is_settled_and_nothing_is_done_twice(step: StepDraft, kind: str, text: str) -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(lead_for(bench, step)), step, TAG)
    bench.read()
    bench.faults(timeout_after=1.0)
    bench.tick()
    bench.faults()
    for _ in range(8):
        bench.wait(minutes=10)
        bench.recover()
        bench.read()
        bench.tick()
    assert [entry["kind"] for entry in bench.ledger()] == [kind]
    walk.refresh_from_db()
    assert walk.state == "completed"
    assert not Dispatch.objects.filter(state__in=("sending", "unknown")).exists()


def lost_comment(bench: Bench) -> Dispatch:
    """A comment whose answer was lost, before it was written."""
    bench.walk(bench.lead(with_posts(bench)), COMMENT, TAG)
    bench.faults(timeout_before=1.0)
    bench.tick()
    bench.faults()
    return Dispatch.objects.get(action="comment", state="unknown")


def test_somebody_elses_comment_of_the_same_words_is_not_taken_for_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    dispatch = lost_comment(bench)
    theirs = (PostMark(author_id="ACoAAsomebody", text=dispatch.text),)
    monkeypatch.setattr(bench.provider, "comments", lambda social_id, *, account_id: theirs)
    bench.wait(minutes=10)
    bench.recover()
    dispatch.refresh_from_db()
    assert dispatch.state == "rejected"


def test_a_comment_that_may_stand_behind_the_first_hundred_is_not_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    dispatch = lost_comment(bench)
    many = tuple(PostMark(author_id=f"somebody-{number}", text="Nice") for number in range(POSTS_PAGE))
    monkeypatch.setattr(bench.provider, "comments", lambda social_id, *, account_id: many)
    bench.wait(minutes=10)
    bench.recover()
    dispatch.refresh_from_db()
    assert (dispatch.state, dispatch.asked) == ("unknown", 1)


def test_a_skill_that_is_endorsed_already_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    done = (Skill(name="Rail", endorsement_id=7, endorsed=True),)
    monkeypatch.setattr(bench.provider, "skills", lambda identifier, *, account_id: done)
    walk = bench.walk(bench.lead(friend_with_skills(bench)), ENDORSE, TAG)
    bench.tick_until_idle()
    assert "no such skill left" in walk.executions.get(step__position=0).detail
    assert bench.ledger() == []


@pytest.mark.parametrize("step", [LIKE, COMMENT], ids=["like", "comment"])
def test_who_has_no_post_is_passed_over(step: StepDraft) -> None:
    bench = Bench()
    world = bench.sandbox.parts.world
    quiet = next(person for person in bench._strangers if not posts_by(world, person))
    walk = bench.walk(bench.lead(quiet), step, TAG)
    bench.tick_until_idle()
    walk.refresh_from_db()
    assert (bench.ledger(), walk.state) == ([], "completed")
    assert "has no post" in walk.executions.get(step__position=0).detail
    assert used(bench.account, "reaction") + used(bench.account, "comment") == 0


def test_inmail_on_a_free_account_is_refused_before_it_begins() -> None:
    bench = Bench()
    with pytest.raises(ValidationError, match="InMail needs a premium account"):
        bench.walk(None, INMAIL, accounts=[bench.free])


def test_inmail_without_credits_holds_the_lead_with_the_reason() -> None:
    bench = Bench()
    bench.sandbox.parts.world.accounts[bench.account.provider_account_id].inmail_credits = 0
    walk = bench.walk(None, INMAIL)
    bench.tick()
    walk.refresh_from_db()
    assert (walk.held_because, bench.ledger()) == ("feature_missing", [])
    assert bench.provider.inmail_credits(bench.account.provider_account_id) == 0


def test_an_inmail_to_somebody_invited_does_not_wait_for_the_acceptance() -> None:
    bench = Bench()
    bench.unhurried()
    bench.walk(None, INVITE, INMAIL)
    bench.read()
    bench.tick()
    bench.wait(minutes=1)
    bench.read()
    bench.tick()
    assert [entry["kind"] for entry in bench.ledger()] == ["invitation", "inmail"]


def test_a_sequence_can_take_its_invitation_back_and_go_on() -> None:
    bench = Bench()
    bench.unhurried()
    accepted = StepDraft("condition", options={"if": "connected", "within_amount": 5}, next_position=4, else_position=2)
    back = StepDraft("withdraw_invitation")
    walk = bench.walk(None, INVITE, accepted, back, TAG, StepDraft("end"))
    bench.tick_until_idle()
    bench.wait(days=7)
    bench.read()
    bench.tick_until_idle()
    walk.refresh_from_db()
    walk.lead.refresh_from_db()
    assert [entry["kind"] for entry in bench.ledger()] == ["invitation", "withdrawal"]
    assert (walk.withdrawn_at is not None, walk.lead.tags, walk.state) == (True, ["done"], "completed")


def test_what_is_not_pending_any_more_needs_no_withdrawal() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(provider_id=bench.stranger().provider_id), StepDraft("withdraw_invitation"), TAG)
    bench.tick_until_idle()
    assert bench.ledger() == []
    assert Enrollment.objects.get(pk=walk.pk).state == "completed"


WRONG = [
    (StepDraft("inmail", "Hi", options={}), "needs a .subject"),
    (StepDraft("inmail", "Hi", options={"subject": "Hi {{ frist_name }}"}), "frist_name"),
    (StepDraft("like_post", options={"reaction": "adore"}), "is one of"),
    (StepDraft("comment_post"), "needs a text"),
    (StepDraft("visit_profile", "Hello"), "has no text"),
]


@pytest.mark.parametrize(("step", "complaint"), WRONG, ids=[complaint for _, complaint in WRONG])
def test_a_wrong_step_is_refused_when_it_is_saved(step: StepDraft, complaint: str) -> None:
    bench = Bench()
    with pytest.raises(ValidationError, match=complaint):
        bench.campaign([], step)


@pytest.mark.parametrize(("step", "kind"), [(LIKE, "reaction"), (COMMENT, "comment")], ids=["like", "comment"])
def test_what_stands_at_the_post_already_is_not_done_again(step: StepDraft, kind: str) -> None:
    """By hand, or before a backup was restored: our books do not know of it, the post does."""
    bench = Bench()
    bench.unhurried()
    person = with_posts(bench)
    bench.walk(bench.lead(person), step)
    with transaction.atomic():
        bench.tick()
        transaction.set_rollback(True)
    assert [entry["kind"] for entry in bench.ledger()] == [kind]
    bench.wait(hours=1)
    bench.tick_until_idle()
    assert [entry["kind"] for entry in bench.ledger()] == [kind], "it was not done a second time"
    assert "already" in StepExecution.objects.get().detail
