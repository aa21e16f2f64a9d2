from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "outreach.clients"
    label = "clients"
    verbose_name = "Clients and people"
