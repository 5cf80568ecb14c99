"""Which rows the database shows to whom: a book to its funder."""

from portal.shared.wall import ME, Shown

_OF_BOOK = Shown(funder="book_id IN (SELECT id FROM ledger_book)")


def _of_account(table: str) -> Shown:
    return Shown(funder=f"EXISTS (SELECT FROM ledger_account held WHERE held.id = {table}.account_id)")


SHOWN = {
    "ledger_book": Shown(funder=f"funder_id = {ME}"),
    "ledger_account": _OF_BOOK,
    "ledger_entry": _OF_BOOK,
    "ledger_leg": _of_account("ledger_leg"),
    "ledger_balance": _of_account("ledger_balance"),
}
