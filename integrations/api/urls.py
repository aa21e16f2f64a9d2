"""Accounts and dispatches are routed in campaigns/api/urls.py, which adds pausing and settling."""

from integrations.api.views import Senders
from outreach.api.routing import router

routes = router()
routes.register("senders", Senders)
urlpatterns = routes.urls
