"""Hours in detail, typed a line a day."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.calendars import week_from_words, week_in_words
from campaigns.planning.calendar import CalendarError


class WeekField(forms.CharField):
    """The hours of each day, such as Mon–Thu 09:00–12:00, 13:00–17:30."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return week_in_words(value) if isinstance(value, dict) else value

    def clean(self, value: Any) -> Any:
        try:
            return week_from_words(super().clean(value))
        except CalendarError as problem:
            raise ValidationError(f"{problem}.") from problem

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))
