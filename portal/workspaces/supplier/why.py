"""How a supplier's figures are made, as `{% figure ... why=... %}` takes it. Only what the supplier may know."""

from django.urls import reverse
from django.utils.translation import gettext as _

from financing.advances.models import Advance
from financing.advances.services.quote import Offer
from financing.receivables.models import Receivable
from portal.ui.charts import Step
from portal.ui.formats import day, percent
from portal.ui.states import state
from portal.ui.why import Part, Why


def available(found: Offer, funder: str, steps: list[Step]) -> Why:
    """`steps`: the waterfall that the page draws; the same figures, so that the two never differ."""
    currency = found.facility.currency
    return Why(
        how=_("The smaller of what your invoices carry and your limit, less what you owe and what is on its way."),
        parts=[_as_part(step, currency) for step in steps],
        as_of=found.business_date,
        basis=_("By the policy of {funder}, version {number}, in force since {day}").format(
            funder=funder, number=found.policy.number, day=day(found.policy.effective_from)
        ),
    )


def _as_part(step: Step, currency: str) -> Part:
    return Part(step.label, step.amount_minor, currency, note=step.explanation, url=step.url, total=step.total)


def still_open(receivable: Receivable) -> Why:
    currency = receivable.currency
    less = (
        (_("Deductions"), receivable.deductions_minor, _("commission, promotions, penalties")),
        (_("Credited"), receivable.credited_minor, ""),
        (_("Settled"), receivable.settled_minor, ""),
    )
    parts = [Part(_("Invoiced"), receivable.gross_minor, currency, total=True)]
    parts += [Part(label, -minor, currency, note=note) for label, minor, note in less if minor]
    if receivable.owed_minor != receivable.open_minor:
        parts.append(Part(state(receivable.status).label, -receivable.open_minor, currency))
    return Why(
        how=_("What was invoiced, less deductions, credit notes and what is paid already."),
        parts=[*parts, Part(_("Still open"), receivable.owed_minor, currency, total=True)],
    )


def owed(advance: Advance) -> Why:
    currency = advance.currency
    return Why(
        how=_("What was paid to you and is not repaid, with the interest and fees that have come to it."),
        parts=[
            Part(_("Principal"), advance.principal_minor, currency),
            Part(_("Interest so far"), advance.interest_minor, currency),
            Part(_("Fees"), advance.fees_minor, currency),
            Part(_("Owed now"), advance.owed_minor, currency, total=True),
        ],
        as_of=advance.accrued_until,
        basis=_("On the terms of application {number}").format(number=advance.application_id),
        basis_url=reverse("supplier:application", args=[advance.application_id]),
    )


def interest(advance: Advance) -> Why:
    """One sentence and the facts of the formula."""
    return Why(
        how=_("Each day a day's share of the yearly rate on what is not repaid, rounded to the smallest coin when "
              "booked; what rounding leaves over is carried to the next day."),
        parts=[
            Part(_("Principal not repaid"), advance.principal_minor, advance.currency),
            Part(_("Rate a year"), value=percent(advance.annual_rate, 2)),
            Part(_("Day count"), value=advance.day_count),
            Part(_("Runs since"), value=day(advance.funded_date) if advance.funded_date else "–"),
            Part(_("Accrued and not paid"), advance.interest_minor, advance.currency, total=True),
        ],
        as_of=advance.accrued_until,
    )  # fmt: skip
