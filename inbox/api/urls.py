from inbox.api.views import Conversations
from outreach.api.routing import router

routes = router()
routes.register("conversations", Conversations)
urlpatterns = routes.urls
