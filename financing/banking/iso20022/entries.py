"""Entries on an account: the part that camt.053 and camt.054 have in common (ReportEntry10)."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from financing.banking.iso20022 import fields, reader, writer
from financing.banking.iso20022.errors import UnreadableMessage, UnsendableMessage

CREDIT_TRANSFER_SENT = "PMNT-ICDT-ESCT"
CREDIT_TRANSFER_RECEIVED = "PMNT-RCDT-ESCT"
CREDIT_TRANSFER_RETURNED = "PMNT-ICDT-RRTN"
NO_CODE = "XTND-NTAV-NTAV"  # the standard's own "not available"


class Direction(StrEnum):
    CREDIT = "CRDT"  # the account's holder has more
    DEBIT = "DBIT"


@dataclass(frozen=True, slots=True)
class Entry:
    """One booked movement of an account.

    `bank_reference` (AcctSvcrRef) is the bank's and unique per account: the key against booking twice.
    `transaction_code` is the ISO bank transaction code as DOMAIN-FAMILY-SUBFAMILY.
    A returned payment is a credit with `return_reason` (such as AC04) and the original `end_to_end_id`.
    """

    bank_reference: str
    amount_minor: int
    currency: str
    direction: Direction
    booking_date: date
    value_date: date
    transaction_code: str = NO_CODE
    end_to_end_id: str | None = None
    instruction_id: str | None = None
    counterparty_name: str | None = None
    counterparty_iban: str | None = None
    remittance_text: str | None = None
    return_reason: str | None = None
    return_text: str | None = None

    def __post_init__(self):
        put = object.__setattr__
        fields.identifier("AcctSvcrRef", self.bank_reference)
        fields.amount(self.amount_minor, least=0)
        fields.currency(self.currency)
        for label, value in (("EndToEndId", self.end_to_end_id), ("InstrId", self.instruction_id)):
            if value is not None:
                fields.identifier(label, value)
        if self.counterparty_iban is not None:
            fields.iban("Counterparty's account", self.counterparty_iban)
        put(self, "counterparty_name", fields.optional(self.counterparty_name, fields.NAME_LENGTH))
        put(self, "remittance_text", fields.optional(self.remittance_text, fields.REMITTANCE_LENGTH))
        put(self, "return_reason", fields.reason("Return reason", self.return_reason))
        put(self, "return_text", fields.optional(self.return_text, fields.REASON_TEXT_LENGTH))
        for part in self.transaction_code.split("-"):
            fields.reason("Bank transaction code", part)
        if self.transaction_code.count("-") != 2:
            raise UnsendableMessage(
                "FIELD_INVALID",
                "'{transaction_code}' is no DOMAIN-FAMILY-SUBFAMILY code.",
                transaction_code=self.transaction_code,
            )


def build(entry: Entry) -> str:
    return writer.node(
        "Ntry",
        writer.amount("Amt", entry.amount_minor, entry.currency),
        writer.text("CdtDbtInd", entry.direction),
        "<Sts><Cd>BOOK</Cd></Sts>",
        writer.day("BookgDt", entry.booking_date),
        writer.day("ValDt", entry.value_date),
        writer.text("AcctSvcrRef", entry.bank_reference),
        _transaction_code(entry.transaction_code),
        writer.node("NtryDtls", _details(entry)),
    )


def _details(entry: Entry) -> str:
    return writer.node(
        "TxDtls",
        writer.node(
            "Refs",
            writer.text("AcctSvcrRef", entry.bank_reference),
            writer.text("InstrId", entry.instruction_id),
            writer.text("EndToEndId", entry.end_to_end_id),
        ),
        writer.amount("Amt", entry.amount_minor, entry.currency),
        writer.text("CdtDbtInd", entry.direction),
        _counterparty(entry),
        writer.remittance(entry.remittance_text),
        writer.node(
            "RtrInf",
            writer.node("Rsn", writer.text("Cd", entry.return_reason)),
            writer.text("AddtlInf", entry.return_text),
        ),
    )


def _transaction_code(code: str) -> str:
    domain, family, subfamily = code.split("-")
    code_of_family = f"<Fmly><Cd>{family}</Cd><SubFmlyCd>{subfamily}</SubFmlyCd></Fmly>"
    return f"<BkTxCd><Domn><Cd>{domain}</Cd>{code_of_family}</Domn></BkTxCd>"


def _counterparty_side(direction: Direction, is_return: bool) -> str:
    """A return keeps the parties of the original payment: its creditor sends the money back."""
    return "Dbtr" if (direction == Direction.CREDIT) != is_return else "Cdtr"


def _counterparty(entry: Entry) -> str:
    side = _counterparty_side(entry.direction, entry.return_reason is not None)
    return writer.node(
        "RltdPties",
        writer.node(side, writer.node("Pty", writer.text("Nm", entry.counterparty_name))),
        writer.account(f"{side}Acct", entry.counterparty_iban),
    )


def parse_all(account: reader.Node) -> tuple[Entry, ...]:
    """The booked entries of a statement or notification; pending and informational ones are left out.

    An entry that the bank books in one sum with details per payment becomes one Entry per payment.
    """
    booked = (node for node in account.nodes("Ntry") if node.text("Sts/Cd", "Sts/Prtry") in (None, "BOOK"))
    return tuple(entry for node in booked for entry in _read(node))


def _read(node: reader.Node) -> list[Entry]:
    whole = _read_whole(node)
    details = node.nodes("NtryDtls/TxDtls")
    if len(details) <= 1:
        return [_with_details(whole, detail) for detail in details] or [whole]
    if any(detail.node("Amt") is None for detail in details):
        return [whole]
    parts = [_with_details(_part(whole, number, detail), detail) for number, detail in enumerate(details, start=1)]
    signed = sum(part.amount_minor if part.direction == whole.direction else -part.amount_minor for part in parts)
    if signed != whole.amount_minor or {part.currency for part in parts} != {whole.currency}:
        # Details in another currency or net of charges do not replace the sum that was booked.
        return [whole]
    return parts


def _read_whole(node: reader.Node) -> Entry:
    amount_minor, currency = node.amount("Amt")
    booking_date = node.required_day("BookgDt")
    return Entry(
        bank_reference=node.required(
            "AcctSvcrRef", "NtryDtls/TxDtls/Refs/AcctSvcrRef", "NtryRef", "NtryDtls/TxDtls/Refs/TxId"
        ),
        amount_minor=amount_minor,
        currency=currency,
        direction=_read_direction(node),
        booking_date=booking_date,
        value_date=node.day("ValDt") or booking_date,
        transaction_code=_read_code(node),
    )


def _part(whole: Entry, number: int, detail: reader.Node) -> Entry:
    amount_minor, currency = detail.amount("Amt")
    suffix = f"/{number}"
    reference = detail.text("Refs/AcctSvcrRef")
    if reference in (None, whole.bank_reference):
        reference = whole.bank_reference[: fields.IDENTIFIER_LENGTH - len(suffix)].rstrip() + suffix
    direction = _read_direction(detail) if detail.text("CdtDbtInd") else whole.direction
    return replace(whole, bank_reference=reference, amount_minor=amount_minor, currency=currency, direction=direction)


def _with_details(entry: Entry, detail: reader.Node) -> Entry:
    return_reason = detail.text("RtrInf/Rsn/Cd")
    side = _counterparty_side(entry.direction, return_reason is not None)
    end_to_end_id = detail.text("Refs/EndToEndId")
    return replace(
        entry,
        end_to_end_id=None if end_to_end_id == "NOTPROVIDED" else end_to_end_id,
        instruction_id=detail.text("Refs/InstrId"),
        counterparty_name=detail.text(f"RltdPties/{side}/Pty/Nm"),
        counterparty_iban=detail.text(f"RltdPties/{side}Acct/Id/IBAN"),
        remittance_text=detail.line("RmtInf/Ustrd") or detail.text("RmtInf/Strd/CdtrRefInf/Ref"),
        return_reason=return_reason,
        return_text=detail.line("RtrInf/AddtlInf"),
    )


def _read_direction(node: reader.Node) -> Direction:
    written = node.required("CdtDbtInd")
    try:
        return Direction(written)
    except ValueError:
        raise UnreadableMessage(
            "FIELD_INVALID", "CdtDbtInd {written} is not CRDT or DBIT.", written=fields.shown(written)
        ) from None


def _read_code(node: reader.Node) -> str:
    domain = node.node("BkTxCd/Domn")
    if domain is None:
        return NO_CODE
    return "-".join(domain.required(path) for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd"))
