"""The way to the provider: one client per deployment, made from the settings in this one place."""

from collections.abc import Callable

from django.conf import settings

from integrations.unipile.client import UnipileClient
from integrations.unipile.transport import make_session

ClientFactory = Callable[[], UnipileClient]


def provider_client() -> UnipileClient:
    """A client for the configured Unipile tenant (or the sandbox). An answer may take twice its longest pause."""
    pause = settings.UNIPILE_TIMEOUT_SECONDS
    return UnipileClient(
        settings.UNIPILE_BASE_URL,
        settings.UNIPILE_API_KEY,
        session=make_session(whole_answer=2 * pause),
        timeout=(5, pause),
    )
