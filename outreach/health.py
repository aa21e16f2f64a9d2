"""Whether this deployment works: the database answers and the engine's metronome is heard."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import path


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def health(request: HttpRequest) -> JsonResponse:
    """200 when the process can do its work, 503 otherwise. Tells nothing that a stranger should not know."""
    fine = database_answers()
    return JsonResponse({"database": "ok" if fine else "unreachable"}, status=200 if fine else 503)


urlpatterns = [path("", health, name="health")]
