"""A decision as people read it: the base as a waterfall, the score line by line, the reasons in sentences."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from financing.credit import wording
from financing.credit.models import Decision
from financing.credit.rules import Base, Result
from portal.ui.charts import Step
from portal.ui.formats import hundredths


def waterfall_of(base: Base) -> list[Step]:
    """From all receivables to what is available, in steps that add up to the unit."""
    counted = sum(line.counted_minor for line in base.lines)
    steps = [
        Step(_("Receivables"), counted, total=True, explanation=_("Open invoices that the platform owes")),
        Step(_("Not eligible"), base.eligible_minor - counted, explanation=_("Each receivable tells why")),
        Step(_("Not lent against"), base.gross_minor - base.eligible_minor, explanation=_rate(base)),
        Step(_("Reserves"), -base.reserve_minor, explanation=_("Returns and credit notes beyond the usual")),
        Step(_("Borrowing base"), base.base_minor, total=True),
    ]
    if base.limit_minor < base.base_minor:
        steps.append(Step(_("Above the limit"), base.limit_minor - base.base_minor))
    carried = min(base.base_minor, base.limit_minor)
    # What is owed beyond base and limit leaves nothing available, never less than nothing.
    steps.append(Step(_("Owed and on its way"), base.available_minor - carried))
    return [*steps, Step(_("Available"), base.available_minor, total=True)]


def _rate(base: Base) -> str:
    return _("Advance rate {rate}").format(rate=hundredths(base.advance_rate * 100))


def reasons_of(codes: Iterable[str], audience: int) -> list[dict]:
    return [{"code": code, "text": wording.reason(code, audience)} for code in codes]


def score_of(result: Result, currency: str, audience: int) -> list[dict]:
    return [
        {
            "code": line.code,
            "text": wording.score_line(line, currency, audience),
            "points": line.points,
            "max_points": line.max_points,
        }
        for line in result.score_lines
    ]


def improvements_of(result: Result, currency: str, audience: int) -> list[dict]:
    return [{"code": each.code, "text": wording.improvement(each, currency, audience)} for each in result.improvements]


def decision_in_words(decision: Decision, currency: str, audience: int = wording.OFFICER) -> dict:
    """Context of a page that explains a decision."""
    result = Result.from_json(decision.result)
    return {
        "decision": decision,
        "result": result,
        "waterfall": waterfall_of(result.base),
        "reasons": reasons_of(decision.reasons, audience),
        "score": score_of(result, currency, audience),
        "improvements": improvements_of(result, currency, audience),
    }
