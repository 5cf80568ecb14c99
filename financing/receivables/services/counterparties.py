"""Who a document means: the portal's parties, found by any identifier that the document gives."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from accounts.parties.models import Party
from financing.receivables.documents import DocumentRefused, PartyName, TradeDocument
from portal.shared.access import Actor


@dataclass(frozen=True, slots=True)
class Counterparties:
    """Suppliers and debtors that a batch of documents may mean, read in one query."""

    actor: Actor
    by_reference: dict[tuple[str, str], set[Party]]
    by_number: dict[tuple[str, str], set[Party]]
    own: Party | None

    @classmethod
    def load(cls, actor: Actor, documents: Iterable[TradeDocument]) -> "Counterparties":
        names = {each for d in documents for name in (d.supplier, d.debtor) for each in name.identifiers}
        found = Party.objects.filter(
            Q(kind__in=[Party.Kind.SUPPLIER, Party.Kind.PLATFORM])
            & (Q(external_reference__in=names) | Q(registration_number__in=names))
            | Q(id=actor.party_id)
        )
        by_reference, by_number, own = defaultdict(set), defaultdict(set), None
        unverified = (Party.Status.PROSPECT, Party.Status.CLOSED)
        for party in found:
            own = party if party.id == actor.party_id else own
            if party.external_reference:
                by_reference[party.kind, party.external_reference].add(party)
            # Anybody can sign up with any number: a number that nobody has verified identifies nobody.
            if party.registration_number and (party.kind == Party.Kind.PLATFORM or party.status not in unverified):
                by_number[party.kind, party.registration_number].add(party)
        return cls(actor, by_reference, by_number, own)

    def resolve(self, document: TradeDocument) -> tuple[Party, Party]:
        """Supplier and debtor; the actor's own side may be left out of the document, or is held against it.

        Whoever names somebody else on its own side is told just that, whether or not the other is known here.
        """
        is_supplier = self.actor.party_kind == Party.Kind.SUPPLIER
        if self.actor.is_system:
            return self._other(document.supplier, Party.Kind.SUPPLIER), self._other(
                document.debtor, Party.Kind.PLATFORM
            )
        self._check_own(document.supplier if is_supplier else document.debtor)
        if is_supplier:
            return self.own, self._other(document.debtor, Party.Kind.PLATFORM)
        return self._other(document.supplier, Party.Kind.SUPPLIER), self.own

    def _check_own(self, name: PartyName) -> None:
        mine = {self.own.external_reference, self.own.registration_number} - {""}
        if name.identifiers and not mine & set(name.identifiers):
            raise DocumentRefused(
                "NOT_YOUR_DOCUMENT",
                "The document is not between you and a partner of yours. You can hand in only your own documents: "
                "leave your own side out, or name it by a number that stands on the page of your company.",
            )
        if not name.identifiers and name.name and name.name.casefold() != self.own.name.casefold():
            raise DocumentRefused("PARTY_NOT_IDENTIFIED", "The document does not identify you by a number of yours.")

    def _other(self, name: PartyName, kind: str) -> Party:
        found = self._known_by(self.by_reference, kind, name) | self._known_by(self.by_number, kind, name)
        if len(found) > 1 and name.country:
            found = {each for each in found if each.country == name.country}
        is_supplier = kind == Party.Kind.SUPPLIER
        if not found and is_supplier:
            raise DocumentRefused(
                "UNKNOWN_SUPPLIER",
                "The supplier of the document is not known here by any of its numbers. Write its "
                "reference as it stands on your page of suppliers, and in suppliers/ of the API.",
            )
        if not found:
            raise DocumentRefused(
                "UNKNOWN_DEBTOR",
                "The debtor of the document is not known here by any of its numbers. Which one to write "
                "stands where invoices are handed in, and with the platform in parties/ of the API.",
            )
        if len(found) > 1 and is_supplier:
            raise DocumentRefused("PARTY_AMBIGUOUS", "The numbers given for the supplier belong to different parties.")
        if len(found) > 1:
            raise DocumentRefused("PARTY_AMBIGUOUS", "The numbers given for the debtor belong to different parties.")
        return found.pop()

    def _known_by(self, index: dict[tuple[str, str], set[Party]], kind: str, name: PartyName) -> set[Party]:
        return set().union(*(index.get((kind, each), ()) for each in name.identifiers))
