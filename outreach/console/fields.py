"""Form fields that let people type what is stored as JSON."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class WordsField(forms.CharField):
    """A list of words, typed with commas between them."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        words = (word.strip() for word in super().clean(value).split(","))
        return list(dict.fromkeys(word for word in words if word))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


class PairsField(forms.CharField):
    """A flat mapping, typed as one `key: value` a line. A value that is no text keeps its kind while untouched."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{key}: {'' if text is None else text}" for key, text in value.items())

    def clean(self, value: Any) -> Any:
        lines = (line.strip() for line in super().clean(value).splitlines())
        return dict(self._pair(line) for line in lines if line)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def _pair(self, line: str) -> tuple[str, str]:
        key, colon, text = line.partition(":")
        if not colon or not re.fullmatch(r"[\w-]+", key.strip()):
            raise ValidationError(f"\u201c{line}\u201d is not of the form key: value, such as industry: Logistics.")
        return key.strip(), text.strip()


class WeekdaysField(forms.TypedMultipleChoiceField):
    """Days of the week, stored as numbers: 0 is Monday."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(enumerate(WEEKDAYS)), coerce=int, **kwargs)

    def clean(self, value: Any) -> Any:
        return sorted(super().clean(value))


class DatesField(forms.CharField):
    """A list of dates, typed as 2026-12-25 with commas or line breaks between them."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return sorted({self._day(word) for word in re.split(r"[\s,;]+", super().clean(value)) if word})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def _day(self, word: str) -> str:
        try:
            return date.fromisoformat(word).isoformat()
        except ValueError:
            raise ValidationError(f"\u201c{word}\u201d is not a date. Write it as 2026-12-25.") from None
