"""The resources of this floor, and those of lower floors to which it adds."""

from django.urls import path

from campaigns.api.leads import LeadsInCampaigns
from campaigns.api.switches import (
    Engine,
    MeaningMessages,
    PausableAccounts,
    PausableClients,
    PausableSenders,
    SettledDispatches,
)
from campaigns.api.views import Campaigns, Enrollments, StepExecutions, StepKinds, Tasks
from outreach.api.routing import router

routes = router()
routes.register("clients", PausableClients)
routes.register("senders", PausableSenders)
routes.register("accounts", PausableAccounts)
routes.register("dispatches", SettledDispatches)
routes.register("leads", LeadsInCampaigns)
routes.register("campaigns", Campaigns)
routes.register("enrollments", Enrollments)
routes.register("step-executions", StepExecutions)
routes.register("tasks", Tasks)
routes.register("messages", MeaningMessages)
urlpatterns = [
    *routes.urls,
    path("step-kinds/", StepKinds.as_view({"get": "kinds"}), name="step-kinds"),
    path("engine/", Engine.as_view({"get": "state"}), name="engine"),
    path("engine/stop/", Engine.as_view({"post": "stop"}), name="engine-stop"),
    path("engine/start/", Engine.as_view({"post": "start"}), name="engine-start"),
    path("engine/close-circuit/", Engine.as_view({"post": "close_circuit"}), name="engine-close-circuit"),
    path("engine/reconcile/", Engine.as_view({"post": "reconcile"}), name="engine-reconcile"),
]
