from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy, pgettext_lazy


class BackOfficeConfig(AppConfig):
    name = "portal.backoffice"

    def ready(self):
        """Registered by name, one module per floor: no library's own admin comes in by itself."""
        from portal.backoffice import goods, identity, money, people, trail  # noqa: F401
        from portal.backoffice.base import register_others
        from portal.backoffice.site import site

        register_others(apps.get_models())
        for model in site._registry:
            model._meta.verbose_name = gettext_lazy(model._meta.verbose_name)
            model._meta.verbose_name_plural = gettext_lazy(model._meta.verbose_name_plural)
        of_ledger = apps.get_model("ledger", "Account")._meta  # an account of a bank is another thing
        of_ledger.verbose_name = pgettext_lazy("ledger", "account")
        of_ledger.verbose_name_plural = pgettext_lazy("ledger", "accounts")
