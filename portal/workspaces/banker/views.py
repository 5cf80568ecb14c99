"""A bank's first page: what it lends, its money on the portal, what waits for its people, and what secures it."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from financing.advances.exposure import currencies, lent
from financing.advances.models import Application
from financing.advances.overview import PACE_DAYS, falls_due, repaid
from financing.banking.models import PaymentInstruction
from financing.banking.queries import instructions
from financing.credit.models import PolicyVersion
from portal.shared.access import BANK, Actor, require
from portal.workspaces import house
from portal.workspaces.access import for_kinds
from portal.workspaces.funder import queries, why
from portal.workspaces.payments.queries import own_accounts
from portal.workspaces.payments.views import payments_of
from portal.workspaces.payout import awaiting

S = PaymentInstruction.Status
DAYS_SHOWN = 5


@for_kinds(BANK)
def home(request: HttpRequest) -> HttpResponse:
    require(request.actor, "banking.view")
    table = payments_of(request, page_size=10)
    if table.export_wanted:
        return table.as_file()
    context = {
        "table": table,
        "lending": _lending(request.actor),
        "accounts": own_accounts(request.actor),
        "awaiting": awaiting(request.actor, timezone.now()),
        "waiting": _waiting(request.actor),
        "people": house.people(request.actor),
        "happenings": house.latest(request.actor),
    }
    return render(request, "banker/home.html", context)


def _lending(actor: Actor) -> dict | None:
    """What it lends, in the currency of most of it: how much, what came back, what falls due. None without a book."""
    book = queries.book_of(actor)
    if book is None:
        return None
    currency = (currencies(actor=actor) or [queries.DEFAULT_CURRENCY])[0]
    found = lent(actor=actor, book=book, currency=currency)
    return {
        "lent": found,
        "why": why.lent_now(found),
        "repaid": repaid(actor, currency, book.business_date - timedelta(days=PACE_DAYS)),
        "due": falls_due(actor, currency, days=DAYS_SHOWN),
        "business_date": book.business_date,
        "overdue_url": queries.overdue_url(),
    }


def _waiting(actor: Actor) -> list[tuple[Promise, int, str]]:
    """What awaits the bank's people: what it is, how many, and the list of them."""
    referred = Application.objects.visible_to(actor).filter(status=Application.Status.REFERRED).count()
    proposed = PolicyVersion.objects.visible_to(actor).filter(status=PolicyVersion.Status.PROPOSED).count()
    payments = instructions(actor=actor).filter(payer_id=actor.party_id)
    own = f"{reverse('payments:payments')}?payments-direction=OUT&payments-status="
    return [
        (_("Referrals to decide"), referred, reverse("funder:home")),
        (_("Policies to decide"), proposed, reverse("funder:policies")),
        (_("Payments refused"), payments.filter(status=S.REJECTED).count(), f"{own}{S.REJECTED}"),
        (_("Payments returned"), payments.filter(status=S.RETURNED).count(), f"{own}{S.RETURNED}"),
    ]
