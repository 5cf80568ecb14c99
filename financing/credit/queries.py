"""What credit reads: a supplier's trade as features, its standing, its receivables, and the policy in force."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import F, Max, Q, QuerySet, Sum

from accounts.parties.models import BusinessVerification, Party
from financing.credit.models import Decision, Facility, PolicyVersion
from financing.credit.rules import (
    DebtorAge,
    Features,
    Inputs,
    Misshapen,
    PastRepayment,
    Policy,
    PolicyFaults,
    ReceivableFacts,
    content_hash,
    decide,
)
from financing.receivables.models import Receivable
from portal.shared.money import round_down

MONTH_DAYS = 30
FULFILMENT_DAYS = 45
"""Days after which an ordered line counts as not fulfilled."""

MONTHS = range(6)

# Rolling months of 30 days, counted back from the end of the business date: month 0 is the latest. OFFSET 0 keeps the
# look-up of lines by their order, and of receipts and returns by their line: left to itself the planner, who cannot
# know how few lines a supplier has, looped over the receipts of all (953 suppliers: 5 s, not 0.2 s), and after a file
# that was rolled back, when statistics tell of empty tables, over all lines for each order (half a minute).
_TRADE = f"""
SELECT supplier_id, min(first_at), sum(lines)::bigint, bit_count(bit_or(active_months)::bit(64)),
       sum(lines_12m)::bigint, sum(cancelled_12m)::bigint, sum(to_despatch)::bigint, sum(on_time)::bigint,
       sum(ripe)::bigint, sum(fulfilled)::bigint, sum(delivered), sum(returned), max(delivered),
       ARRAY[{", ".join(f"sum(month_{month})" for month in MONTHS)}]
