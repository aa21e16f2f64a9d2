"""Leads in campaigns: where each is, why it waits, and what happened; and every attempt at a step."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.explaining import explain_in_words
from campaigns.models import Enrollment, Step, StepExecution
from campaigns.planning.decisions import HOLDS, Because
from campaigns.planning.explaining import PHRASES
from campaigns.stopping import pause_enrollment, release_enrollment, resume_enrollment, stop_enrollment
from campaigns.wording import word
from outreach.clock import now
from outreach.console.base import LedgerAdmin
from outreach.console.buttons import Variant, button
from outreach.console.columns import clip, column, initials, label, link, page_of, state, to, when
from outreach.console.filters import StateFilter, VisibleFilter, YesFilter
from outreach.console.happenings import feed
from outreach.console.outcomes import in_flight, tell
from outreach.console.pages import CheapPaginator
from outreach.console.reach import user_of
from outreach.console.relative import moment
from outreach.console.tones import tone_of
from outreach.events.models import Event

State, Stage = Enrollment.State, Enrollment.Stage
TIMELINE_LENGTH = 60

# The derived status in words, and the rows that have it. Mirrors `Enrollment.status`.
STATUSES: Mapping[str, str] = {
    "pending_invite": "Not invited yet",
    "invite_sent": "Invited",
    "connected": "Connected",
    "messaged": "Messaged",
    "responded": "Responded",
    "scheduled": "Scheduled",
    "paused": "Paused",
    "completed": "Completed",
    "exited": "Exited",
    "error": "Needs help",
}


def rows_with_status(status: str) -> Q:
    """The rows whose derived `status` is this one."""
    responded = Q(stage=Stage.RESPONDED)
    error = Q(state=State.FAILED) | ~Q(held_because="")
    if status == "responded":
        return responded
    if status == "error":
        return error & ~responded
    if status in State.values:
        return Q(state=status) & ~responded & ~error
    return Q(state=State.ACTIVE, stage=status) & ~error


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(STATUSES.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        status = self.value()
        return queryset.filter(rows_with_status(status)) if status in STATUSES else queryset


class HeldFilter(YesFilter):
    title = "held"
    parameter_name = "held"
    yes = "Held until somebody acts"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        held = Q(held_at__isnull=False, state__in=Enrollment.OPEN)
        return queryset.filter(held) if self.value() == "yes" else queryset


class ParkedFilter(DropdownFilter):
    """Why a lead is held: those that many attempts could not move are among them."""

    title = "held because"
    parameter_name = "because"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each.value, PHRASES[each].capitalize()) for each in sorted(HOLDS)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(held_because=self.value(), state__in=Enrollment.OPEN) if self.value() else queryset


class StopForm(BaseDialogForm):
    detail = forms.CharField(
        required=False, max_length=300, label="Why (for the log)", widget=UnfoldAdminTextInputWidget
    )


@admin.register(Enrollment)
class EnrollmentAdmin(LedgerAdmin):
    """Moved by its verbs only; nothing here is typed over."""

    list_display = ("person", "campaign_link", "status_label", "note", "next_step", "account_link", "enrolled")
    list_filter = (
        StatusFilter,
        HeldFilter,
        ParkedFilter,
        ("campaign", VisibleFilter),
        ("account", VisibleFilter),
        ("exit_reason", StateFilter),
    )
    list_select_related = ("lead", "campaign", "account")
    search_fields = ("lead__first_name", "lead__last_name", "lead__company", "lead__email", "lead__public_identifier")
    paginator = CheapPaginator
    actions = ("pause_selected", "resume_selected", "release_selected", "stop_selected")
    actions_detail = ("pause", "resume", "release", "stop")
    change_form_outer_before_template = "console/enrollment.html"
    fieldsets = (
        ("Walk", {"fields": ("lead", "campaign", "sequence", "account", "position", "state", "stage", "attempts")}),
        (
            "Appointment",
            {
                "fields": (
                    "next_action",
                    "next_action_at",
                    "next_account",
                    "waiting_because",
                    "held_because",
                    "held_detail",
                )
            },
        ),
        (
            "Moments",
            {
                "fields": (
                    "enrolled_at",
                    "started_at",
                    "last_done_at",
                    "invited_at",
                    "connected_at",
                    "replied_at",
                    "ended_at",
                )
            },
        ),
        ("End", {"fields": ("exit_reason", "exit_detail")}),
    )

    campaign_link = to("campaign", "campaigns_campaign", "Campaign")
    account_link = to("account", "integrations_account", "Account")
    enrolled = when("enrolled_at", "Enrolled")

    @column("Lead", ordering="lead__first_name", header=True)
    def person(self, row: Enrollment) -> tuple[str, str, str]:
        sign = initials(row.lead.first_name, row.lead.last_name)
        return str(row.lead), row.lead.company or row.lead.title, sign

    @column("Status", ordering="state")
    def status_label(self, row: Enrollment) -> SafeString:
        return label(row.status, STATUSES[row.status])

    @column("Reason")
    def note(self, row: Enrollment) -> SafeString | str:
        return clip(row.held_detail or row.exit_detail or row.get_exit_reason_display() or waiting(row))

    @column("Next", ordering="next_action_at")
    def next_step(self, row: Enrollment) -> SafeString | str:
        if row.next_action_at is None or row.state != State.ACTIVE:
            return ""
        return format_html("{} {}", row.get_next_action_display(), moment(row.next_action_at, now()))

    def panels(self, request: HttpRequest, row: Any) -> Mapping[str, Any]:
        at = now()
        events = Event.objects.filter(enrollment_id=row.pk).order_by("-id")[:TIMELINE_LENGTH]
        return {
            "status": (row.status, STATUSES[row.status], tone_of(row.status)),
            "reasons": explain_in_words(enrollment=row, at=at),
            "steps": steps_shown(row),
            "feed": feed(events, at=at),
            "lead_url": page_of("leads_lead", row.lead_id),
            "campaign_url": page_of("campaigns_campaign", row.campaign_id),
            "next_moment": moment(row.next_action_at, at),
        }

    def button_applies(self, name: str, row: Any) -> bool:
        if name == "resume":
            return bool(row.state == State.PAUSED)
        if name == "release":
            return bool(row.state == State.ACTIVE and row.held_because)
        return bool(row.is_open and (name == "stop" or row.state != State.PAUSED))

    @admin.action(description="Pause", permissions=["steer"])
    def pause_selected(self, request: HttpRequest, queryset: "models.QuerySet[Enrollment]") -> None:
        outcome = self._each(request, queryset, pause_enrollment)
        tell(request, outcome, "paused", also=in_flight(outcome.results))

    @admin.action(description="Resume", permissions=["steer"])
    def resume_selected(self, request: HttpRequest, queryset: "models.QuerySet[Enrollment]") -> None:
        tell(request, self._each(request, queryset, resume_enrollment), "resumed")

    @admin.action(description="Try again (held leads)", permissions=["steer"])
    def release_selected(self, request: HttpRequest, queryset: "models.QuerySet[Enrollment]") -> None:
        tell(request, self._each(request, queryset, release_enrollment), "looked at again")

    @admin.action(description="Take out of the campaign", permissions=["steer"])
    def stop_selected(self, request: HttpRequest, queryset: "models.QuerySet[Enrollment]") -> None:
        outcome = self._each(request, queryset, stop_enrollment)
        tell(request, outcome, "taken out", also=in_flight(outcome.results))

    def _each(self, request: HttpRequest, rows: Any, verb: Any) -> Any:
        act = partial(verb, by=user_of(request), at=now())
        return self.carry_out(request, rows, lambda row: act(enrollment=row))

    @button("Pause", icon="pause", variant=Variant.WARNING, sure="Nothing goes to this lead until you resume it.")
    def pause(self, request: HttpRequest, row: Enrollment, form: Any) -> str:
        """Stop sending to the lead for now."""
        flying = pause_enrollment(enrollment=row, by=user_of(request), at=now())
        return f"{row.lead} is paused{in_flight([flying])}."

    @button("Resume", icon="play_arrow", variant=Variant.PRIMARY, sure="The lead goes on with its next step.")
    def resume(self, request: HttpRequest, row: Enrollment, form: Any) -> str:
        """Go on sending to the lead."""
        resume_enrollment(enrollment=row, by=user_of(request), at=now())
        return f"{row.lead} goes on."

    @button("Try again", icon="refresh", variant=Variant.PRIMARY, sure="The hold ends and the step is looked at anew.")
    def release(self, request: HttpRequest, row: Enrollment, form: Any) -> str:
        """End the hold."""
        release_enrollment(enrollment=row, by=user_of(request), at=now())
        return f"{row.lead} is looked at again."

    @button(
        "Take out", icon="logout", variant=Variant.DANGER, sure="The lead leaves this campaign for good.", form=StopForm
    )
    def stop(self, request: HttpRequest, row: Enrollment, form: Any) -> str:
        """End the lead's walk."""
        flying = stop_enrollment(enrollment=row, by=user_of(request), at=now(), detail=form.cleaned_data["detail"])
        return f"{row.lead} has left the campaign{in_flight([flying])}."


