"""What credit reads: a supplier's trade as features, its standing, its receivables, and the policy in force."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Q, Sum

from accounts.parties.models import BusinessVerification, Party
from financing.credit.models import Facility, PolicyVersion
from financing.credit.rules import DebtorAge, Features, PastRepayment, ReceivableFacts
from financing.receivables.models import Receivable
from portal.shared.money import round_down

MONTH_DAYS = 30
FULFILMENT_DAYS = 45
"""Days after which an ordered line counts as not fulfilled."""

# Rolling months of 30 days, counted back from the end of the business date: month 0 is the latest.
_TRADE = """
WITH line AS (
    SELECT o.supplier_id, o.ordered_at, l.id, l.amount_minor, l.quantity, l.category, l.despatch_by, l.despatched_at,
           l.cancelled_at < %(end)s AS is_cancelled,
           coalesce((SELECT true FROM orders_receiptline r
                     WHERE r.order_line_id = l.id AND r.received_at < %(end)s AND r.recorded_at <= %(known_at)s
                     LIMIT 1), false) AS is_received
    FROM orders_purchaseorder o JOIN orders_orderline l ON l.order_id = o.id
    WHERE o.supplier_id = ANY(%(suppliers)s) AND o.platform_id = %(debtor)s AND l.currency = %(currency)s
      AND o.ordered_at < %(end)s AND l.recorded_at <= %(known_at)s
), movement AS (
    SELECT line.supplier_id, line.category, r.received_at AS moved_at,
           line.amount_minor * r.quantity / line.quantity AS delivered, 0 AS returned
    FROM line JOIN orders_receiptline r ON r.order_line_id = line.id
    WHERE r.received_at >= %(year_ago)s AND r.received_at < %(end)s AND r.recorded_at <= %(known_at)s
    UNION ALL
    SELECT line.supplier_id, line.category, b.returned_at, 0, b.amount_minor
    FROM line JOIN orders_returnline b ON b.order_line_id = line.id
    WHERE b.returned_at >= %(year_ago)s AND b.returned_at < %(end)s AND b.recorded_at <= %(known_at)s
), by_category AS (
    SELECT supplier_id, category, sum(delivered) AS delivered FROM movement GROUP BY 1, 2
), largest AS (
    SELECT supplier_id, max(delivered) AS largest FROM by_category GROUP BY 1
), moved AS (
    SELECT supplier_id, sum(delivered) AS delivered, sum(returned) AS returned,
           ARRAY[sum(delivered - returned) FILTER (WHERE moved_at >= %(end)s - interval '30 days'),
                 sum(delivered - returned) FILTER (WHERE moved_at >= %(end)s - interval '60 days'
                                                     AND moved_at < %(end)s - interval '30 days'),
                 sum(delivered - returned) FILTER (WHERE moved_at >= %(end)s - interval '90 days'
                                                     AND moved_at < %(end)s - interval '60 days'),
                 sum(delivered - returned) FILTER (WHERE moved_at >= %(end)s - interval '120 days'
                                                     AND moved_at < %(end)s - interval '90 days'),
                 sum(delivered - returned) FILTER (WHERE moved_at >= %(end)s - interval '150 days'
                                                     AND moved_at < %(end)s - interval '120 days'),
                 sum(delivered - returned) FILTER (WHERE moved_at >= %(end)s - interval '180 days'
                                                     AND moved_at < %(end)s - interval '150 days')] AS months
    FROM movement GROUP BY 1
), ordered AS (
    SELECT supplier_id, min(ordered_at) AS first_at, count(*) AS lines,
           count(DISTINCT floor(extract(epoch FROM %(end)s - ordered_at) / 2592000))
               FILTER (WHERE ordered_at >= %(year_ago)s) AS active_months,
           count(*) FILTER (WHERE ordered_at >= %(year_ago)s) AS lines_12m,
           count(*) FILTER (WHERE ordered_at >= %(year_ago)s AND is_cancelled) AS cancelled_12m,
           count(*) FILTER (WHERE despatch_by >= %(year_ago)s AND despatch_by < %(end)s
                              AND is_cancelled IS NOT TRUE) AS to_despatch,
           count(*) FILTER (WHERE despatch_by >= %(year_ago)s AND despatch_by < %(end)s
                              AND is_cancelled IS NOT TRUE AND despatched_at <= despatch_by) AS on_time,
           count(*) FILTER (WHERE ordered_at >= %(year_ago)s AND ordered_at < %(ripe)s
                              AND is_cancelled IS NOT TRUE) AS ripe,
           count(*) FILTER (WHERE ordered_at >= %(year_ago)s AND ordered_at < %(ripe)s
                              AND is_cancelled IS NOT TRUE AND is_received) AS fulfilled
    FROM line GROUP BY 1
)
SELECT supplier_id, first_at, lines, active_months, lines_12m, cancelled_12m, to_despatch, on_time, ripe, fulfilled,
       coalesce(delivered, 0), coalesce(returned, 0), coalesce(largest, 0), months
FROM ordered LEFT JOIN moved USING (supplier_id) LEFT JOIN largest USING (supplier_id)
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
    months: list[Decimal | None] | None


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
    months = [Decimal(month or 0) for month in trade.months or [0] * 6]
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
    return (
        PolicyVersion.objects.filter(funder_id=funder_id, status=PolicyVersion.Status.APPROVED, effective_from__lte=on)
        .order_by("-effective_from", "-number")
        .first()
    )


def receivable_facts(*, facilities: Sequence[Facility]) -> dict[int, tuple[ReceivableFacts, ...]]:
    """For each facility the receivables that its base looks at: open ones of its supplier and debtor, oldest due first.

    Those assigned elsewhere are among them, so that the base can say why they do not count.
    """
    states = Receivable.Status
    rows = Receivable.objects.filter(
        supplier__in={facility.supplier_id for facility in facilities},
        debtor__in={facility.debtor_id for facility in facilities},
        status__in=[states.RECEIVED, states.ACCEPTED, states.ASSIGNED, states.DISPUTED],
    ).order_by("due_date", "id")
    found: dict[tuple[int, int], list[ReceivableFacts]] = {}
    for row in rows.values_list("supplier_id", "debtor_id", *_FACTS):
        found.setdefault(row[:2], []).append(ReceivableFacts(*row[2:]))
    return {each.id: tuple(found.get((each.supplier_id, each.debtor_id), ())) for each in facilities}


_FACTS = (
    "id", "open_minor", "issue_date", "due_date", "currency", "status", "goods_received_date", "assigned_facility_id",
    "settling_minor",
)  # fmt: skip
"""Columns of a receivable in the order of ReceivableFacts' fields."""


def debtor_age(*, funder_id: int, debtor_id: int, currency: str, as_of: date, beyond_days: int) -> DebtorAge:
    """What the debtor owes this funder on assigned receivables, and what of it is more than `beyond_days` past due."""
    held = Receivable.objects.filter(
        funder_id=funder_id, debtor_id=debtor_id, currency=currency,
        status__in=[Receivable.Status.ASSIGNED, Receivable.Status.DISPUTED],
    )  # fmt: skip
    aged = Q(due_date__lt=as_of - timedelta(days=beyond_days))
    sums = held.aggregate(whole=Sum("open_minor"), aged=Sum("open_minor", filter=aged))
    return DebtorAge(open_minor=sums["whole"] or 0, aged_minor=sums["aged"] or 0)
