"""What a machine may be trusted with, apart from its role: a scope per group of resources, to read or to write.

A machine's role says what it may do as a member of its party, its scopes which doors it may use for that: both have to
permit. `portolan` stands for all of them. People have no scopes. Pure: no Django.
"""

from portal.shared.access import BANK, FINANCIER, FUNDERS, OPERATOR, PLATFORM, SUPPLIER

EVERYTHING = "portolan"

GROUPS = {
    "parties": "parties and their profile",
    "members": "people of the party, their roles and invitations",
    "clients": "API clients of the party, their scopes and secrets",
    "verifications": "business verification",
    "documents": "what was handed in, as it came",
    "trade": "trade history",
    "receivables": "receivables and credit notes",
    "settlements": "settlements of what the platform owes",
    "facilities": "programmes and facilities",
    "policies": "a funder's policies and the replay of its decisions",
    "advances": "quotes, applications and advances",
    "ledger": "a funder's book",
    "banking": "bank accounts, payments and statements",
    "notices": "notices and their preferences",
    "events": "what happened",
    "operations": "what is on its way, stuck or failed",
}
ONLY_READ = ("events", "documents")

SCOPES = {EVERYTHING: "Everything that the client's role permits"} | {
    f"{group}:{verb}": f"{'Read' if verb == 'read' else 'Change'} {what}"
    for group, what in GROUPS.items()
    for verb in ("read", "write")
    if verb == "read" or group not in ONLY_READ
}

USED_BY = {
    "verifications:write": (SUPPLIER, OPERATOR),
    "trade:read": (SUPPLIER, PLATFORM, FINANCIER, BANK, OPERATOR),
    "trade:write": (SUPPLIER, PLATFORM, OPERATOR),
    "receivables:read": (SUPPLIER, PLATFORM, FINANCIER, BANK, OPERATOR),
    "receivables:write": (SUPPLIER, PLATFORM),
    "settlements:read": (PLATFORM,),
    "settlements:write": (PLATFORM,),
    "facilities:write": (SUPPLIER, FINANCIER, BANK),
    "policies:read": FUNDERS,
    "policies:write": FUNDERS,
    "advances:read": (SUPPLIER, FINANCIER, BANK, OPERATOR),
    "advances:write": (SUPPLIER, FINANCIER, BANK),
    "ledger:read": FUNDERS,
    "ledger:write": FUNDERS,
    "notices:read": (),
    "notices:write": (),
    "operations:write": (OPERATOR,),
}
"""Of scopes that do not serve every kind of party: whom they do. To a machine of another kind no role opens anything
by them, and notices are for people."""


def offered_to(kind: str) -> list[str]:
    """What a machine of this kind of party can be trusted with, to any effect."""
    return [scope for scope in SCOPES if kind in USED_BY.get(scope, (kind,))]


def needed(group: str, changes: bool) -> str:
    """The scope that a request to a group of resources needs; empty where any token will do."""
    return f"{group}:{'write' if changes else 'read'}" if group else ""


def covers(granted: frozenset[str], scope: str) -> bool:
    return not scope or scope in granted or EVERYTHING in granted


def within(asked: frozenset[str], granted: frozenset[str] | None) -> bool:
    """Whether whoever has `granted` (None: a person, who has no such bounds) has all that is asked for."""
    return granted is None or EVERYTHING in granted or asked <= granted
