"""The named cast of the tests: who they are and for whom they act.

`cast()` makes the parties and people; `as_role` gives the Actor that a person is.

    Meridian    the platform, an e-commerce marketplace, debtor of its suppliers
    Harbour     its financing company: lends own funds
    Crown       a bank
    Amphora     a supplier of kitchenware; Bellows, a supplier of tools, who must never learn of Amphora
    Watch       the operator of the portal
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from accounts.parties.models import BusinessVerification, Membership, Party, User
from portal.shared.access import ADMIN, CHECKER, MAKER, VIEWER, Actor

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
PASSWORD = "compass-rose-1492"
CURRENCY = "EUR"


@dataclass(frozen=True)
class Cast:
    meridian: Party
    harbour: Party
    crown: Party
    amphora: Party
    bellows: Party
    watch: Party

    def parties(self) -> tuple[Party, ...]:
        return (self.meridian, self.harbour, self.crown, self.amphora, self.bellows, self.watch)


MEMBERS = {
    "meridian": {"maya@meridian.example": MAKER, "marc@meridian.example": CHECKER},
    "harbour": {"hana@harbour.example": MAKER, "hugo@harbour.example": CHECKER, "vera@harbour.example": VIEWER},
    "crown": {"cleo@crown.example": MAKER, "carl@crown.example": CHECKER},
    "amphora": {"ana@amphora.example": ADMIN, "aldo@amphora.example": VIEWER},
    "bellows": {"ben@bellows.example": ADMIN},
    "watch": {"wim@watch.example": MAKER, "wanda@watch.example": CHECKER},
}


def cast(now: datetime = NOW) -> Cast:
    """All parties, admitted and verified, with their people (without passwords: hashing them is slow)."""
    kinds = {"meridian": Party.Kind.PLATFORM, "harbour": Party.Kind.FINANCIER, "crown": Party.Kind.BANK}
    kinds |= {"amphora": Party.Kind.SUPPLIER, "bellows": Party.Kind.SUPPLIER, "watch": Party.Kind.OPERATOR}
    made = {}
    for number, (name, kind) in enumerate(kinds.items(), 1):
        made[name] = Party.objects.create(
            kind=kind, name=name.capitalize(), country="DE", registration_number=f"HRB {1000 + number}",
            external_reference=name if kind == Party.Kind.SUPPLIER else "", status=Party.Status.ADMITTED, created_at=now,
        )  # fmt: skip
    for name, members in MEMBERS.items():
        for email, role in members.items():
            user = User.objects.create(email=email, full_name=email.split("@")[0].capitalize(), password="!")
            Membership.objects.create(user=user, party=made[name], role=role, created_at=now)
    for name in ("amphora", "bellows"):
        verify(made[name], now)
    return Cast(**made)


def verify(party: Party, now: datetime = NOW) -> BusinessVerification:
    """An approved verification that holds for a year."""
    wim, wanda = User.objects.get(email="wim@watch.example"), User.objects.get(email="wanda@watch.example")
    return BusinessVerification.objects.create(
        party=party, status=BusinessVerification.Status.APPROVED, legal_name=f"{party.name} GmbH",
        registration_number=party.registration_number, country=party.country,
        screening=BusinessVerification.Screening.CLEAR, submitted_at=now, screened_at=now, screened_by=wim,
        decided_at=now, decided_by=wanda, expires_on=now.date().replace(year=now.year + 1),
    )  # fmt: skip


def as_member(email: str) -> Actor:
    """The actor that this person is, in the one party it belongs to."""
    memberships = list(Membership.objects.filter(user__email=email, ended_at=None).select_related("party"))
    party = memberships[0].party
    return Actor(
        party_id=party.id, party_kind=party.kind, roles=frozenset(m.role for m in memberships),
        user_id=memberships[0].user_id,
    )  # fmt: skip
