"""The list and the page of campaigns."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTimeWidget

from campaigns.activating import activate_campaign, activation_problems
from campaigns.admin.handing_over import HandOverForm
from campaigns.admin.hours import WeekField
from campaigns.admin.steps import StepFormSet, StepInline
from campaigns.admin.versions import drop, is_proposed, proposal_page, propose
from campaigns.editing import replace_steps, sequence_of
from campaigns.explaining import Enquiry, explain_campaign, explain_in_words
from campaigns.handing_over import hand_over, senders_with_leads
from campaigns.models import Campaign, Enrollment
from campaigns.progress import next_move, progress_of, states_in_words
from campaigns.stopping import pause_campaign, resume_campaign
from campaigns.versioning import go_back, move_to_newest
from integrations.models import Sender
from integrations.today import standing
from outreach.clock import now
from outreach.console.base import ConsoleAdmin, OneClientForm
from outreach.console.buttons import Variant, action, button
from outreach.console.columns import column, list_of
from outreach.console.fields import DatesField, WeekdaysField
from outreach.console.filters import StateFilter, VisibleFilter
from outreach.console.happenings import feed
from outreach.console.outcomes import in_flight, tell
from outreach.console.reach import user_of
from outreach.console.relative import moment
from outreach.console.tones import tone_of
from outreach.events.models import Event

Status = Campaign.Status
WHY_PAGE = 50
# Named by a string because it reads from the floor above.
COMPARISONS = "analytics.variants.comparisons"
LOG_LENGTH = 12


class CampaignForm(OneClientForm):
    def clean_senders(self) -> Any:
        """Nobody is taken out of a campaign while leads are still with them."""
        chosen = self.cleaned_data["senders"]
        before = [] if self.instance._state.adding else list(self.instance.senders.all())
        staying = senders_with_leads(self.instance) if before else []
        if names := ", ".join(sender.name for sender in staying if sender in before and sender not in chosen):
            raise ValidationError(f"{names} still has leads here. Use \u201cHand over leads\u201d first.")
        return chosen

    weekdays = WeekdaysField(help_text="Days on which something may go out.")
    week = WeekField(
        required=False,
        label="Hours in detail",
        help_text="One line for each day or row of days, such as Mon–Thu 09:00–12:00, 13:00–17:30. "
        "When filled in, it replaces the hours and days above.",
    )
    closed_dates = DatesField(required=False, help_text="Days without sending, such as 2026-12-25, 2026-12-26.")

    class Meta:
        model = Campaign
        fields = "__all__"
        widgets = {name: UnfoldAdminTimeWidget(format="%H:%M") for name in ("opens_at", "closes_at")}


def state_cell(words: str) -> SafeString:
    """The state as a label, with its reason below."""
    state, _, reason = words.partition(" · ")
    return format_html(
        '<span class="oc-state"><span class="oc-label oc-label--{}">{}</span><span class="oc-reason">{}</span></span>',
        tone_of(state),
        state,
        reason,
    )


def share(part: int, rate: int | None) -> SafeString:
    """A count with its rate, such as 12 (40 %)."""
    rated = format_html('<span class="oc-muted"> {}%</span>', rate) if rate is not None else ""
    return format_html("{}{}", part, rated)


@admin.register(Campaign)
class CampaignAdmin(ConsoleAdmin):
    form = CampaignForm
    compressed_fields = False
    inlines = (StepInline,)
    list_display = ("title", "state", "sender_dots", "progress", "invitations", "replies", "next_action")
    list_filter = (("status", StateFilter), ("client", VisibleFilter), ("senders", VisibleFilter))
    list_select_related = ("client",)
    search_fields = ("name", "client__name")
    autocomplete_fields = ("senders",)
    actions = ("activate_selected", "pause_selected", "resume_selected")
    actions_detail = ("why", "activate", "pause", "resume", "hand_over", "move_leads", "previous_steps")
    actions_row = ("why",)
    change_form_outer_before_template = "console/campaign.html"
    fieldsets = (
        (None, {"fields": ("client", "name", "senders")}),
        (
            "Working hours",
            {
                "fields": (
                    ("time_zone", "use_lead_time_zone"),
                    ("opens_at", "closes_at"),
                    "weekdays",
                    "week",
                    ("weekend", "weekend_percent"),
                    ("holidays_of", "closed_dates"),
                ),
                "description": "Nothing automatic goes out outside these hours of this time zone. "
                "Answers always come in.",
            },
        ),
        (
            "Guards",
            {
                "fields": (
                    ("one_campaign_at_a_time", "one_sender_at_a_time", "contact_after_reply"),
                    ("company_limit", "colleague_pause_days", "not_again_within_days"),
                    ("new_leads_per_day", "withdraw_after_days", "quiet_after_hours"),
                ),
                "description": "Whom this campaign leaves alone, and how fast it takes up new leads.",
            },
        ),
    )

    # --- The list -------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        return super().get_queryset(request).prefetch_related("senders__accounts")

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        at, progress = now(), progress_of(rows)
        words = states_in_words(rows, progress, at=at)
        for row in rows:
            row.figures, row.words = progress[row.pk], words[row.pk]
            row.next_move = next_move(row, row.figures, at=at) if row.status == Status.ACTIVE else None

    @column("Campaign", ordering="name")
    def title(self, row: Campaign) -> SafeString:
        return format_html('<span class="oc-title">{}<span class="oc-reason">{}</span></span>', row.name, row.client)

    @column("State", ordering="status")
    def state(self, row: Any) -> SafeString:
        return state_cell(row.words)

    @column("Senders")
    def sender_dots(self, row: Campaign) -> SafeString | str:
        people = [(*_health(sender), sender.name) for sender in row.senders.all()]
        return format_html_join(
            "", '<span class="oc-sender" title="{2}: {1}"><span class="oc-dot oc-dot--{0}"></span>{2}</span>', people
        )

    @column("Leads")
    def progress(self, row: Any) -> SafeString:
        return progress_cell(row.figures)

    @column("Invited · accepted")
    def invitations(self, row: Any) -> SafeString:
        return share(row.figures.invited, row.figures.acceptance)

    @column("Replies")
    def replies(self, row: Any) -> SafeString:
        return share(row.figures.replied, row.figures.reply_rate)

    @column("Next action")
    def next_action(self, row: Any) -> Any:
        at = now()
        return "now" if row.next_move and row.next_move <= at else moment(row.next_move, at)

    # --- The page -------------------------------------------------------------------------------------

    def panels(self, request: HttpRequest, row: Any) -> Mapping[str, Any]:
        at, progress = now(), progress_of([row])
        return {
            "figures": progress[row.pk],
            "state_cell": state_cell(states_in_words([row], progress, at=at)[row.pk]),
            "problems": activation_problems(row) if row.status == Status.DRAFT else (),
            "leads_url": list_of("campaigns_enrollment", f"campaign__id__exact={row.pk}"),
            "comparisons": import_string(COMPARISONS)(row),
            "feed": feed(Event.objects.filter(campaign_id=row.pk).order_by("-at")[:LOG_LENGTH], at=at),
        }

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if not isinstance(formset, StepFormSet):
            super().save_formset(request, form, formset, change)
            return
        # What Django's history reads from a saved formset.
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        sequence_of(form.instance)
        drop(request, form.instance)
        if formset.has_changed() and form.instance.status != Status.DRAFT:
            propose(request, form.instance, formset.drafts())
        elif formset.has_changed():
            replace_steps(campaign=form.instance, steps=formset.drafts(), by=user_of(request), at=now())

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Changed steps of a running campaign are looked at before they are published."""
        if is_proposed(request, obj):
            return redirect("admin:campaigns_campaign_new_steps", obj.pk)
        answer: HttpResponse = super().response_change(request, obj)
        return answer

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.new_steps)
        return [path("<path:object_id>/new-steps/", page, name="campaigns_campaign_new_steps"), *super().get_urls()]

    def new_steps(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the proposed steps change, and for how many leads."""
        return proposal_page(self, request, self.get_object(request, object_id))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            obj.created_by = user_of(request)
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft that nobody was enrolled in leaves no trace."""
        row = self._row(request, obj)
        is_blank = row is not None and row.status == Status.DRAFT and not row.enrollments.exists()
        return is_blank and self.has_change_permission(request, row)

    def button_applies(self, name: str, row: Any) -> bool:
        if name in ("move_leads", "previous_steps"):
            return row.status in (Status.ACTIVE, Status.PAUSED) and row.sequences.count() > 1
        if name == "hand_over":
            return bool(row.status != Status.COMPLETED and (row.senders.exists() or senders_with_leads(row)))
        needed = {"activate": Status.DRAFT, "pause": Status.ACTIVE, "resume": Status.PAUSED}.get(name)
        return needed is None or row.status == needed

    # --- Verbs ----------------------------------------------------------------------------------------

    @admin.action(description="Activate", permissions=["steer"])
    def activate_selected(self, request: HttpRequest, queryset: "models.QuerySet[Campaign]") -> None:
        tell(request, self._each(request, queryset, activate_campaign), "activated")

    @admin.action(description="Pause", permissions=["steer"])
    def pause_selected(self, request: HttpRequest, queryset: "models.QuerySet[Campaign]") -> None:
        outcome = self._each(request, queryset, pause_campaign)
        tell(request, outcome, "paused", also=in_flight(outcome.results))

    @admin.action(description="Resume", permissions=["steer"])
    def resume_selected(self, request: HttpRequest, queryset: "models.QuerySet[Campaign]") -> None:
        tell(request, self._each(request, queryset, resume_campaign), "resumed")

    def _each(self, request: HttpRequest, rows: Any, verb: Any) -> Any:
        act = partial(verb, by=user_of(request), at=now())
        return self.carry_out(request, rows, lambda row: act(campaign=row))

    @button("Activate", icon="rocket_launch", variant=Variant.PRIMARY, sure="Enrolled leads begin their walk at once.")
    def activate(self, request: HttpRequest, row: Campaign, form: Any) -> str:
        """Start the campaign."""
        activate_campaign(campaign=row, by=user_of(request), at=now())
        return f"{row} is active."

    @button("Pause", icon="pause", variant=Variant.WARNING, sure="Nothing further goes out until you resume it.")
    def pause(self, request: HttpRequest, row: Campaign, form: Any) -> str:
        """Stop sending for the campaign."""
        flying = pause_campaign(campaign=row, by=user_of(request), at=now())
        return f"{row} is paused{in_flight([flying])}."

    @button("Resume", icon="play_arrow", variant=Variant.PRIMARY, sure="Leads go on where they stopped.")
    def resume(self, request: HttpRequest, row: Campaign, form: Any) -> str:
        """Go on sending for the campaign."""
        resume_campaign(campaign=row, by=user_of(request), at=now())
        return f"{row} is active again."

    @button(
        "Hand over leads",
        icon="swap_horiz",
        sure="A sender leaves the campaign. Leads whom nobody has written to go to another sender.",
        form=HandOverForm,
    )
    def hand_over(self, request: HttpRequest, row: Campaign, form: Any) -> str:
        """Give a leaving sender's leads to another."""
        asked = form.cleaned_data
        senders = {str(sender.pk): sender for sender in Sender.objects.of(row.client_id)}
        sender, to = senders.get(asked["sender"]), senders.get(asked["to"])
        if sender is None or (asked["to"] and to is None):
            raise ValidationError("Choose senders of this campaign's client.")
        done = hand_over(campaign=row, sender=sender, to=to, begun=asked["begun"], by=user_of(request), at=now())
        return f"{done.moved} leads were handed over, {done.stayed} stayed with {sender}, {done.ended} left."

    @button(
        "Move leads to the newest steps",
        icon="move_down",
        sure="Leads of earlier versions go on with the newest steps, each at the step that is next for them.",
    )
    def move_leads(self, request: HttpRequest, row: Campaign, form: Any) -> str:
        """Take leads of earlier versions over to the newest."""
        moved, stayed = move_to_newest(campaign=row, by=user_of(request), at=now())
        return f"{moved} leads moved, {stayed} stayed."

    @button(
        "Back to the previous steps",
        icon="undo",
        sure="The steps of the version before are published again, and leads under way go over to them.",
    )
    def previous_steps(self, request: HttpRequest, row: Campaign, form: Any) -> str:
        """Publish the version before once more."""
        done = go_back(campaign=row, move=True, by=user_of(request), at=now())
        return f"Version {done.sequence.version} has the earlier steps again; {done.moved} leads moved to it."

    @action(description="Why?", icon="help", permissions=["view"])
    def why(self, request: HttpRequest, object_id: str) -> TemplateResponse:
        """Every lead under way, with what keeps its next step."""
        campaign = self.get_object(request, object_id)
        if campaign is None:
            raise Http404
        if not self.has_view_permission(request, campaign):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": campaign,
            "title": f"Why: {campaign}",
            "story": explain_campaign(campaign=campaign, at=now()),
            **why_page(campaign, request.GET.get("page", "1"), at=now()),
        }
        return TemplateResponse(request, "console/why.html", context)


