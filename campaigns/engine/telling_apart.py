"""One refusal, two meanings: "cannot resend yet" is the account's cap, or only this one person's (Unipile API, 1.4).

Who is pending, or was withdrawn, the provider shows at once (actions/connection_request.py). For the others the row of
refusals tells: two people refused one after the other are the account's cap; a person who is refused while others get
through is the reason alone. Until that is known the account rests and the lead stays where it was.
"""

from campaigns.actions.contract import Job
from campaigns.models import Enrollment
from integrations.errors import ProviderError, Verdict
from integrations.models import ActionSleep, Dispatch
from integrations.querysets import DispatchQuerySet

State = Dispatch.State


def told_apart(job: Job, problem: ProviderError) -> ProviderError:
    """The refusal as it was meant."""
    if problem.verdict != Verdict.ACCOUNT_CAP or not job.dispatch.person:
        return problem
    earlier = _earlier(job)
    if earlier is None or _refused_since(job, earlier).exists() or not _got_through_since(job, earlier).exists():
        return problem
    detail = f"{problem.detail} Others were taken meanwhile: it is this person, not the account.".strip()
    return ProviderError(
        Verdict.COOLING_DOWN, status=problem.status, type=problem.type, title=problem.title, detail=detail
    )


def let_others_try(job: Job) -> None:
    """Refused twice in a row: somebody else goes first when the account wakes, and shows whose refusal it is."""
    earlier = _earlier(job)
    sleep = ActionSleep.objects.filter(account=job.account, action=job.dispatch.action).first()
    if earlier is None or sleep is None or _refused_since(job, earlier).exists():
        return
    late = Enrollment.objects.filter(pk=job.enrollment.pk, next_action_at__lt=sleep.until)
    late.update(next_action_at=sleep.until)


def _earlier(job: Job) -> Dispatch | None:
    """The last time before this one that the account was refused this person."""
    return _refusals(job).filter(person=job.dispatch.person).order_by("-settled_at").first()


def _refused_since(job: Job, earlier: Dispatch) -> DispatchQuerySet:
    return _refusals(job).exclude(person=job.dispatch.person).filter(settled_at__gte=earlier.settled_at)


def _refusals(job: Job) -> DispatchQuerySet:
    return _others(job).filter(state=State.REJECTED, verdict=Verdict.ACCOUNT_CAP)


def _got_through_since(job: Job, earlier: Dispatch) -> DispatchQuerySet:
    return _others(job).filter(state=State.SENT, called_at__gte=earlier.settled_at)


def _others(job: Job) -> DispatchQuerySet:
    mine = job.dispatch
    return Dispatch.objects.filter(account=mine.account_id, action=mine.action).exclude(pk=mine.pk)
