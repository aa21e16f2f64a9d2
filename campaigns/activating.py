"""Starting a campaign, after everything that would stop it silently has been looked for."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.actions.contract import AccountStep
from campaigns.actions.registry import KINDS, kind_of
from campaigns.editing import check_shape, check_step, turns_of
from campaigns.enrolling import accounts_of, start_scheduled
from campaigns.models import Campaign, Step
from campaigns.planning.branching import reachable_from
from campaigns.rendering import least_length
from integrations.models import Account
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record


def activation_problems(campaign: Campaign) -> tuple[str, ...]:
    """Everything that stands against activating, in sentences; empty when it may start."""
    newest = campaign.sequences.order_by("-version").first()
    steps = list(newest.steps.order_by("position")) if newest else []
    return (*problems_of_steps(steps, accounts_of(campaign)), *_about_senders(campaign), *_about_hours(campaign))


def problems_of_steps(steps: list[Step], accounts: list[Account]) -> tuple[str, ...]:
    """What is wrong with steps, by themselves or for these accounts. Asked before they run, the first time or anew."""
    return (*_about_steps(steps), *_about_abilities(steps, accounts))


def _about_abilities(steps: list[Step], accounts: list[Account]) -> list[str]:
    """Steps that an account of the campaign could never carry out, or could never carry out as they are worded."""
    kinds = [(step, kind_of(step.kind)) for step in steps if step.kind in KINDS]
    able = [(step, kind, account) for step, kind in kinds if isinstance(kind, AccountStep) for account in accounts]
    unable = [
        f"Step {step.position + 1}: {problem}; {account} is none."
        for step, kind, account in able
        if (problem := kind.problems_with(account))
    ]
    return unable + [sentence for step, kind, account in able for sentence in _too_long(step, kind, account)]


def _too_long(step: Step, kind: AccountStep, account: Account) -> list[str]:
    """Texts that other accounts could send and this one never could: a note of a free account is shorter."""
    limit = kind.text_limit(account)
    if limit is None or limit == kind.text_limit(None):
        return []
    lengths = (least_length(text) for _, _, text in step.texts())
    return [
        f"Step {step.position + 1}: the text has at least {length} characters; {account} may send {limit}."
        for length in lengths
        if length > limit
    ]


def _about_steps(steps: list[Step]) -> list[str]:
    if not steps:
        return ["The sequence has no steps."]
    found = []
    for step in steps:
        try:
            check_step(step)
        except ValidationError as problem:
            found += [f"Step {step.position + 1}: {sentence}" for sentence in problem.messages]
    if found or (found := _about_shape(steps)):
        return found
    invitations = [step for step in steps if step.kind == Step.Kind.CONNECTION_REQUEST]
    if twice := _invited_twice(steps, invitations):
        found.append(twice)
    messages = [step for step in steps if step.kind == Step.Kind.MESSAGE]
    if invitations and messages and messages[0].position < invitations[0].position and not _branches(steps):
        found.append("The connection request comes after a message, which needs the connection; put it first.")
    return found


def _invited_twice(steps: list[Step], invitations: list[Step]) -> str:
    """Two connection requests on two ways that part are one for each lead; on one way they are one too many."""
    turns = turns_of(steps)
    for step in invitations:
        later = reachable_from(turns, step.position)
        if again := next((each for each in invitations if each.position in later), None):
            return (
                f"The sequence invites twice, in step {step.position + 1} and in step {again.position + 1}; "
                "LinkedIn takes one connection request to a person."
            )
    return ""


def _branches(steps: list[Step]) -> bool:
    return any(step.next_position is not None or step.else_position is not None for step in steps)


def _about_shape(steps: list[Step]) -> list[str]:
    try:
        check_shape(steps)
    except ValidationError as problem:
        return list(problem.messages)
    return []


def _about_senders(campaign: Campaign) -> list[str]:
    accounts = accounts_of(campaign)
    if not accounts:
        return ["The campaign has no sender with a LinkedIn account."]
    if all(account.status != Account.Status.OK for account in accounts):
        return [
            "No account of its senders is connected: " + ", ".join(f"{each} ({each.status})" for each in accounts) + "."
        ]
    return []


def _about_hours(campaign: Campaign) -> list[str]:
    try:
        campaign.clean()
    except ValidationError as problem:
        return list(problem.messages)
    return []


def activate_campaign(*, campaign: Campaign, by: User | None, at: datetime) -> None:
    """Draft to active; every enrolled lead begins its walk. Raises ValidationError with all that stands against it."""
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if row.status != Campaign.Status.DRAFT:
            raise ValidationError(f"{campaign} is {row.get_status_display().lower()}, not a draft.")
        if problems := activation_problems(row):
            raise ValidationError(list(problems))
        row.status, row.activated_at = Campaign.Status.ACTIVE, at
        row.save(update_fields=["status", "activated_at"])
        about = Subject(client_id=row.client_id, campaign_id=row.pk)
        record(EventKind.CAMPAIGN_ACTIVATED, at=at, actor=operator(by), subject=about)
        start_scheduled(campaign=row, at=at, actor=operator(by))
    campaign.refresh_from_db()