FROM (
    SELECT o.supplier_id, l.category, min(o.ordered_at) AS first_at, count(*) AS lines,
           bit_or(CASE WHEN o.ordered_at >= %(year_ago)s
                  THEN 1::bigint << floor(extract(epoch FROM %(end)s - o.ordered_at) / 2592000)::int
                  ELSE 0 END) AS active_months,
           count(*) FILTER (WHERE o.ordered_at >= %(year_ago)s) AS lines_12m,
           count(*) FILTER (WHERE o.ordered_at >= %(year_ago)s AND l.cancelled_at < %(end)s) AS cancelled_12m,
           count(*) FILTER (WHERE l.despatch_by >= %(year_ago)s AND l.despatch_by < %(end)s
                              AND (l.cancelled_at < %(end)s) IS NOT TRUE) AS to_despatch,
           count(*) FILTER (WHERE l.despatch_by >= %(year_ago)s AND l.despatch_by < %(end)s
                              AND (l.cancelled_at < %(end)s) IS NOT TRUE
                              AND l.despatched_at <= l.despatch_by) AS on_time,
           count(*) FILTER (WHERE o.ordered_at >= %(year_ago)s AND o.ordered_at < %(ripe)s
                              AND (l.cancelled_at < %(end)s) IS NOT TRUE) AS ripe,
           count(*) FILTER (WHERE o.ordered_at >= %(year_ago)s AND o.ordered_at < %(ripe)s
                              AND (l.cancelled_at < %(end)s) IS NOT TRUE AND r.receipts > 0) AS fulfilled,
           coalesce(sum(l.amount_minor * r.quantity_12m / l.quantity), 0) AS delivered,
           coalesce(sum(b.amount_12m), 0) AS returned,
           {
    ", ".join(
        f"coalesce(sum(l.amount_minor * r.quantity_{month} / l.quantity), 0)"
        f" - coalesce(sum(b.amount_{month}), 0) AS month_{month}"
        for month in MONTHS
    )
}
    FROM orders_purchaseorder o
    CROSS JOIN LATERAL (SELECT * FROM orders_orderline WHERE order_id = o.id OFFSET 0) l
    CROSS JOIN LATERAL (
        SELECT count(*) AS receipts, sum(quantity) FILTER (WHERE received_at >= %(year_ago)s) AS quantity_12m,
               {
    ", ".join(
        f"sum(quantity) FILTER (WHERE received_at >= %(month_{month + 1})s"
        f" AND received_at < %(month_{month})s) AS quantity_{month}"
        for month in MONTHS
    )
}
        FROM (SELECT * FROM orders_receiptline WHERE order_line_id = l.id OFFSET 0) receipt
        WHERE received_at < %(end)s AND recorded_at <= %(known_at)s
    ) r
    CROSS JOIN LATERAL (
        SELECT sum(amount_minor) FILTER (WHERE returned_at >= %(year_ago)s) AS amount_12m,
               {
    ", ".join(
        f"sum(amount_minor) FILTER (WHERE returned_at >= %(month_{month + 1})s"
        f" AND returned_at < %(month_{month})s) AS amount_{month}"
        for month in MONTHS
    )
}
        FROM (SELECT * FROM orders_returnline WHERE order_line_id = l.id OFFSET 0) back
        WHERE returned_at < %(end)s AND recorded_at <= %(known_at)s
    ) b
    WHERE o.supplier_id = ANY(%(suppliers)s) AND o.platform_id = %(debtor)s AND l.currency = %(currency)s
      AND o.ordered_at < %(end)s AND l.recorded_at <= %(known_at)s
    GROUP BY 1, 2
) by_category
GROUP BY supplier_id
"""

# Receivables count by the date of their document: acceptance may have been recorded much later.
_CLAIMS = """
WITH claim AS (
    SELECT supplier_id, count(*) FILTER (WHERE accepted_at IS NOT NULL OR dispute_reason <> '') AS judged,
           count(*) FILTER (WHERE dispute_reason <> '' OR status = 'DISPUTED') AS disputed,
           sum(gross_minor - deductions_minor) FILTER (WHERE accepted_at IS NOT NULL) AS accepted,
           sum(gross_minor - deductions_minor)
               FILTER (WHERE accepted_at IS NOT NULL AND issue_date > %(quarter_ago)s) AS accepted_3m
    FROM receivables_receivable
    WHERE supplier_id = ANY(%(suppliers)s) AND debtor_id = %(debtor)s AND currency = %(currency)s
      AND issue_date > %(year_ago)s::date AND issue_date <= %(as_of)s AND received_at <= %(known_at)s
    GROUP BY 1
), credit AS (
    SELECT supplier_id, sum(amount_minor) AS credited FROM receivables_creditnote
    WHERE supplier_id = ANY(%(suppliers)s) AND debtor_id = %(debtor)s AND currency = %(currency)s
      AND issue_date > %(year_ago)s::date AND issue_date <= %(as_of)s AND received_at <= %(known_at)s
    GROUP BY 1
)
SELECT supplier_id, coalesce(judged, 0), coalesce(disputed, 0), coalesce(accepted, 0), coalesce(accepted_3m, 0),
       coalesce(credited, 0)
