"""Buttons of a detail page that carry out a verb: a dialog asks first, and only its answer (a POST) acts."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from unfold.decorators import action as themed_action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from outreach.console.columns import page_of
from outreach.console.outcomes import sentences_of

Variant = ActionVariant
F = TypeVar("F", bound=Callable[..., Any])


def action(**options: Any) -> Callable[[F], F]:
    """The theme's action decorator, typed."""
    return cast("Callable[[F], F]", themed_action(**options))


def go_to(address: str) -> HttpResponse:
    """The dialog's answer: leave it and open this page."""
    return HttpResponse(headers={"HX-Redirect": address})


def told(request: HttpRequest, act: Callable[[], str]) -> None:
    """Carry out and show what came of it; a refusal is shown in the words of the verb."""
    try:
        messages.success(request, act())
    except ValidationError as problem:
        messages.error(request, sentences_of(problem))


def button(
    label: str,
    *,
    sure: str,
    icon: str,
    variant: ActionVariant = Variant.DEFAULT,
    form: type[BaseDialogForm] = BaseDialogForm,
    permission: str = "steer",
) -> Callable[[Callable[..., str]], Any]:
    """Turn `act(self, request, row, form) -> sentence` into a button of the row's page.

    `sure` is the question that the dialog asks. A ValidationError of the verb becomes the page's message.
    """

    def decorate(act: Callable[..., str]) -> Any:
        def pressed(self: Any, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
            row = self.get_object(request, object_id)
            if row is None:
                raise Http404
            told(request, lambda: act(self, request, row, form))
            return go_to(page_of(f"{self.opts.app_label}_{self.opts.model_name}", row.pk))

        pressed.__name__ = act.__name__
        pressed.__doc__ = act.__doc__
        dialog: Any = {"title": label, "description": sure, "form_class": form, "form_submit_text": label}
        decorated = themed_action(
            description=label,
            icon=icon,
            variant=variant,
            permissions=[permission],
            url_path=act.__name__.replace("_", "-"),
            dialog=dialog,
        )
        return decorated(pressed)

    return decorate
