"""How a funder's figures are made, as `{% figure ... why=... %}` takes it."""

from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.ui.formats import elapsed, number
from portal.ui.why import Part, Why


def lent(line: dict, business_date: date) -> Why:
    """`line`: of queries.position."""
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
    """`pace`: of queries.pace."""
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
            Part(_("Paid"), value=number(pace["funded"])),
            Part(_("Half of them within"), value=elapsed(pace["median_ms"]) if known else "–"),
            Part(_("99 of 100 within"), value=elapsed(pace["p99_ms"]) if known else "–"),
        ],
    )  # fmt: skip
