"""Whose affair a bank's reason is. Codes of ISO 20022, external code sets. Pure.

The payee may learn what concerns its own account, and nothing of the payer: neither that it had no money, nor that a
limit, an authority or a court stood in the way.
"""

OF_PAYEES_ACCOUNT = frozenset({"AC01", "AC03", "AC04", "AC07", "AC14", "RC04"})
"""The account, or the bank, that the payment was to go to: wrong, unknown, closed, of another kind."""
FROM_PAYEES_BANK = frozenset({"AC06", "AG01", "RC01"})
"""These speak of either account: a return comes from the payee's bank and means the payee's, a refusal may not."""


def concerns_payee(reason: str, *, came_back: bool) -> bool:
    """Whether the payee may read this reason of a payment that was refused or, `came_back`, returned."""
    return reason in OF_PAYEES_ACCOUNT or (came_back and reason in FROM_PAYEES_BANK)
