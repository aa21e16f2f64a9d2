"""Addresses: the console, the API, the provider's webhooks, health."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("api/v1/webhooks/unipile/", include("integrations.webhook_urls")),
    path("api/", include("outreach.api.urls")),
    path("health/", include("outreach.health")),
]
