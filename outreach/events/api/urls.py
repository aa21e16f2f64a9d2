from outreach.api.routing import router
from outreach.events.api.views import Events

routes = router()
routes.register("events", Events)
urlpatterns = routes.urls
