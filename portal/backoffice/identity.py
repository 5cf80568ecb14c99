"""How people are known and signed in: what an operator needs to help them, and no secret of theirs."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin

from portal.backoffice.base import ReadOnly
from portal.backoffice.filters import choice, period, yes_or_no
from portal.backoffice.site import site


@admin.register(EmailAddress, site=site)
class EmailAddresses(ReadOnly):
    columns = ("email", "user", "verified", "primary")
    search_fields = ("email", "user__full_name")
    list_filter = (yes_or_no("verified"), yes_or_no("primary"))


@admin.register(Authenticator, site=site)
class Authenticators(ReadOnly):
    """That somebody has a second factor, and since when; never what it is made of."""

    columns = ("id", "user", "type", "created_at", "last_used_at")
    search_fields = ("user__email", "user__full_name")
    list_filter = (choice("type"), period("created_at"))
    hidden = ("data",)


@admin.register(UserSession, site=site)
class UserSessions(ReadOnly):
    """Where somebody is signed in. The key of a session would be the session."""

    columns = ("id", "user", "ip", "user_agent", "created_at", "last_seen_at")
    search_fields = ("user__email", "user__full_name", "ip")
    list_filter = (period("created_at"), period("last_seen_at"))
    hidden = ("session_key", "data")
