"""What a facility holds as security is given back as far as nothing that it still owes stands on it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from financing.advances.models import Advance
from financing.credit import rules
from financing.receivables.models import Receivable
from financing.receivables.services import lock, release
from portal.shared.access import Actor
from portal.shared.money import round_down

UNDER_WAY = (Advance.Status.APPROVED, Advance.Status.DISBURSING)
HELD = (Receivable.Status.ASSIGNED, Receivable.Status.DISPUTED)


def give_back(*, actor: Actor, facility_ids: Collection[int], candidates: Collection[int], now: datetime) -> None:
    """Release those of the candidates (receivable ids) that the facilities, locked by the caller, can do without.

    A later advance may have been granted on what an earlier one had assigned to spare, without security of its own.
    A facility that owes nothing and has nothing on its way gives back everything.
    """
    owing = _owing(facility_ids)
    held = Receivable.objects.filter(assigned_facility_id__in=list(facility_ids), status__in=HELD)
    by_facility = defaultdict(list)
    for row in lock(held.values_list("id", flat=True)).values():
        by_facility[row.assigned_facility_id].append(row)
    spare = []
    for facility_id in facility_ids:
        rows = by_facility[facility_id]
        spare += _spare(rows, candidates, owing[facility_id]) if facility_id in owing else rows
    release(actor=actor, receivable_ids=[row.id for row in spare], now=now)


def _owing(facility_ids: Collection[int]) -> dict[int, list[Advance]]:
    """What is open or on its way on each facility, oldest first; a facility that owes nothing is left out."""
    found = defaultdict(list)
    rows = Advance.objects.filter(facility__in=list(facility_ids), status__in=[*UNDER_WAY, *Advance.OPEN])
    for advance in rows.select_related("application__decision").order_by("id"):
        found[advance.facility_id].append(advance)
    return dict(found)


def _spare(rows: Iterable[Receivable], candidates: Collection[int], owing: Sequence[Advance]) -> list[Receivable]:
    """Candidates without which the rest still carries what is owed, by what the latest decision lends on it."""
    owed = sum(each.amount_minor if each.status in UNDER_WAY else each.owed_minor for each in owing)
    share = rules.Result.from_json(owing[-1].application.decision.result).base.lending_share
    carrying = {row.id: row.open_minor - row.settling_minor for row in rows if row.status == Receivable.Status.ASSIGNED}
    spare = []
    for row in sorted(rows, key=lambda row: (row.due_date, row.id), reverse=True):
        rest = sum(carrying.values()) - carrying.get(row.id, 0)
        if row.id in candidates and round_down(rest * share) >= owed:
            spare.append(row)
            carrying.pop(row.id, None)
    return spare
