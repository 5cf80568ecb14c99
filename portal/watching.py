"""What is done about signing in, for the log of security: who came in and by what, who did not, what changed."""

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth
from django.dispatch import receiver

from portal.shared.security import note


@receiver(auth.user_logged_in, dispatch_uid="note_signed_in")
def _signed_in(sender, request, user, **kwargs) -> None:
    ways = [each["method"] for each in request.session.get("account_authentication_methods", []) if "method" in each]
    note("signed_in", request, user=user.pk, methods=ways)


@receiver(auth.user_logged_out, dispatch_uid="note_signed_out")
def _signed_out(sender, request, user, **kwargs) -> None:
    if user is not None:
        note("signed_out", request, user=user.pk)


@receiver(auth.user_login_failed, dispatch_uid="note_sign_in_failed")
def _failed(sender, request=None, **kwargs) -> None:
    """For whom is not told: what stands in the field of the address may be a password."""
    note("sign_in_failed", request, method="password")


@receiver(mfa.authentication_failed, dispatch_uid="note_factor_failed")
def _factor_failed(sender, request, user, authenticator, **kwargs) -> None:
    note("sign_in_failed", request, user=user.pk, method=str(authenticator.type))


def _changed(what: str):
    def told(sender, request, user, **kwargs) -> None:
        factor = kwargs.get("authenticator")
        note(what, request, user=user.pk, **({"factor": str(factor.type)} if factor else {}))

    return told


CHANGES = {
    "signed_up": account.user_signed_up,
    "password_set": account.password_set,
    "password_changed": account.password_changed,
    "password_reset": account.password_reset,
    "email_changed": account.email_changed,
    "email_added": account.email_added,
    "email_removed": account.email_removed,
    "factor_added": mfa.authenticator_added,
    "factor_removed": mfa.authenticator_removed,
    "factor_reset": mfa.authenticator_reset,
}
for name, signal in CHANGES.items():
    signal.connect(_changed(name), dispatch_uid=f"note_{name}", weak=False)