def _health(sender: Any) -> tuple[str, str]:
    """The worst state of a sender's accounts, as colour and words."""
    states = [standing(account) for account in sender.accounts.all()]
    if not states:
        return "harm", "no account"
    bad = [state for state in states if state[0] != "ok"]
    stored, words = (bad or states)[0]
    return {"ok": "good", "connecting": "news", "paused": "care"}.get(stored, "harm"), words.lower()


def progress_cell(figures: Any) -> SafeString:
    """Leads through and failed as a bar, with total, under way and failed in words."""
    total = figures.total or 1
    words = [f"{figures.in_progress} under way", f"{figures.finished} finished"]
    words += [f"{figures.failed} failed"] if figures.failed else []
    words += [f"{figures.held} held"] if figures.held else []
    return format_html(
        '<span class="oc-progress" title="{}"><span class="oc-bar__track">'
        '<span class="oc-bar__fill oc-bar__fill--good" style="width:{}%"></span>'
        '<span class="oc-bar__fill oc-bar__fill--harm" style="width:{}%"></span></span>'
        '<span class="oc-reason">{} leads · {}</span></span>',
        ", ".join(words),
        round(100 * figures.finished / total),
        round(100 * figures.failed / total),
        figures.total,
        " · ".join(words[:1] + words[2:]),
    )


def why_page(campaign: Campaign, page: str, *, at: datetime) -> dict[str, Any]:
    """One page of the leads under way with their reasons, the ones that are due first."""
    rows = (
        Enrollment.objects.filter(campaign=campaign)
        .open()
        .select_related("lead", "campaign__client", "account__sender", "account__client", "sequence")
    )
    shown = Paginator(rows.order_by("next_action_at", "pk"), WHY_PAGE).get_page(page)
    enquiry = Enquiry({row.account_id: row.account for row in shown}.values(), at=at)
    return {"page": shown, "rows": [(row, explain_in_words(enrollment=row, at=at, enquiry=enquiry)) for row in shown]}
