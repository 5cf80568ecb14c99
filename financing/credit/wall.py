"""Which rows the database shows to whom: a facility and what stands behind it to its supplier and its funder.

Wider than ProgrammeQuerySet.visible_to: a supplier reads the programme it has joined when it is open to others no more.
"""

from portal.shared.wall import ME, Shown, along_with

_OF_BOTH = Shown(f"supplier_id = {ME}", funder=f"funder_id = {ME}", platform=f"funder_id = {ME}")
_OF_FUNDER = Shown(funder=f"funder_id = {ME}")

SHOWN = {
    "credit_policyversion": _OF_FUNDER,
    "credit_programme": Shown(
        "is_open OR EXISTS (SELECT FROM credit_facility joined WHERE joined.programme_id = credit_programme.id)",
        platform=f"funder_id = {ME} OR debtor_id = {ME}",
        funder=f"funder_id = {ME} OR debtor_id = {ME}",
        supervisor=f"funder_id = {ME} OR debtor_id = {ME}",
    ),
    "credit_facility": _OF_BOTH,
    "credit_assessment": _OF_BOTH,
    "credit_decision": _OF_BOTH,
    "credit_policyreplay": _OF_FUNDER,
    "credit_replayeddecision": along_with("credit_replayeddecision", "credit_policyreplay", by="replay_id"),
}
