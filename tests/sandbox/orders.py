"""Payment orders as the portal sends them."""

from datetime import UTC, date, datetime

from financing.banking.iso20022 import pain001, pain002
from financing.banking.iso20022.pain002 import PaymentStatus, StatusReport

SUPPLIER = "FR1420041010050500013M02606"  # at another bank
WRONG_CHECK_DIGIT = "DE88370400440532013000"


def transfer(reference: str, amount_minor: int = 10_000, **changes) -> pain001.Transfer:
    values = {
        "end_to_end_id": reference, "instruction_id": f"I-{reference}", "amount_minor": amount_minor,
        "currency": "EUR", "creditor_name": "Supplier", "creditor_iban": SUPPLIER, "remittance_text": "Advance",
    }  # fmt: skip
    return pain001.Transfer(**values | changes)


def order(msg_id: str, debtor_iban: str, *transfers: pain001.Transfer, minute: int = 0) -> bytes:
    block = pain001.PaymentBlock("PAY", date(2026, 3, 2), "Platform Capital", debtor_iban, transfers)
    created_at = datetime(2026, 3, 2, 8, minute, tzinfo=UTC)
    return pain001.build(pain001.CreditTransferInitiation(msg_id, created_at, "Portolan", (block,)))


def send(bank, message: bytes) -> StatusReport:
    answer = bank.ask("POST", "/pain.001", message)
    assert answer.status_code == 200, answer.text
    return pain002.parse(answer.content)


def pay(bank, debtor_iban: str, reference: str, amount_minor: int = 10_000, **changes) -> PaymentStatus:
    """One payment in a message of its own; its status in the answer."""
    return send(bank, order(f"M-{reference}", debtor_iban, transfer(reference, amount_minor, **changes))).payments[0]


def status(bank, debtor_iban: str, reference: str) -> PaymentStatus:
    answer = bank.ask("GET", f"/payments/{reference}?debtor_iban={debtor_iban}")
    assert answer.status_code == 200, answer.text
    return pain002.parse(answer.content).payments[0]


def balance(bank, iban: str) -> int:
    return bank.control("GET", f"/accounts/{iban}")["balance_minor"]


def references(entries) -> list[str]:
    return [entry.end_to_end_id for entry in entries]
