"""The steps that act on somebody's newest post: like it, or comment on it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from campaigns.actions.contract import AccountStep, Evidence, Findings, Job, TextUse
from campaigns.models import Step
from inbox.ingesting import same_words
from integrations.dispatching import Outcome
from integrations.models import Account, Action, Dispatch
from integrations.unipile.client import POSTS_PAGE, UnipileClient
from integrations.unipile.types import Post, PostMark
from outreach.clients.models import Client

State = Dispatch.State
REACTIONS = ("like", "celebrate", "support", "love", "insightful", "funny")
COMMENT_LIMIT = 1250  # Unipile API, section 3.5


class LikePost(AccountStep):
    kind = "like_post"
    label = "Like the latest post"
    action = Action.REACTION
    options = {"reaction": f"One of {', '.join(REACTIONS)}; like when left out."}

    def problems(self, step: Step, client: Client) -> list[str]:
        reaction = step.options.get("reaction", "like")
        return [] if reaction in REACTIONS else [f'"reaction" is one of {", ".join(REACTIONS)}; not {reaction!r}.']

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """A reaction that stands there already is not made again: by hand, or before a backup was restored."""
        found = _newest_post(job, client, lambda post: post.can_react, "that can be liked")
        if not found.data:
            return found
        marks = client.reactions(str(found.data["post_id"]), account_id=job.account.provider_account_id)
        if _has_reacted(marks, job.account):
            return replace(found, nothing_to_do="has our reaction already", data={})
        return found

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        client.react(
            account_id=job.account.provider_account_id,
            social_id=str(job.dispatch.data["post_id"]),
            reaction=str(job.step.options.get("reaction", "like")),
        )
        return Outcome(State.SENT)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """Our reaction is among those of the post, or it was not made."""
        account = dispatch.account
        marks = client.reactions(str(dispatch.data["post_id"]), account_id=account.provider_account_id)
        if _has_reacted(marks, account):
            return Evidence(True, "our reaction stands at the post", Outcome(State.SENT))
        return _absent(marks, "the post does not hold our reaction")


class CommentPost(AccountStep):
    kind = "comment_post"
    label = "Comment on the latest post"
    action = Action.COMMENT
    text = TextUse.REQUIRED

    def text_limit(self, account: Account | None) -> int | None:
        return COMMENT_LIMIT

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """Words that stand there already are not written again: by hand, or before a backup was restored."""
        found = _newest_post(job, client, lambda post: post.can_comment, "that can be commented on")
        if not found.data:
            return found
        marks = client.comments(str(found.data["post_id"]), account_id=job.account.provider_account_id)
        if _has_commented(marks, job.dispatch):
            return replace(found, nothing_to_do="has our comment already", data={})
        return found

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        client.comment(
            account_id=job.account.provider_account_id,
            social_id=str(job.dispatch.data["post_id"]),
            text=job.dispatch.text,
        )
        return Outcome(State.SENT)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """Our words stand below the post, or they were not written."""
        account = dispatch.account
        marks = client.comments(str(dispatch.data["post_id"]), account_id=account.provider_account_id)
        if _has_commented(marks, dispatch):
            return Evidence(True, "our comment stands below the post", Outcome(State.SENT))
        return _absent(marks, "our comment does not stand below the post")


def _absent(marks: Sequence[PostMark], words: str) -> Evidence:
    """What is not among the first hundred may be behind them: then nobody can tell, and nothing is repeated."""
    if len(marks) >= POSTS_PAGE:
        return Evidence(None, f"{words} among the first {POSTS_PAGE}")
    return Evidence(False, words)


def _has_reacted(marks: Sequence[PostMark], account: Account) -> bool:
    return any(mark.author_id == account.provider_user_id for mark in marks)


def _has_commented(marks: Sequence[PostMark], dispatch: Dispatch) -> bool:
    """The same words of a stranger are not ours; a comment whose author is not told may be."""
    ours = (mark for mark in marks if mark.author_id in ("", dispatch.account.provider_user_id))
    return any(same_words(dispatch.text, mark.text) for mark in ours)


def _newest_post(job: Job, client: UnipileClient, fits: Callable[[Post], bool], words: str) -> Findings:
    """Posts are asked for by provider id, which the profile tells."""
    account_id = job.account.provider_account_id
    profile = None if job.lead.provider_id else client.profile(job.lead.identifier, account_id=account_id)
    person = profile.provider_id if profile else job.lead.provider_id
    post = next((post for post in client.posts(person, account_id=account_id) if fits(post)), None)
    if post is None:
        return Findings(profile=profile, nothing_to_do=f"has no post {words}")
    return Findings(profile=profile, data={"post_id": post.social_id})
