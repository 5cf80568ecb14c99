from django.apps import AppConfig
from django.utils.translation import gettext

from portal.shared import sentences
from portal.ui.formats import moment
from portal.ui.states import state


class UiConfig(AppConfig):
    name = "portal.ui"
    label = "ui"

    def ready(self):
        from portal import checks, walls, watching  # noqa: F401 (they listen to who signs in)

        sentences.worded_by(gettext, lambda code: str(state(code).label).lower(), moment)
