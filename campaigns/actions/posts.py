"""The steps that act on somebody's newest post: like it, or comment on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from campaigns.actions.contract import AccountStep, Evidence, Findings, Job, TextUse
from campaigns.models import Step
from inbox.ingesting import same_words
from integrations.dispatching import Outcome
from integrations.models import Account, Action, Dispatch
from integrations.unipile.client import UnipileClient
from integrations.unipile.types import Post
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
        """A restored backup, or the owner by hand, may have liked it already: a second time would be noticed."""
        found, account = _newest_post(job, client, lambda post: post.can_react, "that can be liked"), job.account
        if not found.data or not _liked(str(found.data["post_id"]), account, client):
            return found
        return replace(found, nothing_to_do="was liked already")

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
        if _liked(str(dispatch.data["post_id"]), account, client):
            return Evidence(True, "our reaction stands at the post", Outcome(State.SENT))
        return Evidence(False, "the post does not hold our reaction")


class CommentPost(AccountStep):
    kind = "comment_post"
    label = "Comment on the latest post"
    action = Action.COMMENT
    text = TextUse.REQUIRED

    def text_limit(self, account: Account | None) -> int | None:
        return COMMENT_LIMIT

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """These very words below it already: said by hand, or before a backup was restored."""
        found = _newest_post(job, client, lambda post: post.can_comment, "that can be commented on")
        if not found.data or not _said(str(found.data["post_id"]), job.dispatch, client):
            return found
        return replace(found, nothing_to_do="holds this comment already")

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        client.comment(
            account_id=job.account.provider_account_id,
            social_id=str(job.dispatch.data["post_id"]),
            text=job.dispatch.text,
        )
        return Outcome(State.SENT)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """Our words stand below the post, or they were not written."""
        if _said(str(dispatch.data["post_id"]), dispatch, client):
            return Evidence(True, "our comment stands below the post", Outcome(State.SENT))
        return Evidence(False, "our comment does not stand below the post")


def _liked(post_id: str, account: Account, client: UnipileClient) -> bool:
    marks = client.reactions(post_id, account_id=account.provider_account_id)
    return any(mark.author_id == account.provider_user_id for mark in marks)


def _said(post_id: str, dispatch: Dispatch, client: UnipileClient) -> bool:
    marks = client.comments(post_id, account_id=dispatch.account.provider_account_id)
    ours = ("", dispatch.account.provider_user_id)  # whose it is may not be told
    return any(mark.author_id in ours and same_words(dispatch.text, mark.text) for mark in marks)


def _newest_post(job: Job, client: UnipileClient, fits: Callable[[Post], bool], words: str) -> Findings:
    """Posts are asked for by provider id, which the profile tells."""
    account_id = job.account.provider_account_id
    profile = None if job.lead.provider_id else client.profile(job.lead.identifier, account_id=account_id)
    person = profile.provider_id if profile else job.lead.provider_id
    post = next((post for post in client.posts(person, account_id=account_id) if fits(post)), None)
    if post is None:
        return Findings(profile=profile, nothing_to_do=f"has no post {words}")
    return Findings(profile=profile, data={"post_id": post.social_id})
