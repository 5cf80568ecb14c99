"""How a funder's figures are made, as `{% figure ... why=... %}` takes it."""

from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from financing.advances.exposure import Lent
from financing.advances.standing import Bound, Exposure
from financing.credit.models import Decision
from financing.credit.rules import Result
from portal.ui.formats import elapsed, number
from portal.ui.why import Part, Why


def lent(line: dict, business_date: date) -> Why:
    """`line`: of advances.overview.position."""
    return Why(
        how=_("The principal of all advances, paid out or on its way and not repaid, as the book's account of "
              "advances has it. Interest and fees stand on accounts of their own."),
        parts=[Part(_("Advances (principal)"), line["lent"], line["currency"], total=True)],
        as_of=business_date, url=reverse("funder:book"), link=_("The trial balance"),
    )  # fmt: skip


def cash(line: dict, business_date: date) -> Why:
    return Why(
        how=_("What the bank has booked on your account, in and out. A payment counts from the bank's message "
              "(camt.054), not from the order to pay."),
        parts=[Part(_("Cash"), line["cash"], line["currency"], total=True)],
        as_of=business_date, url=reverse("funder:book"), link=_("The trial balance, and the bank's statements"),
    )  # fmt: skip


def decided_alone(pace: dict) -> Why:
    """`pace`: of advances.overview.pace."""
    return Why(
        how=_("Of the applications decided in the last 30 days, the share that the policy decided and no person."),
        parts=[
            Part(_("Decided"), value=number(pace["all"]), total=True),
            Part(_("By a person"), value=number(pace["by_hand"])),
            Part(_("Declined"), value=number(pace["declined"])),
        ],
        url=reverse("funder:applications"), link=_("All applications"),
    )  # fmt: skip


def to_money(pace: dict) -> Why:
    known = pace["median_ms"] is not None
    return Why(
        how=_("From the moment a supplier applies until the bank has booked the payment, for what no person decided "
              "and was paid in the last 30 days."),
        parts=[
            Part(_("Paid out"), value=number(pace["funded"])),
            Part(_("Half of them within"), value=elapsed(pace["median_ms"]) if known else "–"),
            Part(_("99 of 100 within"), value=elapsed(pace["p99_ms"]) if known else "–"),
        ],
    )  # fmt: skip


EXPOSURES = {
    Bound.FACILITY: gettext_lazy(
        "What this facility has drawn, and what is approved and not paid out yet. Its limit is what the policy made of "
        "the supplier's score at the latest decision."
    ),
    Bound.SUPPLIER: gettext_lazy(
        "The same over all of your facilities to this supplier in this currency; the limit is theirs together."
    ),
    Bound.PROGRAMME: gettext_lazy(
        "The same over all suppliers of the programme; the limit is what is granted to them together."
    ),
    Bound.OWN_FUNDS: gettext_lazy(
        "The same over everything that you lend in this currency, against what is lent and what your account holds."
    ),
}


def exposure(found: Exposure, currency: str) -> Why:
    parts = [Part(_("Drawn and promised"), found.before_minor, currency)]
    if found.asked_minor:
        parts.append(Part(_("This advance"), found.asked_minor, currency))
    parts.append(Part(_("After it"), found.after_minor, currency, total=True))
    parts.append(Part(_("Limit"), found.limit_minor, currency))
    return Why(how=EXPOSURES[found.bound], parts=[*parts, Part(_("Left"), found.left_minor, currency)])


def lent_now(found: Lent) -> Why:
    return Why(
        how=_("The principal of all open advances, paid out and not repaid. What is approved and not paid out yet is "
              "told beside it."),
        parts=[
            Part(_("Principal of open advances"), found.total.principal_minor, found.currency, total=True),
            Part(_("Approved, on its way"), found.on_its_way_minor, found.currency),
            Part(_("Interest accrued and unpaid"), found.total.interest_minor, found.currency),
            Part(_("Fees unpaid"), found.total.fees_minor, found.currency),
        ],
        as_of=found.business_date, url=reverse("funder:advances"), link=_("The open advances"),
    )  # fmt: skip


def left(found: Lent) -> Why:
    """Own funds that can still be lent."""
    return Why(
        how=_("What your account holds, less what is approved and on its way. Limits tell how much more suppliers "
              "may draw at most."),
        parts=[
            Part(_("Cash"), found.cash_minor, found.currency),
            Part(_("Approved, on its way"), -found.on_its_way_minor, found.currency),
            Part(_("Left to lend"), found.cash_minor - found.on_its_way_minor, found.currency, total=True),
            Part(_("Granted limits"), found.limit_minor, found.currency),
        ],
        as_of=found.business_date, url=reverse("funder:book"), link=_("The trial balance"),
    )  # fmt: skip


def largest(found: Lent) -> Why:
    return Why(
        how=_("The principal of the supplier to whom most is lent, of all principal."),
        parts=[
            Part(_("Its principal"), found.by["supplier"][0].principal_minor if found.by["supplier"] else 0,
                 found.currency),
            Part(_("All principal"), found.total.principal_minor, found.currency),
        ],
        as_of=found.business_date,
    )  # fmt: skip


def available(decision: Decision, currency: str, result: Result) -> Why:
    """What could be lent when it was decided."""
    base = result.base
    return Why(
        how=_("The smaller of borrowing base and limit, less what is owed and on its way."),
        parts=[
            Part(_("Borrowing base"), base.base_minor, currency),
            Part(_("Limit"), base.limit_minor, currency),
            Part(_("Owed and on its way"), base.exposure_minor, currency),
            Part(_("Available"), base.available_minor, currency, total=True),
        ],
        as_of=decision.decided_at,
        basis=_("Policy {number}").format(number=decision.policy.number),
        basis_url=reverse("funder:policy", args=[decision.policy_id]),
    )  # fmt: skip
