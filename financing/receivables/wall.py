"""Which rows the database shows to whom: a debt to the three whom it concerns, a settlement to who orders it."""

from portal.shared.wall import ME, Shown, along_with

_OF_TRADE = Shown(f"supplier_id = {ME}", f"debtor_id = {ME}", f"funder_id = {ME}", f"funder_id = {ME}")
_RECEIVABLE, _PAYMENT, _LINE = "receivables_receivable", "receivables_settlementpayment", "receivables_invoiceline"
_PAID = f"payee_id = {ME}"

SHOWN = {
    _RECEIVABLE: _OF_TRADE,
    _LINE: along_with(_LINE, _RECEIVABLE, by="receivable_id"),
    "receivables_receiptclaim": along_with("receivables_receiptclaim", _LINE, by="invoice_line_id"),
    "receivables_creditnote": _OF_TRADE,
    "receivables_assignment": along_with("receivables_assignment", _RECEIVABLE, by="receivable_id"),
    "receivables_settlement": Shown(platform=f"debtor_id = {ME}"),
    _PAYMENT: Shown(
        _PAID,
        f"{_PAID} OR EXISTS (SELECT FROM receivables_settlement ordered WHERE ordered.id = {_PAYMENT}.settlement_id)",
        _PAID,
        _PAID,
    ),
    "receivables_settlementline": along_with("receivables_settlementline", _PAYMENT, by="payment_id"),
    "receivables_orderedline": along_with("receivables_orderedline", "receivables_settlement", by="settlement_id"),
}
