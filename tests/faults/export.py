"""What came of a life, without numbers of rows and clock times: the same however it came about."""

from collections import Counter

from accounts.notices.models import Notice
from accounts.trail.models import EventParty
from financing.advances.models import Advance, Application, Repayment
from financing.banking.models import PaymentInstruction
from financing.credit.models import Decision
from financing.ledger.models import Entry, Leg
from financing.receivables.models import Receivable
from tests.faults.lives import Life

ON_THE_WAY = {"payment.accepted", "payment.unanswered", "payment.recovered", "payment.sent", "payment.due"}
"""How a payment came to its end is what the disturbances change."""


def export(life: Life) -> dict:
    """Facts of one supplier: plain values, in an order of their own.

    Of the reasons of a decision the first: others may lie in how much of the fees was booked by then.
    """
    party, facility = life.supplier.party, life.supplier.facility
    return {
        "applications": _rows(Application.objects.filter(supplier=party), "amount_minor", "status"),
        "decisions": _rows(Decision.objects.filter(supplier=party), "outcome", "reasons__0"),
        "advances": _rows(
            Advance.objects.filter(supplier=party), "amount_minor", "status", "principal_minor", "fees_minor",
            "interest_minor", "deferred_fee_minor", "funded_date", "due_date", "grade", "annual_rate",
        ),
        "repayments": _rows(
            Repayment.objects.filter(advance__supplier=party), "fees_minor", "interest_minor", "principal_minor"
        ),
        "receivables": _rows(
            Receivable.objects.filter(supplier=party), "gross_minor", "open_minor", "credited_minor", "settled_minor",
            "settling_minor", "status",
        ),
        "payments": _rows(
            PaymentInstruction.objects.filter(payee=party), "purpose", "amount_minor", "status", "reason"
        ),
        "facility": [facility.principal_minor, facility.reserved_minor, facility.overpaid_minor],
        "entries": _counted(Entry.objects.filter(legs__account__facility_id=facility.id).distinct(), "kind"),
        "legs": _rows(Leg.objects.filter(account__facility_id=facility.id), "account__kind", "amount_minor"),
        "at the bank": sorted(life.house.booked_at_bank(life.supplier.iban)),
        "news": _counted(
            EventParty.objects.filter(party_id=party.id).exclude(event__name__in=ON_THE_WAY), "event__name"
        ),
        "notices": _counted(Notice.objects.filter(party=party), "event__name"),
    }  # fmt: skip


def difference(undisturbed: dict, disturbed: dict) -> list[str]:
    return [
        f"{what}: undisturbed {undisturbed[what]}, disturbed {disturbed[what]}"
        for what in undisturbed
        if undisturbed[what] != disturbed[what]
    ]


def _rows(rows, *fields: str) -> list[tuple]:
    return sorted(tuple(map(str, each)) for each in rows.values_list(*fields))


def _counted(rows, field: str) -> dict[str, int]:
    return dict(sorted(Counter(rows.values_list(field, flat=True)).items()))
