"""How the console looks: the theme's settings. What needs a model is named by a dotted string."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static


def _asset(name: str) -> Any:
    def address(request: HttpRequest) -> str:
        return static(f"console/{name}")

    return address


# A cool slate and a petrol green: calm by day and by night, and free for red and amber to mean something.
BASE = {
    "50": "oklch(98.4% .003 230)",
    "100": "oklch(96.6% .005 230)",
    "200": "oklch(92.4% .008 230)",
    "300": "oklch(86.6% .012 230)",
    "400": "oklch(70.4% .021 232)",
    "500": "oklch(55.2% .026 234)",
    "600": "oklch(44.4% .028 236)",
    "700": "oklch(36.8% .028 238)",
    "800": "oklch(27.4% .024 240)",
    "900": "oklch(20.6% .020 242)",
    "950": "oklch(14.4% .016 244)",
}
PRIMARY = {
    "50": "oklch(97.8% .016 190)",
    "100": "oklch(94.4% .040 190)",
    "200": "oklch(89.0% .070 191)",
    "300": "oklch(81.6% .095 192)",
    "400": "oklch(73.0% .108 194)",
    "500": "oklch(62.6% .105 196)",
    "600": "oklch(52.2% .092 199)",
    "700": "oklch(44.6% .078 202)",
    "800": "oklch(38.2% .064 205)",
    "900": "oklch(33.0% .053 208)",
    "950": "oklch(24.0% .040 212)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Outreach",
    "SITE_HEADER": "Outreach",
    "SITE_SUBHEADER": "Campaigns, leads, conversations",
    "SITE_ICON": _asset("mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _asset("mark.svg")}],
    "SITE_URL": None,
    "SHOW_BACK_BUTTON": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {"base": BASE, "primary": PRIMARY},
    "STYLES": [_asset("console.css")],
    "DASHBOARD_CALLBACK": "analytics.dashboard.show",
    "SIDEBAR": {"command_search": True, "show_search": True, "navigation": "outreach.console.navigation.navigation"},
    "COMMAND": {"search_models": False, "search_callback": "outreach.console.search.find", "show_history": False},
}
