"""List filters whose choices never name another client's things."""

from typing import Any, cast

from django.db import models
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter

from outreach.console.reach import is_scoped, user_of

# A list longer than this is no help in a drop-down; search finds what it leaves out.
MOST_CHOICES = 200

StateFilter = ChoicesDropdownFilter


class VisibleFilter(RelatedDropdownFilter):
    """Rows by a related row, offering those that the user may see; absent when there is nothing to choose."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        related = cast(type[models.Model], field.remote_field.model)
        rows: Any = related._default_manager.all()
        if is_scoped(related):
            rows = rows.visible_to(user_of(request))
        return [(row.pk, str(row)) for row in rows[:MOST_CHOICES]]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1


class YesFilter(DropdownFilter):
    """One question that a row answers with yes. Subclasses say which rows do."""

    yes = "Yes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", self.yes)]
