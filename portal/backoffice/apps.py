from django.apps import AppConfig, apps


class BackOfficeConfig(AppConfig):
    name = "portal.backoffice"

    def ready(self):
        """Registered by name, one module per floor: no library's own admin comes in by itself."""
        from portal.backoffice import goods, identity, money, people, trail  # noqa: F401
        from portal.backoffice.base import register_others

        register_others(apps.get_models())