FROM claim FULL JOIN credit USING (supplier_id)
"""


def features(
    *, supplier_ids: Sequence[int], debtor_id: int, currency: str, as_of: date, time_zone: str = "UTC",
    known_at: datetime | None = None, repayment: Mapping[int, PastRepayment] | None = None,
) -> dict[int, Features]:  # fmt: skip
    """Each supplier's trade with the debtor at the end of the day `as_of`, in two statements however many they are.

    `known_at` leaves out what was recorded later. `repayment` is what the features above know of earlier advances. A
    supplier without any order is there too, with nothing measured.
    """
    end = datetime.combine(as_of + timedelta(days=1), time(), ZoneInfo(time_zone))
    values = {
        "suppliers": list(supplier_ids), "debtor": debtor_id, "currency": currency, "as_of": as_of, "end": end,
        "year_ago": end - timedelta(days=12 * MONTH_DAYS), "quarter_ago": as_of - timedelta(days=3 * MONTH_DAYS),
        "ripe": end - timedelta(days=FULFILMENT_DAYS), "known_at": known_at or datetime.max.replace(tzinfo=end.tzinfo),
        **{f"month_{month}": end - timedelta(days=month * MONTH_DAYS) for month in range(len(MONTHS) + 1)},
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TRADE, values)
        trade = {row[0]: _Trade(*row[1:]) for row in cursor.fetchall()}
        cursor.execute(_CLAIMS, values)
        claims = {row[0]: _Claims(*row[1:]) for row in cursor.fetchall()}
    past = repayment or {}
    return {
        supplier_id: _features(
            as_of,
            end,
            trade.get(supplier_id),
            claims.get(supplier_id, _Claims()),
            past.get(supplier_id, PastRepayment()),
        )
        for supplier_id in supplier_ids
    }


@dataclass(frozen=True, slots=True)
class _Trade:
    first_at: datetime
    lines: int
    active_months: int
    lines_12m: int
    cancelled_12m: int
    to_despatch: int
    on_time: int
    ripe: int
    fulfilled: int
    delivered: Decimal
    returned: Decimal
    largest: Decimal
    months: list[Decimal]


@dataclass(frozen=True, slots=True)
class _Claims:
    judged: int = 0
    disputed: int = 0
    accepted: Decimal = Decimal(0)
    accepted_3m: Decimal = Decimal(0)
    credited: Decimal = Decimal(0)


def _features(as_of: date, end: datetime, trade: _Trade | None, claims: _Claims, past: PastRepayment) -> Features:
    accepted_3m = round_down(Decimal(claims.accepted_3m) / 3)
    disputed = _share(claims.disputed, claims.judged)
    credited = _share(claims.credited, claims.accepted)
    if trade is None:
        return Features(
            as_of=as_of,
            monthly_accepted_3m_minor=accepted_3m,
            dispute_share=disputed,
            dilution=credited,
            repayment=past,
        )
    days = (end - trade.first_at).days
    months = [Decimal(month) for month in trade.months]
    returned = _share(trade.returned, trade.delivered)
    reductions = [share for share in (credited, returned) if share is not None]
    return Features(
        as_of=as_of, days_of_trade=days, order_lines=trade.lines, active_months=trade.active_months,
        monthly_delivered_3m_minor=_monthly(months[:3], days), monthly_delivered_6m_minor=_monthly(months, days),
        monthly_accepted_3m_minor=accepted_3m, trend=_trend(months, days), volatility=_volatility(months, days),
        return_share=returned, dispute_share=disputed, cancelled_share=_share(trade.cancelled_12m, trade.lines_12m),
        on_time_share=_share(trade.on_time, trade.to_despatch), fulfilled_share=_share(trade.fulfilled, trade.ripe),
        top_category_share=_share(trade.largest, trade.delivered),
        # A return is credited sooner or later: the larger of the two, not their sum.
        dilution=max(reductions) if reductions else None, repayment=past,
    )  # fmt: skip


_MICRO = Decimal("0.000001")


def _share(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    return (Decimal(part) / Decimal(whole)).quantize(_MICRO) if whole > 0 else None


def _monthly(months: list[Decimal], days_of_trade: int) -> int:
    """Average of the months that the supplier has traded in, rounded down; nothing where more went back than came."""
    span = min(Decimal(len(months)), max(Decimal(1), Decimal(days_of_trade) / MONTH_DAYS))
    return max(0, round_down(sum(months) / span))


def _trend(months: list[Decimal], days_of_trade: int) -> Decimal | None:
    """Last three months / the three before; not measured before six months of trade are full."""
    return _share(sum(months[:3]), sum(months[3:])) if days_of_trade >= 6 * MONTH_DAYS else None


def _volatility(months: list[Decimal], days_of_trade: int) -> Decimal | None:
    """Standard deviation / mean of the full months known, at least three."""
    known = months[: days_of_trade // MONTH_DAYS]
    if len(known) < 3 or sum(known) <= 0:
        return None
    mean = sum(known) / len(known)
    variance = sum((month - mean) ** 2 for month in known) / len(known)
    return (variance.sqrt() / mean).quantize(_MICRO)


@dataclass(frozen=True, slots=True)
class Standing:
    """`verification_expires_on`: last day of the latest approved KYB, None where there is none."""

    is_admitted: bool
    verification_expires_on: date | None

    def is_valid(self, on: date) -> bool:
        return self.is_admitted and self.verification_expires_on is not None and self.verification_expires_on >= on


def standings(*, party_ids: Iterable[int]) -> dict[int, Standing]:
    """Who is admitted, and until when its KYB holds."""
    approved = Q(verifications__status=BusinessVerification.Status.APPROVED)
    rows = Party.objects.filter(id__in=list(party_ids)).annotate(
        expires_on=Max("verifications__expires_on", filter=approved)
    )
    return {party.id: Standing(party.status == Party.Status.ADMITTED, party.expires_on) for party in rows}


def policy_in_force(funder_id: int, on: date) -> PolicyVersion | None:
    """The approved version with the latest effective date until `on`; of several on one date the latest number."""
    return policies_in_force({funder_id: on}).get(funder_id)


def policies_in_force(on: Mapping[int, date]) -> dict[int, PolicyVersion]:
    """The same for many funders, each on its own date; by funder id."""
    until = [Q(funder_id=funder_id, effective_from__lte=day) for funder_id, day in on.items()]
    if not until:
        return {}
    approved = PolicyVersion.objects.filter(reduce(or_, until), status=PolicyVersion.Status.APPROVED)
    latest = approved.order_by("funder_id", "-effective_from", "-number").distinct("funder_id")
    return {version.funder_id: version for version in latest}


def policy_of(version: PolicyVersion) -> Policy:
    """Its body, read once in each process: a few versions decide everything, and what was approved never changes."""
    key = version.id, version.body_hash
    if key not in _read:
        _read[key] = Policy.from_body(version.body)
    return _read[key]


_read: dict[tuple[int, str], Policy] = {}


def receivable_facts(*, facilities: Sequence[Facility], lock: bool = False) -> dict[int, tuple[ReceivableFacts, ...]]:
    """For each facility the receivables that its base looks at: open ones of its supplier and debtor, oldest due first.

    Those assigned elsewhere are among them, so that the base can say why they do not count. `lock` holds the rows until
    the transaction ends, taken in the order of their ids.
    """
    rows = _open_receivables(facilities).order_by("id")
    if lock:
        rows = rows.select_for_update(no_key=True)
    found: dict[tuple[int, int], list[ReceivableFacts]] = {}
    for row in rows.values_list("supplier_id", "debtor_id", *_FACTS):
        found.setdefault(row[:2], []).append(ReceivableFacts(*row[2:]))
    for facts in found.values():
        facts.sort(key=lambda each: (each.due_date, each.id))
    return {each.id: tuple(found.get((each.supplier_id, each.debtor_id), ())) for each in facilities}


_FACTS = (
    "id", "open_minor", "issue_date", "due_date", "currency", "status", "goods_received_date", "assigned_facility_id",
    "settling_minor",
)  # fmt: skip
"""Columns of a receivable in the order of ReceivableFacts' fields."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Open receivables that the rules cannot tell apart: the facts of all as of one, and which they are."""

    facts: ReceivableFacts
    ids: Sequence[int]


