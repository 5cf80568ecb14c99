"""Well-formed messages for the tests: fixed examples, hypothesis strategies and the official schemas."""

import functools
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import strategies as st
from lxml import etree

from financing.banking.iso20022 import camt053, camt054, entries, iban, pain001, pain002

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "iso20022"
MORNING = datetime(2026, 3, 2, 8, 30, 15, 123456, tzinfo=UTC)
FUNDER = "DE89370400440532013000"
SUPPLIER = "FR1420041010050500013M02606"


def data_file(path: str) -> Path:
    found = DATA / path
    if not found.exists():
        pytest.skip(f"SKIPPED, NOT TESTED: the ISO 20022 data is absent, expected at {found}")
    return found


def assert_valid(message: bytes, name: str) -> None:
    """The message obeys the official schema of that name; the test is skipped where the schemas are absent."""
    schema(name).assertValid(etree.fromstring(message))


@functools.cache
def schema(name: str) -> etree.XMLSchema:
    folder = {"pain": "payments_initiation", "camt": "cash_management"}[name[:4]]
    return etree.XMLSchema(etree.parse(data_file(f"pyiso20022/xsd/{folder}/{name[:8]}/{name}.xsd")))


def initiation(**changes) -> pain001.CreditTransferInitiation:
    transfer = pain001.Transfer(
        end_to_end_id="ADV-1", instruction_id="INS-1", amount_minor=123_456, currency="EUR",
        creditor_name="Müller & Söhne <Handel>", creditor_iban=SUPPLIER, creditor_bic="PSSTFRPPPAR",
        remittance_text="Advance 1, invoices 17 and 18",
    )  # fmt: skip
    block = pain001.PaymentBlock("PAY-1", date(2026, 3, 2), "Platform Capital", FUNDER, (transfer,), "COBADEFFXXX")
    return pain001.CreditTransferInitiation(
        **{"msg_id": "MSG-1", "created_at": MORNING, "initiating_party_name": "Portolan", "payment_blocks": (block,)}
        | changes
    )


def report(*payments: pain002.PaymentStatus) -> pain002.StatusReport:
    return pain002.StatusReport("RPT-1", MORNING, "MSG-1", pain002.Status.PARTIALLY_ACCEPTED, payments)


def entry(**changes) -> entries.Entry:
    values = {
        "bank_reference": "B1", "amount_minor": 123_456, "currency": "EUR", "direction": entries.Direction.DEBIT,
        "booking_date": date(2026, 3, 2), "value_date": date(2026, 3, 3),
        "transaction_code": entries.CREDIT_TRANSFER_SENT, "end_to_end_id": "ADV-1", "instruction_id": "INS-1",
        "counterparty_name": "Müller & Söhne", "counterparty_iban": SUPPLIER, "remittance_text": "Advance 1",
    }  # fmt: skip
    return entries.Entry(**values | changes)


def notification(*booked: entries.Entry) -> camt054.Notification:
    return camt054.Notification("NTF-1", MORNING, (camt054.AccountNotification("NTF-1/1", FUNDER, "EUR", booked),))


def statement(*booked: entries.Entry, opening: int = 500_000, closing: int = 376_544) -> camt053.Statement:
    account = camt053.AccountStatement("STM-1", FUNDER, "EUR", date(2026, 3, 2), opening, closing, booked)
    return camt053.Statement("STMMSG-1", MORNING, (account,))


# ── strategies: any Unicode in names and texts, whatever fits in references ──────────────────────────────────────────
names = st.text(max_size=200)
texts = st.none() | st.text(max_size=300)
references = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=35
).filter(lambda text: not text.isspace() and "\ufffe" not in text and "\uffff" not in text)
amounts = st.integers(min_value=1, max_value=10**13)
currencies = st.sampled_from(["EUR", "JPY", "CNY", "KWD", "BRL"])
instants = st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1))  # noqa: DTZ001
days = st.dates(min_value=date(1990, 1, 1))
ibans = st.from_regex(r"[0-9A-Z]{11,30}", fullmatch=True).map(lambda basic: iban.make("DE", basic))
bics = st.none() | st.from_regex(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", fullmatch=True)
codes = st.none() | st.from_regex(r"[A-Z0-9]{4}", fullmatch=True)

transfers = st.builds(
    pain001.Transfer, end_to_end_id=references, instruction_id=st.none() | references, amount_minor=amounts,
    currency=currencies, creditor_name=names, creditor_iban=ibans, creditor_bic=bics, remittance_text=texts,
)  # fmt: skip
blocks = st.builds(
    pain001.PaymentBlock, payment_id=references, requested_execution_date=days, debtor_name=names, debtor_iban=ibans,
    transfers=st.lists(transfers, min_size=1, max_size=3).map(tuple), debtor_bic=bics,
)  # fmt: skip
initiations = st.builds(
    pain001.CreditTransferInitiation, msg_id=references, created_at=instants, initiating_party_name=names,
    payment_blocks=st.lists(blocks, min_size=1, max_size=3).map(tuple),
)  # fmt: skip
statuses = st.sampled_from(pain002.Status)
payment_statuses = st.builds(
    pain002.PaymentStatus, payment_id=references, end_to_end_id=references, status=statuses,
    instruction_id=st.none() | references, reason_code=codes, reason_text=texts, accepted_at=st.none() | instants,
    bank_reference=st.none() | references,
)  # fmt: skip
reports = st.builds(
    pain002.StatusReport, message_id=references, created_at=instants, original_message_id=references,
    group_status=st.none() | statuses, payments=st.lists(payment_statuses, max_size=4).map(tuple),
    reason_code=codes, reason_text=texts,
)  # fmt: skip


def entries_of(currency: st.SearchStrategy[str]) -> st.SearchStrategy[entries.Entry]:
    return st.builds(
        entries.Entry, bank_reference=references, amount_minor=amounts, currency=currency,
        direction=st.sampled_from(entries.Direction), booking_date=days, value_date=days,
        transaction_code=st.sampled_from([entries.CREDIT_TRANSFER_SENT, entries.NO_CODE]),
        end_to_end_id=st.none() | references.filter(lambda text: text != "NOTPROVIDED"),
        instruction_id=st.none() | references, counterparty_name=texts, counterparty_iban=st.none() | ibans,
        remittance_text=texts, return_reason=codes, return_text=texts,
    )  # fmt: skip


notifications = st.builds(
    camt054.Notification, message_id=references, created_at=instants,
    accounts=st.lists(st.builds(
        camt054.AccountNotification, notification_id=references, account_iban=ibans, currency=st.none() | currencies,
        entries=st.lists(entries_of(currencies), max_size=3).map(tuple),
    ), min_size=1, max_size=2).map(tuple),
)  # fmt: skip
balances = st.integers(min_value=-(10**14), max_value=10**14)
statements = st.builds(
    camt053.Statement, message_id=references, created_at=instants,
    accounts=st.lists(st.builds(
        camt053.AccountStatement, statement_id=references, account_iban=ibans, currency=st.just("EUR"),
        period_date=days, opening_minor=balances, closing_minor=balances,
        entries=st.lists(entries_of(st.just("EUR")), max_size=3).map(tuple),
    ), min_size=1, max_size=2).map(tuple),
)  # fmt: skip
