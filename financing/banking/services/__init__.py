"""What can be done with accounts at banks: one public verb per intention."""

from financing.banking.services.accounts import register_account
from financing.banking.services.instructions import InstructionConflict, NoBankAccount, Payment, instruct

__all__ = ["InstructionConflict", "NoBankAccount", "Payment", "instruct", "register_account"]
