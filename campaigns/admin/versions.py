"""Changing the steps of a running campaign: proposed on its page, looked at, then published or dropped."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from campaigns.editing import StepDraft
from campaigns.models import Campaign
from campaigns.versioning import preview, publish
from outreach.clock import now
from outreach.console.columns import page_of
from outreach.console.outcomes import sentences_of
from outreach.console.reach import user_of


def propose(request: HttpRequest, campaign: Campaign, drafts: Sequence[StepDraft]) -> None:
    """Keep the proposal with the session until its operator has looked at what it changes."""
    rows = [asdict(draft) for draft in drafts]
    for row in rows:
        row["origin"] = str(row["origin"]) if row["origin"] else None
    request.session[_key(campaign)] = {"version": campaign.current_sequence().version, "steps": rows}


def drop(request: HttpRequest, campaign: Campaign) -> None:
    """Its operator wants something else now."""
    request.session.pop(_key(campaign), None)


def is_proposed(request: HttpRequest, campaign: Campaign) -> bool:
    return _key(campaign) in request.session


def _key(campaign: Campaign) -> str:
    return f"steps-of-{campaign.pk}"


def _proposal(request: HttpRequest, campaign: Campaign) -> tuple[int, list[StepDraft]]:
    """The version that it changes, and its steps."""
    kept = request.session[_key(campaign)]
    rows = kept["steps"]
    drafts = [StepDraft(**{**row, "origin": UUID(row["origin"]) if row["origin"] else None}) for row in rows]
    return kept["version"], drafts


def proposal_page(page: Any, request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
    """What the proposal changes, for how many; its answer publishes."""
    if campaign is None:
        raise Http404
    if not page.has_change_permission(request, campaign):
        raise PermissionDenied
    if not is_proposed(request, campaign):
        return redirect(page_of("campaigns_campaign", campaign.pk))
    version, drafts = _proposal(request, campaign)
    if "drop" in request.POST:
        drop(request, campaign)
        return redirect(page_of("campaigns_campaign", campaign.pk))
    problem, change = "", None
    try:
        if request.method == "POST":
            return _publish(request, campaign, version, drafts)
        change = preview(campaign=campaign, steps=drafts)
    except ValidationError as refusal:
        problem = sentences_of(refusal)
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": campaign,
        "title": f"Steps: {campaign}",
        "change": change,
        "version": version,
        "next_version": version + 1,
        "problem": problem,
    }
    return TemplateResponse(request, "console/versions.html", context)


def _publish(request: HttpRequest, campaign: Campaign, version: int, drafts: list[StepDraft]) -> HttpResponse:
    move = request.POST.get("move") == "yes"
    done = publish(campaign=campaign, steps=drafts, move=move, by=user_of(request), at=now(), based_on=version)
    drop(request, campaign)
    words = f"Version {done.sequence.version} is published; {done.moved} leads moved to it, {done.stayed} stayed."
    messages.success(request, words)
    return redirect(page_of("campaigns_campaign", campaign.pk))
