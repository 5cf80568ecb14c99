"""The form in which a policy version is proposed: every threshold with its unit and limits."""

import copy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.shared.money import from_minor
from portal.ui.forms import DayInput
from portal.workspaces.funder import terms
from portal.workspaces.funder.terms import CHOICE, MONEY, RATE, SHARE, Section, Term


@dataclass(frozen=True, slots=True)
class Part:
    """A section on the page. `brief`: label and value of each term where it begins; `is_touched`: it is shown open."""

    section: Section
    fields: list[BoundField]
    brief: list[tuple[str | Promise, str]]
    is_touched: bool


class Proposal(forms.Form):
    """`body`: the version that it begins from; what cannot be changed here is taken over from it."""

    effective_from = forms.DateField(
        label=gettext_lazy("Effective from"), widget=DayInput(),
        help_text=gettext_lazy("A business date of your book, today or later."),
    )  # fmt: skip
    note = forms.CharField(
        label=gettext_lazy("What changes, and why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The checker reads it first."),
    )  # fmt: skip

    def __init__(self, *args, body: dict, currency: str, today: date, **kwargs):
        super().__init__(*args, **kwargs)
        self._base, self._currency = body, currency
        self._sections = terms.sections(body)
        self.initial.setdefault("effective_from", today)
        for term in self._terms():
            value = terms.value_at(body, term.place)
            self.fields[term.place] = _field(term, value, currency)
            self.initial[term.place] = _entered(term, value, currency)

    def _terms(self) -> list[Term]:
        return [term for section in self._sections for term in section.terms]

    def parts(self) -> list[Part]:
        """Sections with their fields, as the page shows them."""
        return [self._part(section) for section in self._sections]

    def _part(self, section: Section) -> Part:
        values = [(term, terms.value_at(self._base, term.place)) for term in section.terms]
        return Part(
            section=section,
            fields=[self[term.place] for term in section.terms],
            brief=[(term.label, terms.in_words(term, value, self._currency)) for term, value in values],
            is_touched=self.is_bound
            and any(self[term.place].errors or term.place in self.changed_data for term in section.terms),
        )

    def grouped(self) -> dict[str, list[Part]]:
        """Sections that are read, and those that are folded away."""
        parts = self.parts()
        return {
            "open": [part for part in parts if not part.section.folded],
            "folded": [part for part in parts if part.section.folded],
        }

    def errors_in_folded(self) -> bool:
        return any(bound.errors for part in self.grouped()["folded"] for bound in part.fields)

    def body(self) -> dict:
        """The policy as it was entered, as far as it could be read; the rest as it was."""
        made = copy.deepcopy(self._base)
        for term in self._terms():
            if self.cleaned_data.get(term.place) is not None:
                terms.put(made, term.place, _kept(term, self.cleaned_data[term.place], self._currency))
        return made


def _field(term: Term, value: Any, currency: str) -> forms.Field:
    unit = unit_of(term, currency)
    label = _("{term}, {unit}").format(term=term.label, unit=unit) if unit else term.label
    said = {"label": label, "help_text": term.help}
    if term.unit == CHOICE:
        choices = [(each, terms.in_words(term, each, currency)) for each in term.choices]
        return forms.ChoiceField(choices=choices, **said)
    if term.unit in (terms.DAYS, terms.COUNT, terms.POINTS) and not _has_point(value):
        return forms.IntegerField(min_value=term.lowest, max_value=term.highest, **said)
    lowest, highest, decimals = _limits(term, currency)
    return forms.DecimalField(min_value=lowest, max_value=highest, decimal_places=decimals, max_digits=18, **said)


def _has_point(value: Any) -> bool:
    return isinstance(value, str) and "." in value


def _limits(term: Term, currency: str) -> tuple[Decimal | None, Decimal | None, int]:
    """Lowest, highest and decimals as they are entered: amounts in whole units, shares and rates in per cent."""
    lowest = None if term.lowest is None else _scaled(term, term.lowest, currency)
    highest = None if term.highest is None else _scaled(term, term.highest, currency)
    return lowest, highest, {MONEY: 2, RATE: 2, SHARE: 4}.get(term.unit, 6)


def _scaled(term: Term, value: Any, currency: str) -> Decimal:
    if term.unit == MONEY:
        return from_minor(int(Decimal(value)), currency)
    return {SHARE: Decimal(value) * 100, RATE: Decimal(value) / 100}.get(term.unit, Decimal(value))


def _entered(term: Term, value: Any, currency: str) -> Any:
    """A kept value as a person enters it."""
    if term.unit == CHOICE or (isinstance(value, int) and term.unit not in (MONEY, RATE)):
        return value
    number = _scaled(term, value, currency)
    return f"{number:f}" if term.unit in (MONEY, RATE) else f"{number.normalize():f}"


def _kept(term: Term, entered: Any, currency: str) -> Any:
    """The reverse: minor units and basis points as whole numbers, everything else as decimal text."""
    if term.unit == CHOICE or isinstance(entered, int):
        return entered if term.place.rsplit(".", 1)[-1] != "at_least" else str(entered)
    if term.unit == MONEY:
        minor = int(entered.scaleb(-from_minor(1, currency).as_tuple().exponent))
        return str(minor) if term.place.endswith("at_least") else minor
    if term.unit == RATE:
        return int(entered * 100)
    return f"{(entered / 100 if term.unit == SHARE else entered).normalize():f}"


def unit_of(term: Term, currency: str) -> str:
    """What stands behind the field."""
    return {
        MONEY: currency, SHARE: "%", RATE: "%", terms.DAYS: _("days"),
    }.get(term.unit, "")  # fmt: skip
