from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "accounts.clients"

    def ready(self):
        """The schema tells of our authentication only where its description was loaded."""
        from accounts.clients import schema  # noqa: F401
