"""The router of every floor: plain paths, so that an id which is none leads to 404 and not into a query."""

from rest_framework.routers import SimpleRouter


def router() -> SimpleRouter:
    return SimpleRouter(use_regex_path=False)