def waiting(row: Enrollment) -> str:
    """What the gate said last, unless it is only the delay between two steps."""
    said = row.held_because or row.waiting_because
    return PHRASES[Because(said)] if said in set(Because) - {Because.NOT_DUE} else ""


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step as the lead meets it: what became of it, and the words sent or to be sent."""

    kind: str
    outcome: str
    delay: str
    text: str
    missing: tuple[str, ...] = ()


def steps_shown(row: Enrollment) -> list[StepShown]:
    outcomes = {execution.step_id: execution for execution in row.executions.order_by("attempt")}
    return [_step_shown(step, row, outcomes.get(step.pk)) for step in row.sequence.steps.order_by("position")]


def _step_shown(step: Step, row: Enrollment, execution: StepExecution | None) -> StepShown:
    kind, delay = str(step.get_kind_display()), delay_of(step)
    if execution is not None:
        return StepShown(kind, execution.outcome, delay, execution.text)
    outcome = "next" if step.position == row.position and row.is_open else ""
    wording = word(step, enrollment=row, limit=None)
    return StepShown(kind, outcome, delay, wording.text or step.text, wording.missing)


def delay_of(step: Step) -> str:
    """Such as `after 1 working day`; empty when the step follows at once."""
    unit = str(step.get_delay_unit_display())
    return (
        f"after {step.delay_amount} {unit if step.delay_amount > 1 else unit.removesuffix('s')}"
        if step.delay_amount
        else ""
    )


@admin.register(StepExecution)
class StepExecutionAdmin(LedgerAdmin):
    list_display = ("step", "lead_link", "campaign", "outcome_label", "words", "attempt", "reserved")
    list_filter = (("outcome", StateFilter), ("enrollment__campaign", VisibleFilter))
    list_select_related = ("enrollment__lead", "enrollment__campaign", "step")
    search_fields = ("text", "detail", "enrollment__lead__first_name", "enrollment__lead__last_name")
    paginator = CheapPaginator

    outcome_label = state("outcome", "Outcome")
    reserved = when("reserved_at", "When")

    @column("Lead")
    def lead_link(self, row: StepExecution) -> SafeString | str:
        return link("campaigns_enrollment", row.enrollment_id, str(row.enrollment.lead))

    @column("Campaign")
    def campaign(self, row: StepExecution) -> str:
        return str(row.enrollment.campaign)

    @column("Text or reason")
    def words(self, row: StepExecution) -> SafeString | str:
        reason = row.detail or row.because.replace("_", " ")
        return clip(reason or row.text or "(no note)")
