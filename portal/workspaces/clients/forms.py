"""What an administrator says of a machine."""

from datetime import timedelta
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.parties.models import Membership
from portal.shared.scopes import SCOPES, offered_to

ROLES = [
    (Membership.Role.VIEWER, _("Viewer: reads")),
    (Membership.Role.MAKER, _("Maker: hands in, asks, proposes")),
    (Membership.Role.CHECKER, _("Checker: approves what others made")),
    (Membership.Role.ADMIN, _("Administrator: all of these, and who may act")),
]
OVERLAPS = [(0, _("at once: it leaked")), (1, _("in an hour")), (24, _("in a day")), (168, _("in seven days"))]
LIVES = [("", _("never")), (90, _("in 90 days")), (365, _("in a year"))]


class ClientForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("So that you know it again: ERP, till, ..."))
    seen_hash = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    role = forms.ChoiceField(label=_("Role"), choices=ROLES, initial=Membership.Role.MAKER)
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), widget=forms.CheckboxSelectMultiple,
        help_text=_("portolan stands for all of them. Role and scope both have to permit."),
    )  # fmt: skip

    def __init__(self, *args, kind: str, **kwargs):
        """`kind` of the party. What serves it nothing is offered only where the machine has it already."""
        super().__init__(*args, **kwargs)
        offered = {*offered_to(kind), *self.initial.get("scopes", ())}
        self.fields["scopes"].choices = [(name, name) for name in SCOPES if name in offered]


class NewClientForm(ClientForm):
    days = forms.TypedChoiceField(
        label=_("Its secret ends"), choices=LIVES, coerce=int, empty_value=None, required=False
    )
    asked_as = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput, initial=lambda: uuid4().hex)
    field_order = ["name", "role", "days", "scopes"]


class SecretForm(forms.Form):
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    overlap_hours = forms.TypedChoiceField(label=_("The present secret ends"), choices=OVERLAPS, coerce=int, initial=24)

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=self.cleaned_data["overlap_hours"])
