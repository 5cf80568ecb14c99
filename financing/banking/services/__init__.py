"""What can be done with accounts at banks: one public verb per intention.

| module | holds |
|---|---|
| `accounts` | proposing them, closing them |
| `confirming` | the second word on them |
| `instructions` | what is to be paid |
| `sending` | from an instruction that is due to the bank's answer |
| `booking` | what the bank has booked, into the owner's book |
| `receiving` | what the bank pushes |
| `asking` | what the portal asks the bank |
| `statements` | the bank's day against ours |
"""

from financing.banking.services.accounts import close_account, register_account, replace_account
from financing.banking.services.asking import ask, inquire
from financing.banking.services.confirming import confirm_account, refuse_account, withdraw_account, word_on
from financing.banking.services.instructions import (
    InstructionConflict,
    NoBankAccount,
    Payment,
    instruct,
    require_accounts,
    why,
)
from financing.banking.services.receiving import Receipt, receive, replay
from financing.banking.services.sending import (
    Claimed,
    Outcome,
    claim,
    record_answer,
    record_never_had,
    record_outcome,
    record_silence,
    transmit,
)
from financing.banking.services.statements import collect_statements, reconcile

__all__ = [
    "Claimed",
    "InstructionConflict",
    "NoBankAccount",
    "Outcome",
    "Payment",
    "Receipt",
    "ask",
    "claim",
    "close_account",
    "collect_statements",
    "confirm_account",
    "inquire",
    "instruct",
    "receive",
    "reconcile",
    "record_answer",
    "record_never_had",
    "record_outcome",
    "record_silence",
    "refuse_account",
    "register_account",
    "replace_account",
    "replay",
    "require_accounts",
    "transmit",
    "why",
    "withdraw_account",
    "word_on",
]
