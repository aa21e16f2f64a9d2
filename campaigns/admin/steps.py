"""The steps of a campaign, edited on the campaign's own page."""

from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from unfold.admin import StackedInline
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from campaigns.actions.registry import described
from campaigns.editing import StepDraft, check_drafts
from campaigns.models import Campaign, Sequence, Step
from outreach.console.reach import reach_of


def newest_sequence(campaign: Campaign) -> Sequence:
    """The sequence whose steps the page shows; for a campaign not saved yet, one that is not saved either."""
    newest = None if campaign._state.adding else campaign.sequences.order_by("-version").first()
    return newest or Sequence(campaign=campaign)


class StepNumberField(forms.IntegerField):
    """A step as people count them, from 1; stored as its position, which counts from 0."""

    widget = UnfoldAdminIntegerFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, min_value=1, max_value=1000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value + 1 if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        number = super().clean(value)
        return None if number is None else number - 1

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


class StepForm(forms.ModelForm):
    position = forms.IntegerField(required=False, widget=forms.HiddenInput)
    next_position = StepNumberField(
        label="Then go to step", help_text="By its number on this page; empty: the step that follows."
    )
    else_position = StepNumberField(
        label="Otherwise go to step", help_text="Of a condition: where to go when it does not hold."
    )
    weight = forms.IntegerField(required=False, min_value=0, max_value=1000, widget=UnfoldAdminIntegerFieldWidget)

    class Meta:
        model = Step
        fields = (
            "kind",
            "delay_amount",
            "delay_unit",
            "text",
            "options",
            "next_position",
            "else_position",
            "weight",
            "variants",
            "position",
        )
        widgets = {"text": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {
            "text": "",
            "delay_amount": "",
            "options": "What the kind takes, as listed above; names and values between braces.",
        }

    def __init__(self, *args: Any, campaign: Campaign | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign = campaign
        for name in ("options", "variants"):
            self.fields[name].widget.attrs["rows"] = 2

    def clean_weight(self) -> int:
        weight = self.cleaned_data["weight"]
        return 1 if weight is None else int(weight)

    def clean_variants(self) -> Any:
        return self.cleaned_data["variants"] or []

    def clean_options(self) -> Any:
        return self.cleaned_data["options"] or {}

    def _get_validation_exclusions(self) -> set[str]:
        """Positions are given anew when the steps are written."""
        return {*super()._get_validation_exclusions(), "position", "client"}  # type: ignore[misc]

    def _post_clean(self) -> None:
        """A step is checked against the fields of its campaign's client; without one, the campaign's form says so."""
        if self.campaign is not None and self.campaign.client_id:
            self.instance.client = self.campaign.client
            super()._post_clean()  # type: ignore[misc]


class StepFormSet(PaginationInlineFormSet):
    """Takes the campaign for its parent and works on the campaign's newest sequence."""

    def __init__(self, *args: Any, instance: Campaign | None = None, **kwargs: Any) -> None:
        self.campaign = instance or Campaign()
        super().__init__(*args, instance=newest_sequence(self.campaign), **kwargs)

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "campaign": self.campaign}

    def full_clean(self) -> None:
        """Steps are written anew with every version: rows that are gone mean that somebody else was faster."""
        super().full_clean()
        known = {str(step.pk) for step in self.get_queryset()} if self.is_bound else set()
        if any(self.data.get(f"{form.prefix}-id") not in ("", None, *known) for form in self.forms if self.is_bound):
            self._non_form_errors = self.error_class(
                ["Somebody else has changed the steps meanwhile. Load the page again, and make your changes there."]
            )

    def clean(self) -> None:
        """The steps together: each reached, each leading forward, each way with an end."""
        super().clean()
        if any(self.errors) or self.campaign.client_id is None:
            return
        check_drafts(self.drafts(), campaign=self.campaign)

    def drafts(self) -> list[StepDraft]:
        """The steps as they were ordered on the page; a new one without a place goes to the end."""
        kept = [form for form in self.forms if self._is_kept(form)]
        kept.sort(key=lambda form: (form.cleaned_data.get("position") is None, form.cleaned_data.get("position") or 0))
        return [self._draft(form) for form in kept]

    def _is_kept(self, form: Any) -> bool:
        return form not in self.deleted_forms and bool(form.cleaned_data.get("kind"))

    def _draft(self, form: Any) -> StepDraft:
        cleaned: dict[str, Any] = form.cleaned_data
        return StepDraft(
            cleaned["kind"],
            cleaned["text"],
            cleaned["delay_amount"],
            cleaned["delay_unit"],
            weight=cleaned["weight"],
            variants=cleaned["variants"],
            options=cleaned["options"],
            next_position=cleaned["next_position"],
            else_position=cleaned["else_position"],
            origin=None if form.instance._state.adding else form.instance.origin,
        )


class StepInline(StackedInline):
    """Steps belong to a sequence, a sequence to the campaign; the page skips the middle.

    Those of a draft are replaced at once; for a running campaign the page proposes a new version.
    """

    model = Step
    form = StepForm
    formset = StepFormSet
    fields = (
        ("kind", "delay_amount", "delay_unit"),
        "text",
        "options",
        ("next_position", "else_position", "weight"),
        "variants",
        "position",
    )
    ordering_field = "position"
    hide_ordering_field = True
    verbose_name_plural = "steps"
    template_before = "console/tokens.html"

    @property
    def kinds(self) -> list[dict[str, Any]]:
        """For the list of what each kind takes, above the steps."""
        return described()

    def __init__(self, parent_model: type[Campaign], admin_site: AdminSite) -> None:
        super().__init__(Sequence, admin_site)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 1

    def _is_open(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return True
        return obj.status != Campaign.Status.COMPLETED and reach_of(request).may_change(obj.client_id)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or reach_of(request).may_see(obj.client_id)

    has_add_permission = has_change_permission = has_delete_permission = _is_open
