"""Who acts, and what a role of a kind of party is permitted to do. An auditor can read this page.

Pure: no Django, no database.
"""

from dataclasses import dataclass, field

from portal.shared.errors import Forbidden, SecondFactorRequired

VIEWER, MAKER, CHECKER, ADMIN = ROLES = ("VIEWER", "MAKER", "CHECKER", "ADMIN")
SUPPLIER, PLATFORM, FINANCIER, BANK = "SUPPLIER", "PLATFORM", "FINANCIER", "BANK"
SUPERVISOR, OPERATOR, SYSTEM = "SUPERVISOR", "OPERATOR", "SYSTEM"

FUNDERS = (FINANCIER, BANK)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which party. A person has `user_id`; a machine has `client_id`; the portal itself has neither.

    `has_second_factor` is None where the setting does not ask for one. `scopes` bound a machine besides its role
    (portal.shared.scopes); None for a person.
    """

    party_id: int | None
    party_kind: str
    roles: frozenset[str] = field(default_factory=frozenset)
    user_id: int | None = None
    client_id: str = ""
    has_second_factor: bool | None = None
    request_id: str = ""
    scopes: frozenset[str] | None = None

    @property
    def is_system(self) -> bool:
        return self.party_kind == SYSTEM

    @property
    def identity(self) -> str:
        """One person or machine, whatever party it acts for: what maker and checker are compared by."""
        return f"user:{self.user_id}" if self.user_id else f"client:{self.client_id}" if self.client_id else "system"


def _allow(kinds: tuple[str, ...] | str, *roles: str) -> frozenset[tuple[str, str]]:
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    return frozenset((kind, role) for kind in kinds for role in (*roles, ADMIN))


ALL_KINDS = (SUPPLIER, PLATFORM, FINANCIER, BANK, SUPERVISOR, OPERATOR)

PERMISSIONS: dict[str, frozenset[tuple[str, str]]] = {
    # people
    "parties.view": _allow(ALL_KINDS, VIEWER, MAKER, CHECKER),
    "parties.edit": _allow(ALL_KINDS),
    "parties.manage_members": _allow(ALL_KINDS),
    "clients.manage": _allow(ALL_KINDS),
    "parties.register": _allow(OPERATOR, MAKER),
    "parties.submit_verification": _allow(SUPPLIER, MAKER),
    "parties.screen": _allow(OPERATOR, MAKER),
    "parties.decide_verification": _allow(OPERATOR, CHECKER),
    "parties.shut_out": _allow(OPERATOR, MAKER),
    "parties.let_in": _allow(OPERATOR, CHECKER),
    "trail.retry_delivery": _allow(OPERATOR, MAKER),
    "intake.replay": _allow(OPERATOR, MAKER),
    "backoffice.view": _allow(OPERATOR, VIEWER, MAKER, CHECKER),
    # goods
    "orders.import_trade": _allow((PLATFORM, OPERATOR), MAKER),
    "orders.propose_number": _allow(SUPPLIER, MAKER),
    "orders.confirm_number": _allow(PLATFORM, CHECKER),
    "orders.view": _allow((SUPPLIER, PLATFORM, FINANCIER, BANK, OPERATOR), VIEWER, MAKER, CHECKER),
    # money
    "receivables.submit": _allow((SUPPLIER, PLATFORM), MAKER),
    "receivables.accept": _allow(PLATFORM, MAKER),
    "receivables.dispute": _allow(PLATFORM, MAKER),
    "receivables.credit_note": _allow((SUPPLIER, PLATFORM), MAKER),
    "receivables.settle": _allow(PLATFORM, MAKER),
    "receivables.approve_payment": _allow(PLATFORM, CHECKER),
    "receivables.view_settlements": _allow(PLATFORM, VIEWER, MAKER, CHECKER),
    "receivables.view": _allow((SUPPLIER, PLATFORM, FINANCIER, BANK, OPERATOR), VIEWER, MAKER, CHECKER),
    "credit.propose_policy": _allow(FUNDERS, MAKER),
    "credit.approve_policy": _allow(FUNDERS, CHECKER),
    "credit.replay_policy": _allow(FUNDERS, MAKER, CHECKER),
    "credit.view_policy": _allow(FUNDERS, VIEWER, MAKER, CHECKER),
    "credit.join_programme": _allow(SUPPLIER, MAKER),
    "credit.manage_facility": _allow(FUNDERS, CHECKER),
    "advances.quote": _allow(SUPPLIER, MAKER),
    "advances.apply": _allow(SUPPLIER, MAKER),
    "advances.withdraw": _allow(SUPPLIER, MAKER),
    "advances.recommend": _allow(FUNDERS, MAKER),
    "advances.decide_referral": _allow(FUNDERS, CHECKER),
    "advances.view": _allow((SUPPLIER, FINANCIER, BANK, OPERATOR), VIEWER, MAKER, CHECKER),
    "ledger.open_book": _allow(OPERATOR, MAKER),
    "ledger.view": _allow(FUNDERS, VIEWER, MAKER, CHECKER),
    "ledger.advance_business_date": _allow(FUNDERS, CHECKER),
    "banking.register_account": _allow(ALL_KINDS),
    "banking.verify_account": _allow(OPERATOR, CHECKER),
    "banking.view": _allow((SUPPLIER, PLATFORM, FINANCIER, BANK, OPERATOR), VIEWER, MAKER, CHECKER),
    "banking.retry": _allow((OPERATOR, *FUNDERS), MAKER),
}

APPROVES_OR_PAYS = frozenset(
    {
        # who appoints those who approve, and who says where money goes, does both by other hands
        "parties.manage_members",
        "clients.manage",
        "banking.register_account",
        "banking.verify_account",
        "parties.decide_verification",
        "parties.shut_out",
        "parties.let_in",
        "orders.confirm_number",
        "receivables.accept",
        "receivables.settle",
        "receivables.approve_payment",
        "credit.approve_policy",
        "credit.manage_facility",
        "advances.decide_referral",
        "ledger.advance_business_date",
        "banking.retry",
    }
)
"""Permissions for which the second factor is asked where the setting says so."""

SYSTEM_ACTOR = Actor(party_id=None, party_kind=SYSTEM)
"""The portal itself, at work on an event or a schedule."""


def permits(actor: Actor, permission: str) -> bool:
    """Whether a role of the actor's carries the permission (the second factor left aside)."""
    allowed = PERMISSIONS[permission]
    return actor.is_system or any((actor.party_kind, role) in allowed for role in actor.roles)


def approves_or_pays(actor: Actor) -> bool:
    """Whether a role of the actor's carries anything for which a second factor may be asked."""
    return any(permits(actor, permission) for permission in APPROVES_OR_PAYS)


def require(actor: Actor, permission: str) -> None:
    """Raise Forbidden unless the actor's role permits it, SecondFactorRequired where one is asked for and missing."""
    if not permits(actor, permission):
        raise Forbidden(permission=permission)
    if permission in APPROVES_OR_PAYS and actor.has_second_factor is False:
        raise SecondFactorRequired()
