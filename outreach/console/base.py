"""Base admin classes that keep clients apart (law 8).

What a staff member may see and change comes from their memberships alone, never from Django's per-model permissions:
`visible_to` decides the rows, the role decides the verbs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from outreach.clients.models import Client, User
from outreach.console.outcomes import Outcome, carry_out, may_change_row
from outreach.console.reach import Reach, administered_by, is_scoped, reach_of, user_of, visible


class OneClientForm(forms.ModelForm):
    """Refuses a row that would link one client's things to another's."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        owner = self._owner(cleaned)
        if owner is not None:
            for name, value in list(cleaned.items()):
                self._refuse_strangers(name, value, owner)
        return cleaned

    def _owner(self, cleaned: dict[str, Any]) -> Client | None:
        if "client" in self.fields:
            return cleaned.get("client")
        return self.instance.client if getattr(self.instance, "client_id", None) else None

    def _refuse_strangers(self, name: str, value: Any, owner: Client) -> None:
        rows = value if isinstance(value, models.QuerySet) else [value]
        for row in rows:
            if isinstance(row, models.Model) and getattr(row, "client_id", owner.pk) != owner.pk:
                self.add_error(name, f"{row} belongs to another client than {owner}. Choose one of {owner}'s own.")


class PreparedList(ChangeList):
    """A list whose columns may share what is loaded once for the whole page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # The foot of the list tells the count; without this the theme tells it twice.
        self.full_result_count = self.result_count
        if not self.list_editable:
            rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
            self.model_admin.prepare(request, rows)
            self.result_list = rows


class ConsoleAdmin(ModelAdmin):
    """Rows of the clients that the user is a member of; changes as far as the role goes."""

    form = OneClientForm
    scope_through: ClassVar[str] = ""
    """The foreign key to a scoped model, for rows whose own manager is not scoped."""
    administered: ClassVar[bool] = False
    """Changing takes the admin role: the client itself, its members, senders and accounts."""
    deletable: ClassVar[bool] = False

    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True
    empty_value_display = "–"

    # --- Who sees what --------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        return visible(super().get_queryset(request), user_of(request), through=self.scope_through)

    def client_of(self, row: Any) -> UUID | None:
        owner = getattr(row, self.scope_through) if self.scope_through not in ("", "client") else row
        return cast("UUID | None", owner.client_id)

    def _row(self, request: HttpRequest, row: Any) -> Any:
        """Unfold asks about permissions by primary key, Django by object."""
        return self.get_object(request, row) if isinstance(row, str) else row

    def _allowed(self, request: HttpRequest, row: Any, one: Callable[[UUID | None], bool], some: bool) -> bool:
        if row is None:
            return some
        found = self._row(request, row)
        return found is not None and one(self.client_of(found))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        reach = reach_of(request)
        return self._allowed(request, obj, reach.may_see, reach.everything or bool(reach.sees))

    def has_steer_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether verbs (pause, resume, replay …) may be called on the row."""
        reach = reach_of(request)
        return self._allowed(request, obj, reach.may_change, reach.everything or bool(reach.changes))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        reach = reach_of(request)
        return self._allowed(request, obj, *self._editing(reach))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._editing(reach_of(request))[1]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.deletable and self.has_change_permission(request, obj)

    def _editing(self, reach: Reach) -> tuple[Callable[[UUID | None], bool], bool]:
        if self.administered:
            return reach.may_administer, reach.everything or bool(reach.administers)
        return reach.may_change, reach.everything or bool(reach.changes)

    # --- Forms ----------------------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """A row never moves to another client."""
        fields = tuple(super().get_readonly_fields(request, obj))
        owned = any(field.name == "client" for field in self.model._meta.fields)
        return (*fields, "client") if obj is not None and owned and "client" not in fields else fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Who works for one client only need not choose it."""
        initial = dict(super().get_changeform_initial_data(request))
        choices = list(self._clients(user_of(request))[:2])
        return {"client": choices[0].pk, **initial} if len(choices) == 1 else initial

    def _clients(self, user: User) -> "models.QuerySet[Client]":
        if self.administered:
            return administered_by(user)
        return cast("models.QuerySet[Client]", Client.objects.changeable_by(user))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self._choices(db_field, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self._choices(db_field, request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _choices(self, db_field: Any, request: HttpRequest) -> "models.QuerySet[Any] | None":
        related = db_field.remote_field.model
        if related is Client:
            return self._clients(user_of(request))
        rows = related._default_manager.all()
        return cast("models.QuerySet[Any]", rows.changeable_by(user_of(request))) if is_scoped(related) else rows

    # --- Lists ----------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PreparedList

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Load what the columns of these rows need, in a few queries for all of them."""

    # --- Pages ----------------------------------------------------------------------------------------

    def panels(self, request: HttpRequest, row: Any) -> Mapping[str, Any]:
        """What the templates around the form of an existing row show."""
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponseBase:
        if obj is not None:
            context.update(self.panels(request, obj))
        return cast(HttpResponseBase, super().render_change_form(request, context, add, change, form_url, obj))

    def button_applies(self, name: str, row: Any) -> bool:
        """Whether a button of the detail page makes sense in the row's present state."""
        return True

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self._row(request, str(object_id))
        prefix = f"{self.model._meta.app_label}_{self.model._meta.model_name}_"
        buttons = super().get_actions_detail(request, object_id)
        return [
            button for button in buttons if row and self.button_applies(button.action_name.removeprefix(prefix), row)
        ]

    def carry_out(self, request: HttpRequest, rows: Any, verb: Callable[[Any], Any]) -> Outcome:
        return carry_out(rows, verb, may=may_change_row(request, self.client_of))


class LedgerAdmin(ConsoleAdmin):
    """Evidence: everyone who may see a row may read it, and nobody edits, adds or removes one."""

    warn_unsaved_form = False
    # Nobody edits, so there is no history of edits to show.
    actions_detail_hide_default = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OperatorAdmin(ModelAdmin):
    """What belongs to the installation and to no client: the operator's (superusers') alone."""

    list_filter_submit = True
    empty_value_display = "–"

    def _is_operator(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    has_module_permission = _is_operator
    has_view_permission = _is_operator
    has_add_permission = _is_operator
    has_change_permission = _is_operator
    has_delete_permission = _is_operator


class OperatorLedgerAdmin(OperatorAdmin):
    """Evidence of the installation: read by the operator, edited by nobody."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
