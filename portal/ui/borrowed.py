"""Sentences of Django, allauth and unfold that come onto our pages and that we translate ourselves: what they bring no
translation for, or one that calls the reader 你 or uses another word than our pages do.

Named here, `make messages` takes them into our catalogue, which wins over theirs. Nothing else reads this module.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

DJANGO = (
    _("Your password can’t be too similar to your other personal information."),
    _("Your password can’t be a commonly used password."),
    _("Your password can’t be entirely numeric."),
    _("Your old password was entered incorrectly. Please enter it again."),
    _("You don’t have permission to view or edit anything."),
    _("Filter by %(field_name)s"),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.", "min_length",
    ),
    ngettext_lazy("%(counter)s result", "%(counter)s results", "counter"),
    ngettext_lazy("…and %(count)d more object.", "…and %(count)d more objects.", "count"),
)  # fmt: skip

ALLAUTH = (
    _("user session"), _("user sessions"), _("ip"), _("user agent"), _("last seen at"),
    _("authenticator"), _("authenticators"), _("type"),
    _("Incorrect code."), _("Use authenticator app or code"),
    _("Sign Out"), _("Are you sure you want to sign out?"), _("You have signed out."),
    _("Successfully signed in as %(name)s."),
    _("You have confirmed %(email)s."), _("Removed email address %(email)s."), _("Primary email address set."),
    _("You cannot remove your primary email address (%(email)s)."),
    _("You cannot activate two-factor authentication until you have verified your email address."),
    _("Your account has no verified email address."),
)  # fmt: skip

UNFOLD = (
    _("Type to search"), _("Search apps and models..."), _("Recent searches"), _("Nothing matched your search"),
    _("No data"),
    _("Apply Filters"), _("Date from"), _("Date to"), _("Date"), _("Value"), _("Not enough data."),
    _("Select"), _("Select value"), _("Select action"), _("Select record"), _("Select action to run"),
    _("Run the selected action"),
    _("True"), _("False"), _("General"), _("Go back"), _("Return to site"), _("Welcome"), _("Navigate"),
    _("Record picture"), _("Click to download"), _("Toggle password visibility"),
    _("Dark"), _("Light"), _("System"),
    _("Available shortcuts"), _("Global shortcuts"), _("Changelist shortcuts"), _("Command tool shortcuts"),
    _("Create new record"), _("Open command tool"), _("Open selection"), _("Open selection in new tab"),
    _("Open shortcuts list"), _("Toggle dark/light mode"), _("Toggle filter"), _("Toggle sidebar"),
)  # fmt: skip