def receivables_alike(*, facilities: Sequence[Facility]) -> dict[int, tuple[Alike, ...]]:
    """What `receivable_facts` has, summed by all that the rules ask of a receivable, oldest due first.

    Of thousands a few dozen are left. The rules hold for each as for one receivable, which has their amounts together
    and the lowest of their ids: eligibility asks of an amount only whether it is there.
    """
    same = ("issue_date", "due_date", "currency", "status", "goods_received_date", "assigned_facility_id")
    there = {"is_settling": Q(settling_minor__gt=0), "is_left": Q(open_minor__gt=F("settling_minor"))}
    rows = _open_receivables(facilities).annotate(**there).values_list("supplier_id", "debtor_id", *same, *there)
    sums = rows.annotate(open=Sum("open_minor"), settling=Sum("settling_minor"), ids=ArrayAgg("id", order_by="id"))
    found: dict[tuple[int, int], list[Alike]] = {}
    for supplier_id, debtor_id, *facts, _is_settling, _is_left, open_minor, settling_minor, ids in sums:
        summed = ReceivableFacts(ids[0], open_minor, *facts, settling_minor=settling_minor)
        found.setdefault((supplier_id, debtor_id), []).append(Alike(summed, ids))
    for alike in found.values():
        alike.sort(key=lambda each: (each.facts.due_date, each.facts.id))
    return {each.id: tuple(found.get((each.supplier_id, each.debtor_id), ())) for each in facilities}


