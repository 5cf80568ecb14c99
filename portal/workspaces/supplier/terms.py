"""Programmes and the facilities that a supplier has in them: terms in plain words, what is drawn and what is left."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from financing.advances import pricing
from financing.advances.models import Advance
from financing.advances.services.quote import Offer, offer
from financing.credit.models import Facility, Programme
from portal.shared import access
from portal.shared.access import permits
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.formats import percent
from portal.workspaces.access import for_kinds
from portal.workspaces.sentences import timeline
from portal.workspaces.supplier import figures, steps, why

MOST = 5


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was agreed. `term`: its key in the glossary."""

    label: str
    text: str
    term: str = ""


def in_words(programme: Programme) -> list[Said]:
    """What a supplier agrees to by joining, most important first."""
    names = {"funder": programme.funder.name, "debtor": programme.debtor.name}
    days, minutes = programme.max_tenor_days, programme.quote_valid_minutes
    if programme.with_recourse:
        risk = _("If {debtor} does not pay an invoice, you pay the advance back yourself.")
    else:
        risk = _("If {debtor} cannot pay, the loss is {funder}'s. Returns, credit notes and disputes stay yours.")
    year = 360 if "360" in programme.day_count else 365
    longest = ngettext("At most {count} day.", "At most {count} days.", days)
    standing = ngettext("For {count} minute.", "For {count} minutes.", minutes)
    return [
        Said(_("What you get"), _("{funder} pays you today what {debtor} owes you later.").format(**names), "advance"),
        Said(_("How it is repaid"), _("By itself, when {debtor} pays your invoices.").format(**names), "settlement"),
        Said(_("For how long"), longest.format(count=days), "tenor"),
        Said(_("Who bears the risk"), risk.format(**names), "recourse"),
        Said(_("What you give"), _("Your invoices are assigned to {funder}, and {debtor} is told.").format(**names),
             "assignment"),
        Said(_("What it costs"),
             _("A fee, and interest for each day, a year being {year} days. You see both before you agree.").format(
                 year=year), "day-count"),
        Said(_("How long a quote stands"), standing.format(count=minutes), "quote"),
    ]  # fmt: skip


@for_kinds(access.SUPPLIER)
@require_GET
def programme(request: HttpRequest, programme_id: int) -> HttpResponse:
    rows = Programme.objects.visible_to(request.actor).select_related("funder", "debtor")
    found = rows.filter(id=programme_id).first()
    if found is None:
        raise NotFound()
    joined = Facility.objects.visible_to(request.actor).filter(programme=found)
    verified = steps.approved(list(request.party.verifications.order_by("-id")[:10]))
    context = {
        "programme": found,
        "terms": in_words(found),
        "facility": joined.exclude(status=Facility.Status.CLOSED).first(),
        "is_verified": verified is not None,
        "may_join": verified is not None and permits(request.actor, "credit.join_programme"),
    }
    return render(request, "supplier/programme.html", context)


@for_kinds(access.SUPPLIER)
@require_GET
def facility(request: HttpRequest, facility_id: int) -> HttpResponse:
    rows = Facility.objects.visible_to(request.actor).select_related("programme__funder", "programme__debtor")
    found = rows.filter(id=facility_id).first()
    if found is None:
        raise NotFound()
    advances = Advance.objects.visible_to(request.actor).filter(facility=found)
    context = {
        "facility": found,
        "programme": found.programme,
        "terms": in_words(found.programme),
        "open_advances": list(advances.filter(status__in=Advance.OPEN).order_by("due_date", "id")[:MOST]),
        "is_active": found.status == Facility.Status.ACTIVE,
        "happenings": timeline(request.actor, found),
        **_position(request, found),
    }
    return render(request, "supplier/facility.html", context)


def _position(request: HttpRequest, found: Facility) -> dict:
    """Limit, what of it is used and what can be had, as the policy has it today; what is kept where there is none."""
    try:
        offered = offer(actor=request.actor, facility_id=found.id, now=timezone.now(), in_sums=True)
    except NotFound:
        raise
    except RuleViolation as refusal:
        used = found.principal_minor + found.reserved_minor
        return {"limit_minor": found.limit_minor, "used_minor": used, "available_minor": None, "unavailable": refusal}
    return _offered(offered, found)


def _offered(offered: Offer, found: Facility) -> dict:
    base = offered.result.base
    return {
        "limit_minor": offered.result.limit_minor,
        "used_minor": base.exposure_minor,
        "available_minor": pricing.offered_minor(offered),
        "rate": percent(base.advance_rate, 0) if base.advance_rate else "",
        "why": why.available(offered, found.programme.funder.name, figures.waterfall(offered)),
        "why_nothing": [] if pricing.offered_minor(offered) else figures.why_nothing(offered),
    }
