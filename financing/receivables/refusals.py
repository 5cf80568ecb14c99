"""What the portal refuses about receivables, each with its stable code and its sentence."""

from portal.shared.errors import InvalidInput, RuleViolation


class NotAvailableAsSecurity(RuleViolation):
    """Said to everybody who comes second, and never why: the reason may be another party's business."""

    code, status = "NOT_AVAILABLE_AS_SECURITY", 409
    sentence = "One or more of these receivables are not available as security."


class NotSettleable(RuleViolation):
    code, status = "NOT_SETTLEABLE", 409
    sentence = "Receivable {number} is {state}; only accepted and assigned receivables are settled."


class PayeeNotVerified(RuleViolation):
    """Who stands behind a company that nobody has verified is not known: its money waits."""

    code, status = "PAYEE_NOT_VERIFIED", 409
    sentence = "Receivable {number} is not yet payable: its supplier is not verified, or suspended. Nothing was paid."


class NamedTwice(InvalidInput):
    code = "RECEIVABLE_NAMED_TWICE"
    sentence = "A receivable is named twice."


class AboveOpen(RuleViolation):
    code = "ABOVE_OPEN_AMOUNT"
    sentence = "More was asked for than is open on receivable {number}."


class SettlementKeyReused(RuleViolation):
    code, status = "SETTLEMENT_KEY_REUSED", 409
    sentence = "A settlement with this key exists already and says something else."


class LeftOut(RuleViolation):
    code, status = "LEFT_OUT", 409
    sentence = "This was left out of the settlement when it was made. Settle it under another key."


class PaymentUnderWay(RuleViolation):
    code, status = "PAYMENT_UNDER_WAY", 409
    sentence = "Receivable {number} is being paid. Wait for the bank's answer."


class MixedCurrencies(RuleViolation):
    code = "MIXED_CURRENCIES"
    sentence = "One settlement pays in one currency."


class AlreadyAccepted(RuleViolation):
    code, status = "ALREADY_ACCEPTED", 409
    sentence = "Receivable {number} was accepted, so it is reduced by a credit note and cannot be cancelled."


class SupplierUnverified(RuleViolation):
    """Who gets another's trade gets its money: who that is has been looked at first."""

    code, status = "SUPPLIER_UNVERIFIED", 409
    sentence = "{name} is not verified yet. Confirm its number when the operator has admitted it."


class NumberTaken(RuleViolation):
    code, status = "SUPPLIER_NUMBER_TAKEN", 409
    sentence = "{number} belongs to a supplier that has people or other business here. Ask the operator who is who."


class NumberClash(RuleViolation):
    code, status = "SUPPLIER_NUMBER_CLASH", 409
    sentence = "A credit note stands both under the number and with the supplier. Ask the operator who is who."
