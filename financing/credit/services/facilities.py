"""Programmes on offer, and the facilities of the suppliers who have joined them."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from accounts.parties.models import Party
from accounts.trail.services import News, record
from financing.credit.models import Facility, Programme
from financing.credit.queries import standings
from financing.credit.services.policies import own_funder
from financing.ledger.models import Book
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound, RuleViolation


class NotAdmitted(RuleViolation):
    code = "SUPPLIER_NOT_ADMITTED"
    sentence = "You can join as soon as your business verification is approved and in date."


class ProgrammeClosed(RuleViolation):
    code, status = "PROGRAMME_CLOSED", 409
    sentence = "This programme takes no new suppliers."


@dataclass(frozen=True, slots=True)
class ProgrammeTerms:
    """What a programme offers. `agreement`: reference of the assignment agreement that suppliers join."""

    name: str
    debtor_id: int
    currency: str
    agreement: str
    day_count: str = Programme.DayCount.ACT_360
    max_tenor_days: int = 120
    quote_valid_minutes: int = 15
    with_recourse: bool = True


def open_programme(*, actor: Actor, funder_id: int, terms: ProgrammeTerms, now: datetime) -> Programme:
    """Offer receivables finance on what one platform owes its suppliers."""
    with acting(actor):
        own_funder(actor, funder_id)
        require(actor, "credit.manage_facility")
        if not Party.objects.filter(id=terms.debtor_id, kind=Party.Kind.PLATFORM).exists():
            raise NotFound()
        if terms.day_count not in Programme.DayCount.values:
            raise InvalidInput("The day count is not known.", code="UNKNOWN_DAY_COUNT")
        if Programme.objects.filter(funder_id=funder_id, name=terms.name).exists():
            raise InvalidInput("There is a programme of this name already.", code="PROGRAMME_EXISTS")
        programme = Programme.objects.create(funder_id=funder_id, **asdict(terms))
        record(actor, now, [News("programme.opened", programme, (programme.funder_id, programme.debtor_id))])
        return programme


def share_figures(*, actor: Actor, programme_id: int, shared: bool, now: datetime) -> Programme:
    """The funder lets the programme's debtor see its totals, or no longer. Said again, nothing happens."""
    with acting(actor):
        found = Programme.objects.visible_to(actor).select_for_update(no_key=True).filter(id=programme_id).first()
        if found is None:
            raise NotFound()
        own_funder(actor, found.funder_id)
        require(actor, "credit.manage_facility")
        if found.figures_shared != shared:
            found.figures_shared = shared
            found.save(update_fields=["figures_shared"])
            name = "programme.figures_shared" if shared else "programme.figures_withheld"
            record(actor, now, [News(name, found, (found.funder_id, found.debtor_id))])
        return found


def join_programme(*, actor: Actor, programme_id: int, now: datetime) -> Facility:
    """The supplier joins; a second time gives the same facility. Its limit follows the first decision.

    Raises NotAdmitted where the supplier's KYB is not approved or not in date on the funder's business date.
    """
    with acting(actor):
        programme = Programme.objects.visible_to(actor).filter(id=programme_id).first()
        if programme is None:
            raise NotFound()
        require(actor, "credit.join_programme")
        if not programme.is_open:
            raise ProgrammeClosed()
        standing = standings(party_ids=[actor.party_id]).get(actor.party_id)
        if standing is None or not standing.is_valid(business_date(programme.funder_id, now)):
            raise NotAdmitted()
        facility, is_new = Facility.objects.get_or_create(
            programme=programme, supplier_id=actor.party_id,
            defaults={
                "funder_id": programme.funder_id, "debtor_id": programme.debtor_id, "currency": programme.currency,
                "joined_at": now, "joined_by": actor.identity,
            },
        )  # fmt: skip
        if is_new:
            parties = (facility.supplier_id, facility.funder_id)
            record(actor, now, [News("facility.joined", facility, parties, {"programme": programme.id})])
        return facility


def suspend_facility(*, actor: Actor, facility_id: int, reason: str, now: datetime) -> Facility:
    """Nothing more is lent until it is resumed; what is owed stays owed. The supplier reads the reason."""
    return _move_facility(actor, facility_id, Facility.Status.SUSPENDED, "facility.suspended", {"reason": reason}, now)


def resume_facility(*, actor: Actor, facility_id: int, now: datetime) -> Facility:
    return _move_facility(actor, facility_id, Facility.Status.ACTIVE, "facility.resumed", {}, now)


def _move_facility(actor: Actor, facility_id: int, state: str, event: str, payload: dict, now: datetime) -> Facility:
    with acting(actor):
        facility = Facility.objects.select_for_update(no_key=True).visible_to(actor).filter(id=facility_id).first()
        if facility is None:
            raise NotFound()
        require(actor, "credit.manage_facility")
        facility.move_to(state)
        facility.save(update_fields=["status"])
        record(actor, now, [News(event, facility, (facility.supplier_id, facility.funder_id), payload)])
        return facility


def business_date(funder_id: int, now: datetime) -> date:
    book = Book.objects.filter(funder_id=funder_id).first()
    return book.business_date if book else now.date()
