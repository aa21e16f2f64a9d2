from django.urls import path

from outreach.clients.api.views import MeView

urlpatterns = [path("me/", MeView.as_view(), name="me")]
