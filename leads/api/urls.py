"""Leads themselves are routed in campaigns/api/urls.py, where their way through campaigns is known."""

from leads.api.views import Suppressions
from outreach.api.routing import router

routes = router()
routes.register("suppressions", Suppressions)
urlpatterns = routes.urls
