from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "outreach.console"
    label = "console"
