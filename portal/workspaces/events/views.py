"""The acting party's events: everything that it may know, newest first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.trail.models import Event
from portal.shared import access
from portal.workspaces.access import for_kinds
from portal.workspaces.pages import SUBJECT
from portal.workspaces.sentences import tell

PAGE = 50
LARGEST = 2**63 - 1

NOUNS = {
    "application": _("Applications"),
    "advance": _("Advances"),
    "quote": _("Quotes"),
    "receivable": _("Invoices"),
    "credit_note": _("Credit notes"),
    "settlement": _("Settlements"),
    "payment": _("Payments"),
    "cash": _("Receipts"),
    "facility": _("Facilities"),
    "programme": _("Programmes"),
    "policy": _("Policies"),
    "trade": _("Trade history"),
    "statement": _("Statements"),
    "book": _("Book"),
    "party": _("People"),
    "client": _("API clients"),
    "verification": _("Verification"),
    "bank_account": _("Bank accounts"),
    "delivery": _("Deliveries"),
}
"""What an event's name begins with, in words."""

NOT_OF_SUPPLIERS = {"cash", "programme", "policy", "trade", "statement", "book", "delivery"}


@for_kinds()
@require_GET
def events(request: HttpRequest) -> HttpResponse:
    """`?before=ID` pages back; `?about=noun` keeps to events of one kind of subject ("advance", "receivable", …),
    `?subject=credit.facility:3` to one subject's.
    """
    rows = Event.objects.visible_to(request.actor).order_by("-id")
    subject = SUBJECT.fullmatch(request.GET.get("subject", ""))
    if subject:
        rows = rows.about(subject[1], int(subject[2]))
    about, before = request.GET.get("about", ""), request.GET.get("before", "")
    if about in NOUNS:
        rows = rows.filter(name__startswith=f"{about}.")
    else:
        about = ""
    if before.isascii() and before.isdecimal() and len(before) < 20 and int(before) <= LARGEST:
        rows = rows.filter(id__lt=int(before))
    else:
        before = ""
    found = list(rows[: PAGE + 1])
    hidden = NOT_OF_SUPPLIERS if request.actor.party_kind == access.SUPPLIER else set()
    context = {
        "happenings": tell(request.actor, found[:PAGE]),
        "about": about,
        "subject": subject[0] if subject else "",
        "before": before,
        "nouns": [(noun, label) for noun, label in NOUNS.items() if noun not in hidden],
        "older": found[PAGE - 1].id if len(found) > PAGE else None,
    }
    return render(request, "events/list.html", context)
