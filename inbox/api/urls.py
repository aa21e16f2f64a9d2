from inbox.api.views import Conversations, Messages
from outreach.api.routing import router

routes = router()
routes.register("conversations", Conversations)
routes.register("messages", Messages)
urlpatterns = routes.urls
