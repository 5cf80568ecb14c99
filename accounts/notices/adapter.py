"""Mails about the account itself (django-allauth's), in the portal's words and clothes.

They are written in the language of the page on which somebody asked for them.
"""

import logging
from collections.abc import Callable

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.parties.adapter import Entering
from portal.shared import mail
from portal.shared.mail import Letter, Line, absolute

logger = logging.getLogger(__name__)


def _confirm(context: dict) -> Letter:
    if code := context.get("code"):
        text, rest = _("Type this code into the page that you have open."), {"code": code}
    else:
        text = _("Press the button, and we know that this mailbox is yours.")
        rest = {"action": _("Confirm my address"), "url": context["activate_url"]}
    # Where confirming is not obligatory somebody may be in already: the letter promises no more than is so.
    after = _("If it was not you, do nothing: the address stays unconfirmed.")
    return Letter(subject=_("Confirm your e-mail address"), paragraphs=(text,), after=(after,), **rest)


def _reset_password(context: dict) -> Letter:
    return Letter(
        subject=_("Set a new password"),
        paragraphs=(_("Somebody, most likely you, asked for a new password for your account."),),
        action=_("Set a new password"),
        url=context["password_reset_url"],
        after=(_not_you(), _("The old password holds until you have set a new one.")),
    )


def _code(context: dict) -> Letter:
    text = _("Type this code into the page that you have open.")
    return Letter(subject=_("Your code"), paragraphs=(text,), code=context["code"], after=(_not_you(),))


def _unknown(context: dict) -> Letter:
    text = _("Somebody, most likely you, wanted to come in with {email}. We know no account of this address.")
    return Letter(
        subject=_("We know no account of this address"),
        paragraphs=(text.format(email=context["email"]), _("Perhaps you signed up with another address.")),
        action=_("Sign up"),
        url=context["signup_url"],
        after=(_not_you(),),
    )


def _known_already(context: dict) -> Letter:
    text = _("Somebody, most likely you, wanted to sign up with {email}. There is an account of this address already.")
    return Letter(
        subject=_("You have an account already"),
        paragraphs=(text.format(email=context["email"]), _("If you forgot the password, set a new one.")),
        action=_("Set a new password"),
        url=context["password_reset_url"],
        after=(_not_you(),),
    )


def _not_you() -> str:
    return _("If it was not you, do nothing: without this mail nobody comes further.")


ASKED_FOR: dict[str, Callable[[dict], Letter]] = {
    "account/email/email_confirmation": _confirm,
    "account/email/email_confirmation_signup": _confirm,
    "account/email/password_reset_key": _reset_password,
    "account/email/password_reset_code": _code,
    "account/email/login_code": _code,
    "account/email/unknown_account": _unknown,
    "account/email/account_already_exists": _known_already,
}

CHANGES = {
    "account/email/password_changed": (
        gettext_lazy("Your password was changed"),
        gettext_lazy("The password of your account was changed."),
    ),
    "account/email/password_reset": (
        gettext_lazy("Your password was set anew"),
        gettext_lazy("A new password was set for your account, by a link that was mailed to you."),
    ),
    "account/email/password_set": (
        gettext_lazy("A password was set"),
        gettext_lazy("A password was set for your account."),
    ),
    "account/email/email_confirm": (
        gettext_lazy("Your address is confirmed"),
        gettext_lazy("This e-mail address of your account was confirmed."),
    ),
    "account/email/email_changed": (
        gettext_lazy("Your e-mail address was changed"),
        gettext_lazy("The e-mail address of your account was changed from {from_email} to {to_email}."),
    ),
    "account/email/email_deleted": (
        gettext_lazy("An e-mail address was removed"),
        gettext_lazy("The address {deleted_email} was removed from your account."),
    ),
    "mfa/email/totp_activated": (
        gettext_lazy("A second factor was set up"),
        gettext_lazy("An authenticator app was set up for your account."),
    ),
    "mfa/email/totp_deactivated": (
        gettext_lazy("A second factor was removed"),
        gettext_lazy("The authenticator app was removed from your account."),
    ),
    "mfa/email/webauthn_added": (
        gettext_lazy("A passkey was added"),
        gettext_lazy("A passkey or security key was added to your account."),
    ),
    "mfa/email/webauthn_removed": (
        gettext_lazy("A passkey was removed"),
        gettext_lazy("A passkey or security key was removed from your account."),
    ),
    "mfa/email/recovery_codes_generated": (
        gettext_lazy("New recovery codes were made"),
        gettext_lazy("New recovery codes were made for your account; the old ones no longer let anybody in."),
    ),
}
"""What happened to an account, for its owner: allauth's name -> (subject, sentence)."""


def _changed(template_prefix: str, context: dict) -> Letter:
    subject, sentence = (str(text) for text in CHANGES[template_prefix])
    known = {key: context.get(key, "") for key in ("from_email", "to_email", "deleted_email")}
    origin = _("From the address {ip}").format(ip=context["ip"])
    return Letter(
        subject=subject,
        paragraphs=(sentence.format(**known),),
        lines=(Line(origin, at=context["timestamp"], detail=context["user_agent"]),),
        action=_("Set a new password"),
        url=absolute(reverse("account_reset_password")),
        after=(
            _("If it was you, there is nothing to do."),
            _("If it was not you, set a new password now and tell the administrator of your party."),
        ),
    )


class AccountAdapter(Entering):
    """What allauth leaves to us, and our letters for its mails."""

    def render_mail(self, template_prefix: str, email: str, context: dict, headers=None) -> EmailMessage:
        if template_prefix in CHANGES:
            letter = _changed(template_prefix, context)
        elif template_prefix in ASKED_FOR:
            letter = ASKED_FOR[template_prefix](context)
        else:
            return super().render_mail(template_prefix, email, context, headers)
        return mail.message(letter, to=email, headers=headers)

    def send_notification_mail(self, *args, **kwargs) -> None:
        """What was changed stays changed, whatever ails the mail server."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except OSError as error:
            logger.warning("A change of an account could not be told by mail: %s", error)
