"""What can be done to receivables, one verb per user intention."""

from financing.receivables.services.acceptance import Answer, accept, cancel, dispute, resolve_dispute
from financing.receivables.services.approving import (
    APPROVES,
    approve_settlement,
    cancel_settlement,
    payout_accounts,
    seen_hash,
    to_approve,
)
from financing.receivables.services.assignment import Transfer, assign, assign_many, is_assignable, lock, release
from financing.receivables.services.booking import book, fail, take_back
from financing.receivables.services.recognising import CONFIRMS, beneath, confirm_number, to_confirm
from financing.receivables.services.settlement import Line, settle, settle_each
from financing.receivables.services.submission import ItemResult, replay, submit

__all__ = [
    "APPROVES",
    "CONFIRMS",
    "Answer",
    "ItemResult",
    "Line",
    "Transfer",
    "accept",
    "approve_settlement",
    "assign",
    "assign_many",
    "beneath",
    "book",
    "cancel",
    "cancel_settlement",
    "confirm_number",
    "dispute",
    "fail",
    "is_assignable",
    "lock",
    "payout_accounts",
    "release",
    "replay",
    "resolve_dispute",
    "seen_hash",
    "settle",
    "settle_each",
    "submit",
    "take_back",
    "to_approve",
    "to_confirm",
]
