"""What a supplier may hand in, checked for its shape; the rules are the services'."""

import re
from decimal import Decimal

from babel import Locale
from django import forms
from django.core.exceptions import ValidationError
from django.forms import formset_factory
from django.utils.translation import gettext_lazy as _

from financing.banking.iso20022 import fields
from financing.banking.iso20022 import iban as ibans
from financing.banking.iso20022.errors import MessageError
from portal.shared.money import MoneyError, exponent, to_minor
from portal.ui.formats import locale

MAX_FILES = 20
MAX_OWNERS = 4
HOLDER_AT_MOST = 70
"""As many characters as a bank's message takes."""
# Not countries: regions, groups and pseudo codes of CLDR.
NO_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}


def countries() -> list[tuple[str, str]]:
    """ISO 3166-1 codes with their names in the page's language, by name."""
    named = locale().territories or Locale("en").territories
    found = [(code, name) for code, name in named.items() if len(code) == 2 and code not in NO_COUNTRIES]
    return [("", "–"), *sorted(found, key=lambda each: each[1])]


class CountryField(forms.ChoiceField):
    def __init__(self, **kwargs):
        super().__init__(choices=countries, **kwargs)


# 1,234.50 and 1234.50; 1.234,50 and 1234,5. A comma before three digits parts thousands, as the portal writes them.
WITH_POINT = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", re.ASCII)
WITH_COMMA = re.compile(r"(?:\d{1,3}(?:\.\d{3})+|\d+),(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3})+,\d+", re.ASCII)


def amount_minor(text: str, currency: str) -> int:
    """Minor units of an amount as people write it. What could be read in two ways, or not at all, is never guessed at.

    The browser reads it by the same two patterns (static/js/amount.js). Raises ValidationError.
    """
    written = re.sub(r"[\s'’]", "", text)
    if WITH_COMMA.fullmatch(written):
        written = written.replace(".", "").replace(",", ".")
    elif WITH_POINT.fullmatch(written):
        written = written.replace(",", "")
    else:
        written = ""
    if not written or len(written.partition(".")[2]) > exponent(currency):
        raise ValidationError(_("That is not an amount. Write it as 1,234.50."))
    try:
        return to_minor(written, currency)
    except MoneyError as error:
        raise ValidationError(str(error)) from None


class AmountForm(forms.Form):
    amount = forms.CharField(label=_("Amount"), max_length=24)

    def __init__(self, *args, currency: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> int:
        return amount_minor(self.cleaned_data["amount"], self.currency)


class NumberForm(forms.Form):
    platform = forms.TypedChoiceField(label=_("Platform"), coerce=int)
    number = forms.CharField(
        label=_("Your number there"), max_length=80,
        help_text=_("As the platform writes it on its orders to you: your seller or supplier number."),
    )  # fmt: skip

    def __init__(self, *args, platforms, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["platform"].choices = [(each.id, each.name) for each in platforms]


class RegisterForm(forms.Form):
    name = forms.CharField(
        label=_("Legal name"), max_length=140, help_text=_("As it stands in the register."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )  # fmt: skip
    country = CountryField(label=_("Country"))
    registration_number = forms.CharField(
        label=_("Registration number"), max_length=40, help_text=_("Of the trade or company register.")
    )


class VerificationForm(forms.Form):
    legal_name = forms.CharField(label=_("Legal name"), max_length=140)
    registration_number = forms.CharField(label=_("Registration number"), max_length=40)
    country = CountryField(label=_("Country"))
    address = forms.CharField(
        label=_("Address"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "street-address"})
    )
    nobody = forms.BooleanField(label=_("Nobody owns 25% or more"), required=False)


class OwnerForm(forms.Form):
    full_name = forms.CharField(label=_("Full name"), max_length=140)
    country = CountryField(label=_("Country of residence"))
    share_percent = forms.DecimalField(
        label=_("Share, in %"), min_value=Decimal(25), max_value=Decimal(100), max_digits=5, decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip


OwnerForms = formset_factory(OwnerForm, extra=MAX_OWNERS, max_num=MAX_OWNERS, absolute_max=MAX_OWNERS)


class AccountForm(forms.Form):
    """What a bank would not know is said at its field; the services hold it against the same rules once more."""

    holder = forms.CharField(label=_("Account holder"), max_length=HOLDER_AT_MOST)
    iban = forms.CharField(
        label="IBAN", max_length=42, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    bic = forms.CharField(
        label="BIC", max_length=11, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    currency = forms.ChoiceField(label=_("Currency"))

    def __init__(self, *args, currencies: list[str], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(each, each) for each in currencies]

    def clean_iban(self) -> str:
        given = "".join(self.cleaned_data["iban"].split()).upper()
        if not ibans.is_valid(given):
            raise ValidationError(
                _("This is not a valid IBAN. Compare it with your bank's statement: a character is wrong or missing.")
            )
        return given

    def clean_bic(self) -> str:
        given = self.cleaned_data["bic"].upper()
        try:
            fields.bic("BIC", given)
        except MessageError:
            raise ValidationError(
                _("A BIC has 8 or 11 letters and digits, as in COBADEFFXXX. Leave it empty where you do not know it.")
            ) from None
        return given


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    widget = ManyFiles

    def clean(self, data, initial=None) -> list:
        files = data if isinstance(data, list | tuple) else [data]
        if len(files) > MAX_FILES:
            raise ValidationError(_("At most 20 files are handed in at once."))
        clean_one = super().clean
        return [clean_one(each, initial) for each in files or [None]]


class UploadForm(forms.Form):
    files = FilesField(
        label=_("Invoices and credit notes"),
        allow_empty_file=True,  # an empty one is kept and refused in words, like any other that cannot be read
        help_text=_("UBL 2.1 XML or JSON, one or many documents to a file, 10 MB at most."),
        widget=ManyFiles(attrs={"accept": ".xml,.json,application/xml,text/xml,application/json"}),
    )
