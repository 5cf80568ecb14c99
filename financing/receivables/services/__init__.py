"""What can be done to receivables, one verb per user intention."""

from financing.receivables.services.assign import Transfer, assign, assign_many, is_assignable, lock, release
from financing.receivables.services.booked import book, fail, take_back
from financing.receivables.services.settle import settle

__all__ = [
    "Transfer",
    "assign",
    "assign_many",
    "book",
    "fail",
    "is_assignable",
    "lock",
    "release",
    "settle",
    "take_back",
]
