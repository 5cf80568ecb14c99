"""pain.002.001.10, customer payment status report: what became of the payments of a pain.001."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from financing.banking.iso20022 import fields, pain001, reader, writer
from financing.banking.iso20022.errors import UnreadableMessage

NAME = "pain.002.001.10"


class Status(StrEnum):
    """ExternalPaymentGroupStatus1Code and ExternalPaymentTransactionStatus1Code, as far as banks use them here."""

    RECEIVED = "RCVD"
    PENDING = "PDNG"
    TECHNICALLY_VALID = "ACTC"
    ACCEPTED = "ACCP"  # customer profile checked
    ACCEPTED_WITH_CHANGE = "ACWC"
    IN_SETTLEMENT = "ACSP"
    SETTLED = "ACSC"  # debtor's account booked
    CREDITED = "ACCC"  # creditor's account booked
    PARTIALLY_ACCEPTED = "PART"
    REJECTED = "RJCT"
    CANCELLED = "CANC"


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    """What became of one payment. `payment_id` names its block (PmtInfId) in the original message."""

    payment_id: str
    end_to_end_id: str
    status: Status
    instruction_id: str | None = None
    reason_code: str | None = None
    reason_text: str | None = None
    accepted_at: datetime | None = None
    bank_reference: str | None = None

    def __post_init__(self):
        put = object.__setattr__
        fields.identifier("OrgnlPmtInfId", self.payment_id)
        fields.identifier("OrgnlEndToEndId", self.end_to_end_id)
        for label, value in (("OrgnlInstrId", self.instruction_id), ("AcctSvcrRef", self.bank_reference)):
            if value is not None:
                fields.identifier(label, value)
        put(self, "reason_code", fields.reason("Reason", self.reason_code))
        put(self, "reason_text", fields.optional(self.reason_text, fields.REASON_TEXT_LENGTH))
        if self.accepted_at is not None:
            put(self, "accepted_at", fields.instant("AccptncDtTm", self.accepted_at))


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The answer to the message `original_message_id`; a group refused as a whole may list no payments."""

    message_id: str
    created_at: datetime
    original_message_id: str
    group_status: Status | None
    payments: tuple[PaymentStatus, ...] = ()
    reason_code: str | None = None
    reason_text: str | None = None
    original_message_name: str = pain001.NAME

    def __post_init__(self):
        put = object.__setattr__
        fields.identifier("MsgId", self.message_id)
        fields.identifier("OrgnlMsgId", self.original_message_id)
        fields.identifier("OrgnlMsgNmId", self.original_message_name)
        put(self, "created_at", fields.instant("CreDtTm", self.created_at))
        put(self, "payments", tuple(self.payments))
        put(self, "reason_code", fields.reason("Reason", self.reason_code))
        put(self, "reason_text", fields.optional(self.reason_text, fields.REASON_TEXT_LENGTH))


def build(report: StatusReport) -> bytes:
    header = writer.node(
        "GrpHdr", writer.text("MsgId", report.message_id), writer.instant("CreDtTm", report.created_at)
    )
    original = writer.node(
        "OrgnlGrpInfAndSts",
        writer.text("OrgnlMsgId", report.original_message_id),
        writer.text("OrgnlMsgNmId", report.original_message_name),
        writer.text("GrpSts", report.group_status),
        _reason(report.reason_code, report.reason_text),
    )
    blocks = (
        writer.node("OrgnlPmtInfAndSts", writer.text("OrgnlPmtInfId", payment_id), *map(_payment, payments))
        for payment_id, payments in groupby(report.payments, key=lambda payment: payment.payment_id)
    )
    return writer.document(NAME, writer.node("CstmrPmtStsRpt", header, original, *blocks))


def _payment(payment: PaymentStatus) -> str:
    return writer.node(
        "TxInfAndSts",
        writer.text("OrgnlInstrId", payment.instruction_id),
        writer.text("OrgnlEndToEndId", payment.end_to_end_id),
        writer.text("TxSts", payment.status),
        _reason(payment.reason_code, payment.reason_text),
        writer.instant("AccptncDtTm", payment.accepted_at),
        writer.text("AcctSvcrRef", payment.bank_reference),
    )


def _reason(code: str | None, text: str | None) -> str:
    return writer.node("StsRsnInf", writer.node("Rsn", writer.text("Cd", code)), writer.text("AddtlInf", text))


def parse(data: bytes) -> StatusReport:
    """Raises UnreadableMessage."""
    root = reader.open_document(data, NAME).required_node("CstmrPmtStsRpt")
    header, original = root.required_node("GrpHdr"), root.required_node("OrgnlGrpInfAndSts")
    with reader.reading():
        return StatusReport(
            message_id=header.required("MsgId"),
            created_at=header.required_instant("CreDtTm"),
            original_message_id=original.required("OrgnlMsgId"),
            original_message_name=original.required("OrgnlMsgNmId"),
            group_status=_read_status(original.text("GrpSts")),
            reason_code=original.text("StsRsnInf/Rsn/Cd"),
            reason_text=original.line("StsRsnInf/AddtlInf"),
            payments=tuple(
                _read_payment(block.required("OrgnlPmtInfId"), payment)
                for block in root.nodes("OrgnlPmtInfAndSts")
                for payment in block.nodes("TxInfAndSts")
            ),
        )


def _read_payment(payment_id: str, node: reader.Node) -> PaymentStatus:
    return PaymentStatus(
        payment_id=payment_id,
        end_to_end_id=node.required("OrgnlEndToEndId"),
        instruction_id=node.text("OrgnlInstrId"),
        status=_read_status(node.required("TxSts")),
        reason_code=node.text("StsRsnInf/Rsn/Cd"),
        reason_text=node.line("StsRsnInf/AddtlInf"),
        accepted_at=node.instant("AccptncDtTm"),
        bank_reference=node.text("AcctSvcrRef"),
    )


def _read_status(written: str | None) -> Status | None:
    if written is None:
        return None
    try:
        return Status(written)
    except ValueError:
        raise UnreadableMessage(
            "FIELD_INVALID", "The status {written} is not known.", written=fields.shown(written)
        ) from None
