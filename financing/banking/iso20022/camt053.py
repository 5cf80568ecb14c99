"""camt.053.001.08, bank to customer statement: an account's business day, from opening to closing balance."""

from dataclasses import dataclass
from datetime import date, datetime

from financing.banking.iso20022 import entries, fields, reader, writer
from financing.banking.iso20022.entries import Direction, Entry
from financing.banking.iso20022.errors import UnreadableMessage, UnsendableMessage

NAME = "camt.053.001.08"


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """One day of one account. Balances are signed minor units: below zero the holder owes the bank.

    Not checked here: opening + credits - debits = closing. See `difference_minor`.
    """

    statement_id: str
    account_iban: str
    currency: str
    period_date: date
    opening_minor: int
    closing_minor: int
    entries: tuple[Entry, ...]

    def __post_init__(self):
        fields.identifier("Stmt/Id", self.statement_id)
        fields.iban("Account", self.account_iban)
        fields.currency(self.currency)
        for balance in (self.opening_minor, self.closing_minor):
            fields.amount(abs(balance), least=0)
        object.__setattr__(self, "entries", tuple(self.entries))
        if any(entry.currency != self.currency for entry in self.entries):
            raise UnsendableMessage(
                "FIELD_INVALID", "An entry is not in the account's currency {currency}.", currency=self.currency
            )

    def difference_minor(self) -> int:
        """Closing balance less what opening balance and entries make of it: zero in a statement that adds up."""
        moved = sum(
            entry.amount_minor if entry.direction == Direction.CREDIT else -entry.amount_minor for entry in self.entries
        )
        return self.closing_minor - self.opening_minor - moved


@dataclass(frozen=True, slots=True)
class Statement:
    """The whole message."""

    message_id: str
    created_at: datetime
    accounts: tuple[AccountStatement, ...]

    def __post_init__(self):
        fields.identifier("MsgId", self.message_id)
        object.__setattr__(self, "created_at", fields.instant("CreDtTm", self.created_at))
        object.__setattr__(self, "accounts", tuple(self.accounts))


def build(message: Statement) -> bytes:
    header = writer.node(
        "GrpHdr", writer.text("MsgId", message.message_id), writer.instant("CreDtTm", message.created_at)
    )
    accounts = (_account(account, message.created_at) for account in message.accounts)
    return writer.document(NAME, writer.node("BkToCstmrStmt", header, *accounts))


def _account(account: AccountStatement, created_at: datetime) -> str:
    # A range of whole days in UTC: the business day is the date of the balances, whatever the bank's zone.
    day = account.period_date.isoformat()
    return writer.node(
        "Stmt",
        writer.text("Id", account.statement_id),
        writer.instant("CreDtTm", created_at),
        f"<FrToDt><FrDtTm>{day}T00:00:00+00:00</FrDtTm><ToDtTm>{day}T23:59:59+00:00</ToDtTm></FrToDt>",
        writer.account("Acct", account.account_iban, account.currency),
        _balance("OPBD", account.opening_minor, account),
        _balance("CLBD", account.closing_minor, account),
        *map(entries.build, account.entries),
    )


def _balance(kind: str, signed_minor: int, account: AccountStatement) -> str:
    return writer.node(
        "Bal",
        f"<Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>",
        writer.amount("Amt", abs(signed_minor), account.currency),
        writer.text("CdtDbtInd", Direction.DEBIT if signed_minor < 0 else Direction.CREDIT),
        writer.day("Dt", account.period_date),
    )


def parse(data: bytes) -> Statement:
    """Raises UnreadableMessage."""
    root = reader.open_document(data, NAME).required_node("BkToCstmrStmt")
    header = root.required_node("GrpHdr")
    with reader.reading():
        return Statement(
            message_id=header.required("MsgId"),
            created_at=header.required_instant("CreDtTm"),
            accounts=tuple(map(_read_account, root.nodes("Stmt"))),
        )


def _read_account(node: reader.Node) -> AccountStatement:
    opening = _read_balance(node, "OPBD", "PRCD")
    closing = _read_balance(node, "CLBD")
    closing_minor, currency = closing.amount("Amt")
    opening_minor, _ = opening.amount("Amt")
    return AccountStatement(
        statement_id=node.required("Id"),
        account_iban=node.required("Acct/Id/IBAN"),
        currency=currency,
        period_date=closing.required_day("Dt"),
        opening_minor=_sign(opening) * opening_minor,
        closing_minor=_sign(closing) * closing_minor,
        entries=entries.parse_all(node),
    )


def _read_balance(node: reader.Node, *kinds: str) -> reader.Node:
    """The first of the kinds that is there: many banks open a day with the last day's closing balance (PRCD)."""
    found = {balance.text("Tp/CdOrPrtry/Cd"): balance for balance in reversed(node.nodes("Bal"))}
    for kind in kinds:
        if kind in found:
            return found[kind]
    raise UnreadableMessage("FIELD_MISSING", "The statement has no {kind} balance.", kind=kinds[0])


def _sign(balance: reader.Node) -> int:
    return -1 if balance.required("CdtDbtInd") == Direction.DEBIT else 1
