"""Whom an administrator invites."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.parties.models import Membership
from portal.workspaces.clients.forms import ROLES


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=ROLES, initial=Membership.Role.VIEWER)


class FirstAdministratorForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
