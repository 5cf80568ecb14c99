"""Which rows the database shows to whom: an account to its holder, a payment to both sides of it."""

from portal.shared.wall import ME, along_with, to_all

_ACCOUNT = "banking_bankaccount"

SHOWN = {
    _ACCOUNT: to_all(f"party_id = {ME}"),
    "banking_bankmessage": along_with("banking_bankmessage", _ACCOUNT, by="account_id"),
    "banking_statement": along_with("banking_statement", _ACCOUNT, by="account_id"),
    "banking_bankentry": along_with("banking_bankentry", _ACCOUNT, by="account_id"),
    "banking_paymentinstruction": to_all(f"payer_id = {ME} OR payee_id = {ME}"),
}
