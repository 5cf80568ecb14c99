"""REST: receivables from the invoice to the payment."""

from financing.receivables.api.documents import CreditNotes, Receivables
from financing.receivables.api.numbers import SupplierNumbers
from financing.receivables.api.settlements import Settlements

__all__ = ["CreditNotes", "Receivables", "Settlements", "SupplierNumbers"]
