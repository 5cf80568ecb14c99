"""Django's own, without what npm packages bring along for other uses."""

from django.contrib.staticfiles.management.commands import collectstatic

from portal.runtime.prepare import UNUSED_STATIC


class Command(collectstatic.Command):
    def set_options(self, **options) -> None:
        super().set_options(**options | {"ignore_patterns": [*options["ignore_patterns"], *UNUSED_STATIC]})
