"""Which rows the database shows to whom, of tables that packages bring along: of the account, to its person."""

from portal.shared.wall import NO_PARTY, PERSON, Shown, to_all

_OWN = to_all(f"user_id = {PERSON}", operator=f"user_id = {PERSON}")
_SECRET = Shown(operator="false")

SHOWN = {
    "account_emailaddress": _OWN,
    "account_emailconfirmation": _SECRET,
    "mfa_authenticator": _OWN,
    "usersessions_usersession": _OWN,
    "django_session": _SECRET,
    "auth_group": NO_PARTY,
    "auth_group_permissions": NO_PARTY,
    "auth_permission": NO_PARTY,
    "django_admin_log": NO_PARTY,
    "django_content_type": NO_PARTY,
    "django_migrations": NO_PARTY,
}
