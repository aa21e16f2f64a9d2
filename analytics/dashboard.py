"""The dashboard's data on its way to the template. Named by DASHBOARD_CALLBACK in outreach/console/appearance.py."""

import json
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from analytics.series import Series
from analytics.summary import dashboard
from outreach.clock import now
from outreach.console.reach import reach_of, user_of

COLOURS = ("var(--color-primary-600)", "var(--color-base-400)", "var(--color-oc-reply)")


TICKS = {"color": "#8a949e", "maxTicksLimit": 7, "precision": 0, "maxRotation": 0}
OPTIONS: dict[str, Any] = {
    "animation": False,
    "responsive": True,
    "maintainAspectRatio": False,
    "plugins": {"legend": {"display": False}, "tooltip": {"mode": "index", "intersect": False}},
    "scales": {
        "x": {"border": {"width": 0}, "grid": {"display": False}, "ticks": TICKS},
        "y": {"border": {"width": 0, "dash": [4, 4]}, "grid": {"tickWidth": 0}, "ticks": {**TICKS, "maxTicksLimit": 5}},
    },
}


def show(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The theme's callback for the index page."""
    page = dashboard(user=user_of(request), at=now())
    switch = "stop" if page.engine.is_on else "start"
    return {
        **context,
        "title": "Dashboard",
        "dashboard": page,
        "chart": chart(page.series),
        "chart_options": json.dumps(OPTIONS),
        "switch_url": reverse(f"admin:campaigns_enginestate_{switch}") if reach_of(request).everything else "",
    }


def chart(series: Series) -> str:
    """The series as the theme's chart component wants it."""
    lines = zip(series.lines, COLOURS, strict=True)
    datasets = [
        {
            "label": line.label,
            "data": line.counts,
            "backgroundColor": colour,
            "borderColor": colour,
            "maxBarThickness": 9,
            "borderRadius": 3,
        }
        for line, colour in lines
    ]
    return json.dumps({"labels": [f"{day.day} {day:%b}" for day in series.days], "datasets": datasets})
