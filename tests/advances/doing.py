"""What tests of advances have others do, told once: a supplier credits, a bank's booking enters the ledger."""

import json

from financing.ledger import services as ledger
from financing.receivables import services as receivables
from financing.receivables.models import Receivable
from financing.receivables.services.entry import Entered
from portal.shared.access import SYSTEM_ACTOR
from tests.world import CURRENCY, NOW, TODAY, Lending, as_member


def credit(lending: Lending, invoice: Receivable, number: str, amount: str) -> Entered:
    """Amphora hands in a credit note of that number for goods that came back."""
    note = {
        "type": "CREDIT_NOTE", "number": number, "invoice": invoice.number, "issue_date": TODAY.isoformat(),
        "currency": CURRENCY, "supplier": "amphora", "payable": amount,
        "debtor": {"registration_number": lending.cast.meridian.registration_number},
        "lines": [{"quantity": "1", "amount": amount}],
    }  # fmt: skip
    ana, content = as_member("ana@amphora.example"), json.dumps(note).encode()
    [entered] = receivables.submit(actor=ana, content=content, media_type="application/json", now=NOW)
    return entered


def book_cash(lending: Lending, key: str, amount: int, contra: str, facility_id: int | None = None) -> None:
    """Cash of Harbour's book moves against a contra account (minor units; negative: money leaves)."""
    legs = (ledger.LegOf("CASH", amount), ledger.LegOf(contra, -amount, facility_id))
    posting = ledger.Posting(key=key, kind="bank", currency=CURRENCY, legs=legs)
    ledger.post(actor=SYSTEM_ACTOR, book_id=lending.book.id, postings=[posting], now=NOW)