def summed(alike: Mapping[int, Sequence[Alike]]) -> dict[int, list[ReceivableFacts]]:
    """The facts of `receivables_alike` alone, by facility id."""
    return {facility_id: [each.facts for each in found] for facility_id, found in alike.items()}


def _open_receivables(facilities: Sequence[Facility]) -> QuerySet[Receivable]:
    states = Receivable.Status
    return Receivable.objects.filter(
        supplier__in={facility.supplier_id for facility in facilities},
        debtor__in={facility.debtor_id for facility in facilities},
        status__in=[states.RECEIVED, states.ACCEPTED, states.ASSIGNED, states.DISPUTED],
    )


type Debt = tuple[int, int, str, date]
"""Funder, debtor, currency, and the day before which what was due counts as aged."""


def debtor_ages(debts: Iterable[Debt]) -> dict[Debt, DebtorAge]:
    """What each debtor owes each funder on assigned receivables, and what of it was due before the day.

    What it owes in all is only asked where some of it has aged, which is a few rows or none: without, it makes no
    difference to any decision, and it is the one sum that grows with all that a funder holds.
    """
    debts = set(debts)
    states = Receivable.Status
    held = Receivable.objects.filter(status__in=[states.ASSIGNED, states.DISPUTED])
    aged = {}
    # Once for each day: funders' business dates, less days that hardly differ from policy to policy.
    for day in {day for *_, day in debts}:
        of_day = [debt for debt in debts if debt[-1] == day]
        aged |= {(*key, day): minor for key, minor in _sums(held.filter(due_date__lt=day), of_day).items() if minor}
    whole = _sums(held, aged) if aged else {}
    return {debt: DebtorAge(whole.get(debt[:3], 0), aged[debt]) if debt in aged else DebtorAge() for debt in debts}


def _sums(held: QuerySet[Receivable], debts: Iterable[Debt]) -> dict[tuple[int, int, str], int]:
    """Open amounts by funder, debtor and currency."""
    funders, debtors = ({debt[place] for debt in debts} for place in (0, 1))
    rows = held.filter(funder__in=funders, debtor__in=debtors).values_list("funder_id", "debtor_id", "currency")
    return {tuple(key): minor for *key, minor in rows.annotate(Sum("open_minor"))}


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a kept decision and its replay are not the same."""

    place: str
    kept: Any
    replayed: Any


def replay(decision: Decision) -> list[Difference]:
    """Decide again from the inputs that were kept; empty where hash, policy and result are the same bit for bit."""
    found = []
    if (hashed := content_hash(decision.inputs)) != decision.inputs_hash:
        found.append(Difference("inputs_hash", decision.inputs_hash, hashed))
    version = decision.policy
    # The version's body is what its hash says; and the decision names that hash, or, kept earlier, holds such a body.
    for named in (version.body, decision.inputs.get("policy")):
        hashed = named if isinstance(named, str) else content_hash(named)
        if hashed != version.body_hash:
            found.append(Difference("policy", version.body_hash, hashed))
    if decision.decided_by == "system" and decision.outcome != decision.result.get("outcome"):
        found.append(Difference("outcome", decision.outcome, decision.result.get("outcome")))
    try:
        result = decide(Inputs.from_json(decision.inputs, Policy.from_body(version.body))).to_json()
    except (Misshapen, PolicyFaults) as misshapen:
        return [*found, Difference("inputs", "readable", str(misshapen))]
    return [*found, *_differences("result", decision.result, result)]


def _differences(place: str, kept: Any, replayed: Any) -> Iterator[Difference]:
    if isinstance(kept, dict) and isinstance(replayed, dict):
        for name in sorted(kept.keys() | replayed.keys()):
            yield from _differences(f"{place}.{name}", kept.get(name), replayed.get(name))
    elif isinstance(kept, list) and isinstance(replayed, list) and len(kept) == len(replayed):
        for index, (left, right) in enumerate(zip(kept, replayed, strict=True)):
            yield from _differences(f"{place}[{index}]", left, right)
    elif kept != replayed:
        yield Difference(place, kept, replayed)
