"""Signing up: by one's own will, or on an invitation, whose address it is then."""

from allauth.account.forms import SignupForm
from allauth.account.views import SignupView
from allauth.core import ratelimit
from allauth.utils import get_request_param
from django import forms
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.parties import inviting
from accounts.parties.models import Invitation
from portal.shared.errors import RuleViolation


class SignUpForm(SignupForm):
    """`invited_as`: the address to which an invitation was sent; another one could not accept it."""

    def __init__(self, *args, invited_as: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.invited_as = invited_as
        if invited_as:
            self.initial["email"] = invited_as
            self.fields["email"].widget.attrs["readonly"] = True
            self.fields["email"].help_text = _("The invitation was sent to this address, so the account is of it.")

    def clean_email(self) -> str:
        if self.invited_as and self.cleaned_data["email"].lower() != self.invited_as.lower():
            raise forms.ValidationError(
                _("The invitation was sent to {email}: sign up with this address.").format(email=self.invited_as)
            )
        return super().clean_email()

    def try_save(self, request: HttpRequest):
        """Where the address has an account already the answer takes as long: no clock tells who has one."""
        if self.account_already_exists:
            get_user_model()().set_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def save(self, request: HttpRequest):
        with transaction.atomic():  # person and address, or neither
            return super().save(request)


class SignUp(SignupView):
    form_class = SignUpForm

    def get_form_class(self) -> type[SignUpForm]:
        return self.form_class

    def get_form_kwargs(self) -> dict:
        invitation = self.invitation
        return super().get_form_kwargs() | {"invited_as": invitation.email if invitation else ""}

    def get_context_data(self, **kwargs) -> dict:
        return super().get_context_data(**kwargs) | {"invitation": self.invitation}

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        """As often for an address that is known: each is a letter to it, whoever asks."""
        address = form.cleaned_data["email"].lower()
        too_often = ratelimit.consume_or_429(self.request, action="signup_address", key=address)
        if too_often:
            return too_often
        try:
            return super().form_valid(form)
        except IntegrityError:
            # Of two who came with one address at the same moment this is the later: it hears what anybody hears who
            # comes with an address that there is.
            del self._cached_form
            known = self.get_form()
            if not known.is_valid():
                return self.form_invalid(known)
            if not known.account_already_exists:
                raise
            return super().form_valid(known)

    @cached_property
    def invitation(self) -> Invitation | None:
        """The open invitation to whose page this leads back."""
        try:
            place = resolve(get_request_param(self.request, "next") or "")
            is_letter = place.url_name == "invitation"
            return inviting.standing(token=place.kwargs["token"], now=timezone.now()) if is_letter else None
        except (Resolver404, RuleViolation):
            return None
