"""What a person says of itself."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.shared.names import plain


class ProfileForm(forms.Form):
    full_name = forms.CharField(
        label=_("Your name"), max_length=140,
        help_text=_("So your colleagues read it in what happened. Other parties never see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip

    def clean_full_name(self) -> str:
        name = plain(self.cleaned_data["full_name"])
        if name is None:
            raise forms.ValidationError(_("Your name holds something that cannot be seen. Type it by hand."))
        return name
