"""Who a document means: the portal's parties, found by any identifier that the document gives."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from accounts.parties.models import Party
from financing.receivables.documents import DocumentRefused, PartyName, TradeDocument
from logistics.orders.models import SupplierNumber
from portal.shared.access import Actor

UNVERIFIED = (Party.Status.PROSPECT, Party.Status.CLOSED)
Index = dict[str, set[Party]]


@dataclass(frozen=True, slots=True)
class Counterparties:
    """Suppliers and debtors that a batch of documents may mean, read in two statements.

    A supplier is found by its number at the debtor (`known_as`, by platform and number), or by its register's number:
    what another platform calls it means nothing, since that may be another company's number here.
    """

    actor: Actor
    own: Party | None
    platforms: Index
    registered: Index
    known_as: dict[tuple[int, str], Party]

    @classmethod
    def load(cls, actor: Actor, documents: Sequence[TradeDocument]) -> "Counterparties":
        debtors = {each for d in documents for each in d.debtor.identifiers}
        sellers = {each for d in documents for each in d.supplier.registered}
        found = Party.objects.filter(
            Q(kind=Party.Kind.PLATFORM) & (Q(external_reference__in=debtors) | Q(registration_number__in=debtors))
            # Anybody can sign up with any number: a number that nobody has verified identifies nobody.
            | Q(Q(kind=Party.Kind.SUPPLIER, registration_number__in=sellers) & ~Q(status__in=UNVERIFIED))
            | Q(id=actor.party_id)
        )
        platforms, registered, own = defaultdict(set), defaultdict(set), None
        for party in found:
            own = party if party.id == actor.party_id else own
            if party.kind == Party.Kind.PLATFORM:
                for each in {party.external_reference, party.registration_number} - {""}:
                    platforms[each].add(party)
            elif party.kind == Party.Kind.SUPPLIER and party.status not in UNVERIFIED and party.registration_number:
                registered[party.registration_number].add(party)
        here = {each.id for parties in platforms.values() for each in parties} if actor.is_system else {actor.party_id}
        numbers = {each for d in documents for each in d.supplier.identifiers}
        return cls(actor, own, platforms, registered, _known_as(actor, here, numbers))

    def resolve(self, document: TradeDocument) -> tuple[Party, Party]:
        """Supplier and debtor; the actor's own side may be left out of the document, or is held against it.

        Whoever names somebody else on its own side is told just that, whether or not the other is known here.
        """
        if self.actor.is_system:
            debtor = self._debtor(document.debtor)
            return self._supplier(document.supplier, debtor), debtor
        if self.actor.party_kind == Party.Kind.SUPPLIER:
            self._check_own(document.supplier)
            return self.own, self._debtor(document.debtor)
        self._check_own(document.debtor)
        return self._supplier(document.supplier, self.own), self.own

    def _check_own(self, name: PartyName) -> None:
        mine = {self.own.external_reference, self.own.registration_number} - {""}
        mine |= {number for (_, number), party in self.known_as.items() if party.id == self.own.id}
        if name.identifiers and not mine & name.identifiers:
            raise DocumentRefused(
                "NOT_YOUR_DOCUMENT",
                "The document is not between you and a partner of yours. You can hand in only your own documents: "
                "leave your own side out, or name it by a number that stands on the page of your company.",
            )
        if not name.identifiers and name.name and name.name.casefold() != self.own.name.casefold():
            raise DocumentRefused("PARTY_NOT_IDENTIFIED", "The document does not identify you by a number of yours.")

    def _supplier(self, name: PartyName, platform: Party) -> Party:
        """By its number at the platform, whose document it is."""
        numbered = {self.known_as[key] for each in name.references if (key := (platform.id, each)) in self.known_as}
        found = _of_country(numbered | _named(self.registered, name.registered), name)
        if not found:
            raise DocumentRefused(
                "UNKNOWN_SUPPLIER",
                "The supplier of the document is not known here by any of its numbers. Write its "
                "reference as it stands on your page of suppliers, and in suppliers/ of the API.",
            )
        if len(found) > 1:
            raise DocumentRefused("PARTY_AMBIGUOUS", "The numbers given for the supplier belong to different parties.")
        return found.pop()

    def _debtor(self, name: PartyName) -> Party:
        found = _of_country(_named(self.platforms, name.identifiers), name)
        if not found:
            raise DocumentRefused(
                "UNKNOWN_DEBTOR",
                "The debtor of the document is not known here by any of its numbers. Which one to write "
                "stands where invoices are handed in, and with the platform in parties/ of the API.",
            )
        if len(found) > 1:
            raise DocumentRefused("PARTY_AMBIGUOUS", "The numbers given for the debtor belong to different parties.")
        return found.pop()


def _known_as(actor: Actor, platforms: Iterable[int], numbers: Iterable[str]) -> dict[tuple[int, str], Party]:
    """Suppliers by platform and number, in one statement: a platform's, or the actor's own wherever it sells."""
    is_supplier = actor.party_kind == Party.Kind.SUPPLIER
    whose = Q(supplier=actor.party_id) if is_supplier else Q(platform__in=platforms)
    rows = SupplierNumber.objects.in_force().filter(whose, number__in=numbers).select_related("supplier")
    return {(each.platform_id, each.number): each.supplier for each in rows}


def _named(index: Index, names: Iterable[str]) -> set[Party]:
    return set().union(*(index.get(each, ()) for each in names))


def _of_country(found: set[Party], name: PartyName) -> set[Party]:
    """Told apart by country where numbers are not enough."""
    return {each for each in found if each.country == name.country} if len(found) > 1 and name.country else found
