"""What the operator looks at before admitting a party: others that may be the same company, and its accounts."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import F, FloatField, Func, Q, Value
from django.db.models.functions import Upper
from django.utils.translation import gettext as _

from accounts.parties.models import BusinessVerification, Party
from financing.banking.models import BankAccount

SIMILAR_FROM = 0.5
"""Of the trigrams of two names: "Amphora Works GmbH" and "Amphora Works" share 0.74, two unrelated ones hardly any."""
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Double:
    party: Party
    reasons: tuple[str, ...]


def accounts_of(row: BusinessVerification) -> list[BankAccount]:
    """Where the party wants to be paid, and where it was paid before: the newest first."""
    return list(
        BankAccount.objects.filter(party=row.party_id).order_by(F("closed_at").desc(nulls_first=True), "-id")[:SHOWN]
    )


def doubles(row: BusinessVerification) -> list[Double]:
    """Other parties with the same registration number, the same account, or a name much like it, with why."""
    others = Party.objects.exclude(id=row.party_id)
    numbers = {row.registration_number, row.party.registration_number} - {""}
    found: dict[Party, list[str]] = defaultdict(list)
    for number in numbers:
        for party in others.registered_as(number).order_by("id")[:SHOWN]:
            found[party].append(_("The same registration number"))
    ibans = BankAccount.objects.filter(party=row.party_id).values("iban")
    for party in others.filter(bank_accounts__iban__in=ibans).distinct().order_by("id")[:SHOWN]:
        found[party].append(_("The same bank account"))
    for party in _named_alike(others, {row.legal_name, row.party.name}):
        found[party].append(_("A similar name"))
    return [Double(party, tuple(dict.fromkeys(reasons))) for party, reasons in found.items()]


def _named_alike(parties, names: set[str]) -> list[Party]:
    alike = {f"likeness_{place}": _likeness(name) for place, name in enumerate(sorted(names))}
    wanted = Q.create([(f"{each}__gte", SIMILAR_FROM) for each in alike], Q.OR)
    return list(parties.annotate(**alike).filter(wanted).order_by("name", "id")[:SHOWN])


def _likeness(name: str) -> Func:
    return Func(Upper("name"), Upper(Value(name)), function="similarity", output_field=FloatField())
