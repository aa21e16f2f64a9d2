"""Addresses of the console's pages."""

from typing import Any

from django.db import models
from django.urls import reverse


def page(row: models.Model, name: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=(row.pk,))


def listing(model: type[models.Model] | models.Model, query: str = "") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") + query


def run(browser: Any, action: str, *rows: models.Model, **extra: Any) -> Any:
    """A bulk action on these rows, as the list posts it."""
    keys = [str(row.pk) for row in rows]
    return browser.post(listing(rows[0]), {"action": action, "_selected_action": keys, **extra}, follow=True)


def press(browser: Any, row: models.Model, button: str, **answers: Any) -> Any:
    """A button of a row's page, its dialog answered."""
    return browser.post(page(row, button), {"_form_submitted": "on", **answers})


def told(response: Any) -> str:
    """What the page says in its messages."""
    return " ".join(str(message) for message in response.context["messages"])
