"""How the platform's figures are made, as `{% figure ... why=... %}` takes it."""

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.ui.formats import number
from portal.ui.why import Part, Why


def waiting(found: dict) -> Why:
    """`found`: of overview.waiting."""
    parts = [
        Part(_("Not accepted yet"), value=number(found["count"] - found["disputed"])),
        Part(_("Disputed"), value=number(found["disputed"])),
        Part(_("Waiting"), value=number(found["count"]), total=True),
    ]
    return Why(how=_("Invoices that the match of order, receipt and invoice has left to people."), parts=parts)


def worth(found: dict) -> Why:
    return Why(
        how=_("What is still open on the invoices that wait: invoiced, less deductions, credit notes and payments."),
        parts=[Part(each["currency"], each["amount_minor"], each["currency"]) for each in found["amounts"]],
    )


def matched(found: dict) -> Why:
    """`found`: of overview.matched_share."""
    return Why(
        how=_("Of the invoices accepted in the last 30 days, the share in which order, receipt and invoice agreed, "
              "so that no person had to look."),
        parts=[
            Part(_("Accepted"), value=number(found["count"]), total=True),
            Part(_("By the match"), value=number(found["by_match"])),
            Part(_("By a person"), value=number(found["count"] - found["by_match"])),
        ],
    )  # fmt: skip


def due_soon(found: list[dict]) -> Why:
    """`found`: of overview.due_soon."""
    return Why(
        how=_("What is open and accepted, due within seven days or already, and not under way to the bank. Of an "
              "assigned invoice the funder is paid first."),
        parts=[Part(each["currency"], each["amount_minor"], each["currency"]) for each in found],
        url=reverse("platform:settlements"), link=_("Pay it"),
    )  # fmt: skip
