"""Which rows the database shows to whom: money lent to who has it and who lends it."""

from portal.shared.wall import ME, Shown, along_with

_OF_BOTH = Shown(supplier=f"supplier_id = {ME}", funder=f"funder_id = {ME}")
_ADVANCE, _REPAYMENT = "advances_advance", "advances_repayment"

SHOWN = {
    "advances_quote": _OF_BOTH,
    "advances_application": _OF_BOTH,
    _ADVANCE: _OF_BOTH,
    "advances_advancereceivable": along_with("advances_advancereceivable", _ADVANCE, by="advance_id"),
    _REPAYMENT: along_with(_REPAYMENT, _ADVANCE, by="advance_id"),
    "advances_returnedrepayment": along_with("advances_returnedrepayment", _REPAYMENT, by="repayment_id"),
}
