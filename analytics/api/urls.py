"""What is computed from the floors below."""

from django.urls import path

from analytics.api.views import Variants

urlpatterns = [
    path("campaigns/<uuid:pk>/variants/", Variants.as_view({"get": "variants"}), name="campaign-variants"),
]
