"""What a funder's people judge an application by, beside its decision: exposure, record and security."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max, Min, Q, Sum

from financing.advances.models import Advance, Application
from financing.credit.models import Facility
from financing.credit.rules import BaseLine, Result
from financing.ledger.models import Book
from financing.ledger.queries import balance
from financing.receivables.models import Receivable
from portal.shared import wall
from portal.shared.access import Actor
from portal.shared.choices import Choices

WAITING = (Application.Status.SUBMITTED, Application.Status.REFERRED)


class Bound(Choices):
    """What an exposure is counted over, from the narrowest to all that the funder has."""

    FACILITY = "FACILITY"
    SUPPLIER = "SUPPLIER"
    PROGRAMME = "PROGRAMME"
    OWN_FUNDS = "OWN_FUNDS"


@dataclass(frozen=True, slots=True)
class Exposure:
    """Principal paid out or promised, minor units. `asked_minor`: what this application adds, nothing once decided.

    `limit_minor`: granted to the facility, to all of the supplier, to all of the programme; of own funds: what is lent
    and what the account holds.
    """

    bound: str
    name: str
    before_minor: int
    asked_minor: int
    limit_minor: int

    @property
    def after_minor(self) -> int:
        return self.before_minor + self.asked_minor

    @property
    def left_minor(self) -> int:
        return self.limit_minor - self.after_minor

    @property
    def used_share(self) -> float | None:
        return self.after_minor / self.limit_minor if self.limit_minor > 0 else None


@dataclass(frozen=True, slots=True)
class Record:
    """How the supplier's earlier advances from this funder went; amounts in minor units of the application's currency.

    `late_days`: average days past due of those repaid late.
    """

    advances: int
    lent_minor: int
    open: int
    owed_minor: int
    repaid: int
    repaid_late: int
    late_days: int | None
    overdue: int
    first_on: date | None
    last_on: date | None

    @property
    def repaid_in_time(self) -> int:
        return self.repaid - self.repaid_late


@dataclass(frozen=True, slots=True)
class Behind:
    """A receivable that the decision looked at. `receivable` is None where it stands behind somebody else by now."""

    line: BaseLine
    is_security: bool
    receivable: Receivable | None


@dataclass(frozen=True, slots=True)
class Standing:
    exposures: Sequence[Exposure]
    record: Record
    behind: Sequence[Behind]


@wall.inside()  # what is offered is not the funder's yet
def standing(*, actor: Actor, application: Application) -> Standing:
    """Of an application to the actor's own party, in a handful of statements however much stands behind it."""
    return Standing(
        exposures=exposures(actor=actor, application=application),
        record=record_of(actor=actor, application=application),
        behind=behind(actor=actor, application=application),
    )


def exposures(*, actor: Actor, application: Application) -> list[Exposure]:
    """Facility, supplier, programme and own funds, before and after."""
    facility = application.facility
    asked = application.amount_minor if application.status in WAITING else 0
    promised = F("principal_minor") + F("reserved_minor")
    of = {
        "supplier": Q(supplier_id=facility.supplier_id),
        "programme": Q(programme_id=facility.programme_id),
        "all": Q(),
    }
    mine = Facility.objects.visible_to(actor).filter(funder_id=facility.funder_id, currency=facility.currency)
    sums = mine.aggregate(
        drawn=Sum("principal_minor", default=0),
        **{f"{name}_sum": Sum(promised, filter=of[name], default=0) for name in of},
        **{f"{name}_limit": Sum("limit_minor", filter=of[name], default=0) for name in ("supplier", "programme")},
    )
    own = facility.principal_minor + facility.reserved_minor
    supplier, programme = application.supplier.name, facility.programme.name
    return [
        Exposure(Bound.FACILITY, supplier, own, asked, facility.limit_minor),
        Exposure(Bound.SUPPLIER, supplier, sums["supplier_sum"], asked, sums["supplier_limit"]),
        Exposure(Bound.PROGRAMME, programme, sums["programme_sum"], asked, sums["programme_limit"]),
        Exposure(Bound.OWN_FUNDS, "", sums["all_sum"], asked, sums["drawn"] + _cash(actor, facility.currency)),
    ]


def _cash(actor: Actor, currency: str) -> int:
    book = Book.objects.visible_to(actor).filter(funder_id=actor.party_id).first()
    return balance(book_id=book.id, kind="CASH", currency=currency) if book else 0


def record_of(*, actor: Actor, application: Application) -> Record:
    """Earlier advances alone: the one that this application led to is not among them."""
    states = Advance.Status
    paid = ~Q(status__in=[states.APPROVED, states.DISBURSING, states.FAILED])
    late = Q(status=states.REPAID, closed_date__gt=F("due_date"))
    days = ExpressionWrapper(F("closed_date") - F("due_date"), output_field=DurationField())
    rows = Advance.objects.visible_to(actor).filter(
        paid, funder_id=application.funder_id, supplier_id=application.supplier_id, currency=application.currency
    )
    found = rows.exclude(application=application).aggregate(
        advances=Count("id"), lent_minor=Sum("amount_minor", default=0),
        open=Count("id", filter=Q(status__in=Advance.OPEN)),
        owed_minor=Sum(F("principal_minor") + F("interest_minor") + F("fees_minor"), default=0),
        repaid=Count("id", filter=Q(status=states.REPAID)), repaid_late=Count("id", filter=late),
        late_days=Avg(days, filter=late), first_on=Min("funded_date"), last_on=Max("funded_date"),
        overdue=Count("id", filter=Q(status__in=[states.OVERDUE, states.DEFAULTED])),
    )  # fmt: skip
    average = found.pop("late_days")
    return Record(**found, late_days=None if average is None else round(average / timedelta(days=1)))


def behind(*, actor: Actor, application: Application) -> list[Behind]:
    """What the decision looked at, security first, as the debtor's records have it now.

    The supplier offered these with its application. Whatever is assigned elsewhere since is not available, and the
    funder hears nothing else of it.
    """
    if application.decision is None or actor.party_id != application.funder_id:
        return []
    result = Result.from_json(application.decision.result)
    security = set(result.security_ids)
    rows = offered(application, [line.receivable_id for line in result.base.lines])
    found = [Behind(line, line.receivable_id in security, rows.get(line.receivable_id)) for line in result.base.lines]
    return sorted(found, key=lambda each: (not each.is_security, not each.line.is_eligible, each.line.due_date))


def offered(application: Application, receivable_ids: Sequence[int]) -> dict[int, Receivable]:
    """By id: those that are free, or with this facility."""
    rows = Receivable.objects.filter(
        Q(assigned_facility_id=None) | Q(assigned_facility_id=application.facility_id),
        id__in=receivable_ids, supplier_id=application.supplier_id, debtor_id=application.facility.debtor_id,
    ).select_related("debtor")  # fmt: skip
    return {each.id: each for each in rows}
