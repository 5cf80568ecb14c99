"""camt.054.001.08, debit and credit notification: what the bank has just booked."""

from dataclasses import dataclass
from datetime import datetime

from financing.banking.iso20022 import entries, fields, reader, writer
from financing.banking.iso20022.entries import Entry

NAME = "camt.054.001.08"


@dataclass(frozen=True, slots=True)
class AccountNotification:
    """New entries on one account, in the order in which the bank booked them."""

    notification_id: str
    account_iban: str
    currency: str | None
    entries: tuple[Entry, ...]

    def __post_init__(self):
        fields.identifier("Ntfctn/Id", self.notification_id)
        fields.iban("Account", self.account_iban)
        if self.currency is not None:
            fields.currency(self.currency)
        object.__setattr__(self, "entries", tuple(self.entries))


@dataclass(frozen=True, slots=True)
class Notification:
    """The whole message; the same message may come twice, and the same entries in another message."""

    message_id: str
    created_at: datetime
    accounts: tuple[AccountNotification, ...]

    def __post_init__(self):
        fields.identifier("MsgId", self.message_id)
        object.__setattr__(self, "created_at", fields.instant("CreDtTm", self.created_at))
        object.__setattr__(self, "accounts", tuple(self.accounts))


def build(message: Notification) -> bytes:
    header = writer.node(
        "GrpHdr", writer.text("MsgId", message.message_id), writer.instant("CreDtTm", message.created_at)
    )
    accounts = (
        writer.node(
            "Ntfctn",
            writer.text("Id", account.notification_id),
            writer.instant("CreDtTm", message.created_at),
            writer.account("Acct", account.account_iban, account.currency),
            *map(entries.build, account.entries),
        )
        for account in message.accounts
    )
    return writer.document(NAME, writer.node("BkToCstmrDbtCdtNtfctn", header, *accounts))


def parse(data: bytes) -> Notification:
    """Raises UnreadableMessage."""
    root = reader.open_document(data, NAME).required_node("BkToCstmrDbtCdtNtfctn")
    header = root.required_node("GrpHdr")
    with reader.reading():
        return Notification(
            message_id=header.required("MsgId"),
            created_at=header.required_instant("CreDtTm"),
            accounts=tuple(map(_read_account, root.nodes("Ntfctn"))),
        )


def _read_account(node: reader.Node) -> AccountNotification:
    return AccountNotification(
        notification_id=node.required("Id"),
        account_iban=node.required("Acct/Id/IBAN"),
        currency=node.text("Acct/Ccy"),
        entries=entries.parse_all(node),
    )
