"""Which rows the database shows to whom: a book to its funder."""

from portal.shared.wall import ME, Shown

_OF_BOOK = Shown(funder="book_id IN (SELECT id FROM ledger_book)")
# All accounts of the book at once, and not each row's own: row by row, a sum over all days takes ten times as long.
_OF_ACCOUNT = Shown(funder="account_id IN (SELECT id FROM ledger_account)")

SHOWN = {
    "ledger_book": Shown(funder=f"funder_id = {ME}"),
    "ledger_account": _OF_BOOK,
    "ledger_entry": _OF_BOOK,
    "ledger_leg": _OF_ACCOUNT,
    "ledger_balance": _OF_ACCOUNT,
}
