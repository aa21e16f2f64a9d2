"""Everything under /api/. Each floor adds its resources; the last pattern answers for whatever is left."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from outreach.api.errors import no_such_address

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("v1/", include("outreach.clients.api.urls")),
    path("v1/", include("outreach.events.api.urls")),
    path("v1/", include("leads.api.urls")),
    path("v1/", include("inbox.api.urls")),
    path("v1/", include("campaigns.api.urls")),
    path("v1/", include("analytics.api.urls")),
    re_path("", no_such_address),
]
