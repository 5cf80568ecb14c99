"""Which rows the database shows to whom.

Wider than PartyQuerySet.visible_to by names alone: a platform also reads who trades with it and is not admitted yet.
"""

from portal.shared.wall import ME, NO_PARTY, PERSON, Shown, along_with, mostly, to_all

_TRADES = f"id = {ME} OR kind IN ('PLATFORM', 'FINANCIER', 'BANK')"
_ADMITTED = f"id = {ME} OR status IN ('ADMITTED', 'SUSPENDED')"
_SUPPLIES = f"""
EXISTS (SELECT FROM receivables_receivable owed WHERE owed.supplier_id = parties_party.id AND owed.debtor_id = {ME})
OR EXISTS (SELECT FROM orders_suppliernumber known WHERE known.supplier_id = parties_party.id
           AND known.platform_id = {ME})
OR EXISTS (SELECT FROM orders_purchaseorder bought WHERE bought.supplier_id = parties_party.id
           AND bought.platform_id = {ME})
"""

SHOWN = {
    "parties_party": Shown(*map(mostly, (_TRADES, f"{_ADMITTED} OR {_SUPPLIES}", _ADMITTED, _TRADES))),
    # Colleagues, and oneself.
    "parties_user": to_all(
        f"id = {PERSON} OR EXISTS (SELECT FROM parties_membership acts"
        f" WHERE acts.user_id = parties_user.id AND acts.party_id = {ME})"
    ),
    "parties_membership": to_all(f"party_id = {ME} OR user_id = {PERSON}"),
    "parties_invitation": to_all(f"party_id = {ME}", operator=f"party_id = {ME} OR for_first_administrator"),
    "parties_businessverification": to_all(f"party_id = {ME}"),
    "parties_beneficialowner": along_with(
        "parties_beneficialowner", "parties_businessverification", by="verification_id"
    ),
    "parties_attempt": NO_PARTY,
    "parties_user_groups": NO_PARTY,
    "parties_user_user_permissions": NO_PARTY,
}
