"""What an administrator may change of the party itself."""

from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import LongSelect


@cache
def zones() -> list[tuple[str, str]]:
    """Places whose clocks a company can live by, as in Europe/Berlin."""
    places = sorted(each for each in available_timezones() if "/" in each and not each.startswith("Etc/"))
    return [(each, each.replace("_", " ")) for each in ("UTC", *places)]


class DaysForm(forms.Form):
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=zones, widget=LongSelect,
        help_text=_("Where your days begin and end: on pages, in files and in mails."),
    )  # fmt: skip

    def __init__(self, *args, current: str = "UTC", **kwargs):
        super().__init__(*args, initial={"time_zone": current}, **kwargs)
        if current not in dict(zones()):
            self.fields["time_zone"].choices = [(current, current), *zones()]
