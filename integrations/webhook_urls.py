from django.urls import path

from integrations.webhook_views import unipile_webhook

urlpatterns = [
    path(f"{source}", unipile_webhook, {"source": source}, name=f"unipile-webhook-{source}")
    for source in ("users", "messaging", "accounts")
]
