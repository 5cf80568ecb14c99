"""pain.001.001.09, customer credit transfer initiation: pay these creditors from these accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from financing.banking.iso20022 import fields, reader, writer
from financing.banking.iso20022.errors import UnreadableMessage, UnsendableMessage
from portal.shared import money

NAME = "pain.001.001.09"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment to one creditor. Names and remittance text are made to fit the standard when the object is made."""

    end_to_end_id: str
    instruction_id: str | None
    amount_minor: int
    currency: str
    creditor_name: str
    creditor_iban: str
    creditor_bic: str | None = None
    remittance_text: str | None = None

    def __post_init__(self):
        put = object.__setattr__
        fields.identifier("EndToEndId", self.end_to_end_id)
        if self.instruction_id is not None:
            fields.identifier("InstrId", self.instruction_id)
        fields.amount(self.amount_minor)
        fields.currency(self.currency)
        put(self, "creditor_name", fields.name(self.creditor_name))
        fields.iban("Creditor's account", self.creditor_iban)
        put(self, "creditor_bic", fields.bic("Creditor's bank", self.creditor_bic))
        put(self, "remittance_text", fields.optional(self.remittance_text, fields.REMITTANCE_LENGTH))


@dataclass(frozen=True, slots=True)
class PaymentBlock:
    """Payments from one account, to be executed on one day. `transfers` is never empty."""

    payment_id: str
    requested_execution_date: date
    debtor_name: str
    debtor_iban: str
    transfers: tuple[Transfer, ...]
    debtor_bic: str | None = None

    def __post_init__(self):
        put = object.__setattr__
        fields.identifier("PmtInfId", self.payment_id)
        put(self, "debtor_name", fields.name(self.debtor_name))
        fields.iban("Debtor's account", self.debtor_iban)
        put(self, "debtor_bic", fields.bic("Debtor's bank", self.debtor_bic))
        put(self, "transfers", tuple(self.transfers))
        if not self.transfers:
            raise UnsendableMessage("FIELD_INVALID", "A payment block holds at least one transfer.")


@dataclass(frozen=True, slots=True)
class CreditTransferInitiation:
    """The whole message; `msg_id` makes it known once: the bank answers the same message again with the same answer."""

    msg_id: str
    created_at: datetime
    initiating_party_name: str
    payment_blocks: tuple[PaymentBlock, ...]

    def __post_init__(self):
        put = object.__setattr__
        fields.identifier("MsgId", self.msg_id)
        put(self, "created_at", fields.instant("CreDtTm", self.created_at))
        put(self, "initiating_party_name", fields.name(self.initiating_party_name))
        put(self, "payment_blocks", tuple(self.payment_blocks))
        if not self.payment_blocks:
            raise UnsendableMessage("FIELD_INVALID", "A message holds at least one payment block.")

    def transfers(self) -> tuple[Transfer, ...]:
        return tuple(transfer for block in self.payment_blocks for transfer in block.transfers)


def build(message: CreditTransferInitiation) -> bytes:
    header = writer.node(
        "GrpHdr",
        writer.text("MsgId", message.msg_id),
        writer.instant("CreDtTm", message.created_at),
        _totals(message.transfers()),
        writer.node("InitgPty", writer.text("Nm", message.initiating_party_name)),
    )
    return writer.document(NAME, writer.node("CstmrCdtTrfInitn", header, *map(_block, message.payment_blocks)))


def _block(block: PaymentBlock) -> str:
    return writer.node(
        "PmtInf",
        writer.text("PmtInfId", block.payment_id),
        "<PmtMtd>TRF</PmtMtd>",
        _totals(block.transfers),
        writer.day("ReqdExctnDt", block.requested_execution_date),
        writer.node("Dbtr", writer.text("Nm", block.debtor_name)),
        writer.account("DbtrAcct", block.debtor_iban),
        # The debtor's bank is mandatory; SEPA's word for "known from the IBAN" stands in for an absent BIC.
        writer.agent("DbtrAgt", block.debtor_bic)
        or "<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>",
        "<ChrgBr>SLEV</ChrgBr>",
        *map(_transfer, block.transfers),
    )


