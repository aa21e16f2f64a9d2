"""Cells that many lists share."""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from outreach.clock import now
from outreach.console.relative import moment
from outreach.console.tones import tone_of

F = TypeVar("F", bound=Callable[..., Any])
Cell: TypeAlias = Callable[[Any, Any], Any]


def page_of(label: str, key: Any) -> str:
    """The console's address of a row, by `app_model` ("leads_lead")."""
    return reverse(f"admin:{label}_change", args=(key,))


def link(label: str, key: Any, text: str) -> SafeString | str:
    """A link to a row's page; only the text when there is no row."""
    if not key:
        return text
    return format_html('<a class="oc-link" href="{}">{}</a>', page_of(label, key), text)


def list_of(label: str, query: str = "") -> str:
    """The console's address of a list, with a query string; empty when nobody registered the model."""
    try:
        return reverse(f"admin:{label}_changelist") + (f"?{query}" if query else "")
    except NoReverseMatch:
        return ""


def label(stored: str, words: str) -> SafeString:
    """A state in its colour."""
    return format_html('<span class="oc-label oc-label--{}">{}</span>', tone_of(stored), words)


def initials(*words: str) -> str:
    """For the round sign beside a person's name."""
    return "".join(word[0] for word in words if word)[:2] or "?"


def clip(words: str, *, quiet: bool = True) -> SafeString | str:
    """A text of any length on two lines at most."""
    if not words:
        return ""
    return format_html('<span class="oc-clip {}">{}</span>', "oc-muted" if quiet else "", words)


def column(description: str, *, ordering: str | None = None, header: bool = False) -> Callable[[F], F]:
    """The theme's display decorator, typed. A header column returns (title, subtitle, initials)."""
    return cast("Callable[[F], F]", display(description=description, ordering=ordering, header=header))


def when(field: str, description: str) -> Cell:
    """A sortable column with the distance of a moment from now."""

    @column(description, ordering=field)
    def cell(self: Any, row: Any) -> Any:
        return moment(getattr(row, field), now())

    return cell


def state(field: str, description: str = "State") -> Cell:
    """A sortable, coloured label of a choices field."""

    @column(description, ordering=field)
    def cell(self: Any, row: Any) -> Any:
        return label(getattr(row, field), getattr(row, f"get_{field}_display")())

    return cell


def to(field: str, page: str, description: str) -> Cell:
    """A column that links to a related row."""

    @column(description, ordering=field)
    def cell(self: Any, row: Any) -> Any:
        related = getattr(row, field)
        return link(page, related.pk, str(related)) if related is not None else ""

    return cell


def bar(used: int, cap: int) -> SafeString:
    """How much of a cap is used, as a bar with its numbers."""
    share = min(100, round(100 * used / cap)) if cap else 100
    tone = "harm" if share >= 100 else "care" if share >= 80 else "good"
    return format_html(
        '<span class="oc-bar" role="img" aria-label="{0} of {1}"><span class="oc-bar__track">'
        '<span class="oc-bar__fill oc-bar__fill--{2}" style="width:{3}%"></span></span>'
        '<span class="oc-bar__text">{0}<span class="oc-muted">/{1}</span></span></span>',
        used,
        cap,
        tone,
        share,
    )
