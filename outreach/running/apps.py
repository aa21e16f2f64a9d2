from django.apps import AppConfig


class RunningConfig(AppConfig):
    name = "outreach.running"
    label = "running"
