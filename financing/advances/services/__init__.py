"""What is done with quotes, applications and advances: one public verb per intention.

quote     see what the policy would say to an amount, and offer terms for it
apply     take up a quote or many, or withdraw
decide    the policy decides what is waiting, many at once
refer     a maker recommends and a checker decides what was referred
disburse  the bank has booked or refused a payment
take_back the bank has returned a payment after it had booked it
accrue    interest and fees up to the business date
hold      what is due to a supplier and cannot go there now
receipts  what a settlement payment brings to a facility
repay     a receipt goes through the waterfall
undo      a receipt that came back after it was applied
"""

from financing.advances.services.accrue import accrue_book
from financing.advances.services.apply import Applied, NoBankAccount, apply, apply_each, withdraw
from financing.advances.services.decide import decide_waiting
from financing.advances.services.disburse import confirm_funding, fail
from financing.advances.services.hold import hold_back, pay_held, pay_held_to
from financing.advances.services.quote import Offer, offer, quote
from financing.advances.services.refer import DECIDES, decide_referral, prospect, recommend
from financing.advances.services.repay import apply_receipts
from financing.advances.services.take_back import take_back
from financing.advances.services.undo import undo_receipts

__all__ = [
    "DECIDES",
    "Applied",
    "NoBankAccount",
    "Offer",
    "accrue_book",
    "apply",
    "apply_each",
    "apply_receipts",
    "confirm_funding",
    "decide_referral",
    "decide_waiting",
    "fail",
    "hold_back",
    "offer",
    "pay_held",
    "pay_held_to",
    "prospect",
    "quote",
    "recommend",
    "take_back",
    "undo_receipts",
    "withdraw",
]  # fmt: skip
