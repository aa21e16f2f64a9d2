"""The way to the provider: one client per deployment, made from the settings in this one place."""

from collections.abc import Callable

from django.conf import settings

from integrations.unipile.client import UnipileClient

ClientFactory = Callable[[], UnipileClient]


def provider_client() -> UnipileClient:
    """A client for the configured Unipile tenant (or the sandbox)."""
    return UnipileClient(
        settings.UNIPILE_BASE_URL, settings.UNIPILE_API_KEY, timeout=(5, settings.UNIPILE_TIMEOUT_SECONDS)
    )