def _transfer(transfer: Transfer) -> str:
    return writer.node(
        "CdtTrfTxInf",
        writer.node(
            "PmtId", writer.text("InstrId", transfer.instruction_id), writer.text("EndToEndId", transfer.end_to_end_id)
        ),
        writer.node("Amt", writer.amount("InstdAmt", transfer.amount_minor, transfer.currency)),
        writer.agent("CdtrAgt", transfer.creditor_bic),
        writer.node("Cdtr", writer.text("Nm", transfer.creditor_name)),
        writer.account("CdtrAcct", transfer.creditor_iban),
        writer.remittance(transfer.remittance_text),
    )


def _totals(transfers: Iterable[Transfer]) -> str:
    count, total = _count_and_sum(transfers)
    return f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total:f}</CtrlSum>"


def _count_and_sum(transfers: Iterable[Transfer]) -> tuple[int, Decimal]:
    """The control sum adds the plain numbers, whatever their currency: so the standard defines it."""
    numbers = [money.from_minor(transfer.amount_minor, transfer.currency) for transfer in transfers]
    return len(numbers), sum(numbers, Decimal(0))


def parse(data: bytes) -> CreditTransferInitiation:
    """Raises UnreadableMessage; TOTALS_DIFFER where the stated number or sum is not that of the transfers."""
    root = reader.open_document(data, NAME).required_node("CstmrCdtTrfInitn")
    header = root.required_node("GrpHdr")
    with reader.reading():
        message = CreditTransferInitiation(
            msg_id=header.required("MsgId"),
            created_at=header.required_instant("CreDtTm"),
            initiating_party_name=header.text("InitgPty/Nm") or "",
            payment_blocks=tuple(map(_read_block, root.nodes("PmtInf"))),
        )
    _check_totals(header, "The message", message.transfers())
    return message


def _read_block(node: reader.Node) -> PaymentBlock:
    block = PaymentBlock(
        payment_id=node.required("PmtInfId"),
        requested_execution_date=node.required_day("ReqdExctnDt"),
        debtor_name=node.text("Dbtr/Nm") or "",
        debtor_iban=node.required("DbtrAcct/Id/IBAN"),
        debtor_bic=node.text("DbtrAgt/FinInstnId/BICFI"),
        transfers=tuple(map(_read_transfer, node.nodes("CdtTrfTxInf"))),
    )
    _check_totals(node, f"Payment block {block.payment_id}", block.transfers)
    return block


def _read_transfer(node: reader.Node) -> Transfer:
    amount_minor, currency = node.amount("Amt/InstdAmt")
    return Transfer(
        end_to_end_id=node.required("PmtId/EndToEndId"),
        instruction_id=node.text("PmtId/InstrId"),
        amount_minor=amount_minor,
        currency=currency,
        creditor_name=node.text("Cdtr/Nm") or "",
        creditor_iban=node.required("CdtrAcct/Id/IBAN"),
        creditor_bic=node.text("CdtrAgt/FinInstnId/BICFI"),
        remittance_text=node.line("RmtInf/Ustrd") or node.text("RmtInf/Strd/CdtrRefInf/Ref"),
    )


def _check_totals(node: reader.Node, label: str, transfers: Iterable[Transfer]) -> None:
    count, total = _count_and_sum(transfers)
    stated_count, stated_total = node.count("NbOfTxs"), node.decimal("CtrlSum")
    if stated_count not in (None, count) or stated_total not in (None, total):
        raise UnreadableMessage(
            "TOTALS_DIFFER",
            "{label} states {stated_count} transfers of {stated_total} in all, but holds {count} of {total}.",
            label=label,
            stated_count=stated_count,
            stated_total=stated_total,
            count=count,
            total=f"{total:f}",
        )
