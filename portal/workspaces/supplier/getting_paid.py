"""What a supplier can have now, what it costs, and the three minutes from asking to money on the account."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from financing.advances import pricing, services
from financing.advances.models import Advance, Application, Quote
from financing.advances.queries import held_for_supplier
from financing.advances.services.apply import NoBankAccount, QuoteExpired
from financing.advances.services.quote import NotOffered, Offer, offer
from financing.banking.models import BankAccount
from financing.credit.models import Facility
from financing.credit.rules import DECLINED, REFERRED, Inputs, Policy, Result
from logistics.orders.models import SupplierNumber
from portal.shared import access, wall
from portal.shared.access import permits
from portal.shared.errors import InvalidInput, NotFound, RuleViolation, Stale
from portal.ui.formats import amount, money
from portal.workspaces.access import for_kinds
from portal.workspaces.payout import awaiting
from portal.workspaces.sentences import timeline
from portal.workspaces.supplier import figures, why
from portal.workspaces.supplier.forms import AmountForm

UNDER_WAY = (Application.Status.SUBMITTED, Application.Status.REFERRED)


@for_kinds(access.SUPPLIER)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """`?facility=ID` chooses between several."""
    return _home(request)


def _home(request: HttpRequest, form: AmountForm | None = None, refusal: RuleViolation | None = None,
          facility_id: int | None = None) -> HttpResponse:  # fmt: skip
    facilities, status = _facilities(request), refusal.status if refusal else 200
    if not facilities:
        return redirect("supplier:verification")
    given = str(facility_id or request.GET.get("facility", ""))
    facility = next((each for each in facilities if str(each.id) == given), facilities[0])
    try:
        found = offer(actor=request.actor, facility_id=facility.id, now=timezone.now(), in_sums=True)
        context = _availability(found)
        context["why"] = why.available(found, facility.funder.name, context["steps"])
        context["unpayable"] = context["price"]["unpayable"] = _unpayable(request, facility.currency)
    except NotFound:
        raise
    except RuleViolation as no_policy:
        context = {"unavailable": no_policy}
    if form is not None:
        priced = _price_asked(request, facility, form)
        context |= {"form": form, "price": priced}
        if context.get("available_minor"):
            context["slider"] = _slider(context["offer"], form.cleaned_data.get("amount", 0))
            # Told at the field.
            refusal = None if priced["is_refused"] else refusal
    context |= {
        "facility": facility,
        "facilities": facilities,
        "refusal": refusal,
        "refusal_reasons": figures.against(refusal.facts.get("reasons", ()), least=context.get("least", ""))
        if refusal
        else [],
        "held_minor": held_for_supplier(facility),
        "awaiting": awaiting(request.actor, timezone.now()),
        "may_ask": permits(request.actor, "advances.quote"),
        "under_way": list(_applications(request).filter(facility=facility, status__in=UNDER_WAY).order_by("-id")[:5]),
        "open_advances": list(
            Advance.objects.visible_to(request.actor)
            .filter(facility=facility, status__in=[*Advance.OPEN, Advance.Status.DISBURSING])
            .order_by("due_date", "id")[:5]
        ),
    }
    return render(request, "supplier/home.html", context, status=status)


def _facilities(request: HttpRequest) -> list[Facility]:
    found = Facility.objects.visible_to(request.actor).exclude(status=Facility.Status.CLOSED)
    return list(found.select_related("programme", "funder", "debtor").order_by("id"))


def _applications(request: HttpRequest):
    return Application.objects.visible_to(request.actor)


def _is_known(found: Offer) -> bool:
    """Whether the platform names the supplier by a number, so that what was sold there is found."""
    own = SupplierNumber.objects.in_force().filter(supplier=found.facility.supplier_id)
    return own.filter(platform=found.facility.debtor_id).exists()


def _availability(found: Offer) -> dict:
    currency, result = found.facility.currency, found.result
    most, least = pricing.offered_minor(found), pricing.least_of(found)
    return {
        "offer": found,
        "result": result,
        "currency": currency,
        "available_minor": most,
        "least": money(least, currency),
        "steps": figures.waterfall(found),
        "why_nothing": figures.why_nothing(found) if result.outcome == DECLINED else [],
        "is_known": result.outcome != DECLINED or _is_known(found),
        "improvements": figures.improvements(found.inputs, result, currency),
        "score": figures.score(result, currency),
        "slider": _slider(found, most),
        "form": AmountForm(initial={"amount": amount(most, currency)}, currency=currency),
        "price": _priced(found),
    }


def _slider(found: Offer, at_minor: int) -> figures.Slider | None:
    least, most = pricing.least_of(found), pricing.offered_minor(found)
    return figures.slider(least, most, found.facility.currency, at_minor)


def _unpayable(request: HttpRequest, currency: str) -> str:
    """Why nothing can be paid out yet: WAITING where the account is not confirmed, MISSING where there is none."""
    own = BankAccount.objects.visible_to(request.actor).open().filter(party=request.actor.party_id, currency=currency)
    states = set(own.values_list("status", flat=True))
    if BankAccount.Status.IN_FORCE in states:
        return ""
    return "WAITING" if states else "MISSING"


def _priced(found: Offer) -> dict:
    """What an amount costs, or why it is not to be had."""
    terms, currency = found.result.terms, found.facility.currency
    declined = found.result.outcome == DECLINED
    least = money(pricing.least_of(found), currency)
    price = pricing.said(found.amount_minor, terms)
    return {
        "is_refused": declined,
        "amount_minor": found.amount_minor,
        "currency": currency,
        "terms": None if declined else terms,
        "days": price["average_days"],
        "effective_rate": price["effective_rate"],
        "back_minor": found.amount_minor + terms.total_cost_minor if terms else None,
        "referred": figures.reasons(found.result.reasons) if found.result.outcome == REFERRED else [],
        "reasons": figures.against(found.result.reasons, least=least) if declined else [],
        "at_once_minor": pricing.at_once_minor(found),
        "least": least,
        "most_minor": found.result.base.available_minor,
    }  # fmt: skip


@for_kinds(access.SUPPLIER)
@require_GET
def price(request: HttpRequest, facility_id: int) -> HttpResponse:
    """The cost of an amount, as it moves."""
    facility = _own_facility(request, facility_id)
    form = AmountForm(request.GET, currency=facility.currency)
    return render(request, "supplier/price.html", {"price": _price_asked(request, facility, form)})


def _price_asked(request: HttpRequest, facility: Facility, form: AmountForm) -> dict:
    if not form.is_valid():
        return {"is_refused": True, "problem": " ".join(form.errors["amount"])}
    try:
        found = offer(
            actor=request.actor, facility_id=facility.id, amount_minor=form.cleaned_data["amount"],
            now=timezone.now(), in_sums=True,
        )  # fmt: skip
    except RuleViolation as refusal:
        return {"is_refused": True, "problem": refusal.sentence}
    return _priced(found) | {"unpayable": _unpayable(request, facility.currency)}


@for_kinds(access.SUPPLIER)
def ask(request: HttpRequest, facility_id: int) -> HttpResponse:
    """Get paid now: a quote for the amount, which stands for some minutes."""
    facility = _own_facility(request, facility_id)
    if request.method != "POST":  # reloaded after a refusal
        return redirect("supplier:home")
    form = AmountForm(request.POST, currency=facility.currency)
    if not form.is_valid():
        return _home(request, form, RuleViolation(" ".join(form.errors["amount"]), code="AMOUNT_INVALID"), facility.id)
    try:
        made = services.quote(
            actor=request.actor, facility_id=facility.id, amount_minor=form.cleaned_data["amount"], now=timezone.now()
        )
    except (NotOffered, InvalidInput) as refusal:
        return _home(request, form, refusal, facility.id)
    return redirect("supplier:quote", made.id)


def _own_facility(request: HttpRequest, facility_id: int) -> Facility:
    found = Facility.objects.visible_to(request.actor).filter(id=facility_id).first()
    if found is None:
        raise NotFound()
    return found


@for_kinds(access.SUPPLIER)
@require_GET
def quoted(request: HttpRequest, quote_id: int) -> HttpResponse:
    """The offer, to be taken up or left."""
    found = _quote(request, quote_id)
    taken = _applications(request).filter(quote=found).first()
    if taken:
        return redirect("supplier:application", taken.id)
    price = pricing.said(found.amount_minor, found)
    cost_minor = found.fee_minor + found.interest_minor
    context = {
        "effective_rate": price["effective_rate"],
        "quote": found,
        "cost_minor": cost_minor,
        "back_minor": found.amount_minor + cost_minor,
        "days": price["average_days"],
        "invoices": len(found.result["security_ids"]),
        "referred": figures.reasons(found.result["reasons"]) if found.result["outcome"] == REFERRED else [],
        "is_expired": timezone.now() > found.valid_until,
        "asked": amount(found.amount_minor, found.currency),
        "may_apply": permits(request.actor, "advances.apply"),
        "unpayable": _unpayable(request, found.currency),
    }
    return render(request, "supplier/quote.html", context)


def _quote(request: HttpRequest, quote_id: int) -> Quote:
    rows = Quote.objects.visible_to(request.actor).select_related("facility__programme", "facility__debtor", "funder")
    found = rows.filter(id=quote_id).first()
    if found is None:
        raise NotFound()
    return found


@for_kinds(access.SUPPLIER)
@require_POST
def take_up(request: HttpRequest, quote_id: int) -> HttpResponse:
    """Apply for exactly what was quoted. Sent twice, it is one application."""
    try:
        made = services.apply(actor=request.actor, quote_id=quote_id, now=timezone.now())
    except QuoteExpired:
        messages.warning(request, _("This quote has expired, so nothing was done. Ask anew: it takes a second."))
        return redirect("supplier:quote", quote_id)
    except NoBankAccount:  # the quote tells what is missing, and the way there
        messages.warning(request, _("Nothing was done: there is no account yet that it could be paid to."))
        return redirect("supplier:quote", quote_id)
    except Stale:
        messages.info(request, _("You had taken up this quote already. This is its application; there is only one."))
        return redirect("supplier:quote", quote_id)
    return redirect("supplier:application", made.id)


@for_kinds(access.SUPPLIER)
@require_GET
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """From submitted to funded, by itself."""
    rows = _applications(request).select_related(
        "quote", "facility__programme", "facility__debtor", "funder", "decision__policy", "advance__instruction"
    )
    with wall.inside():  # the version is the funder's; by it the supplier reads what would raise its limit
        found = rows.filter(id=application_id).first()
    if found is None:
        raise NotFound()
    advance = getattr(found, "advance", None)
    result = Result.from_json(found.decision.result) if found.decision else None
    subjects = [found.quote, found, advance, advance.instruction if advance else None]
    context = {
        "application": found,
        "advance": advance,
        "result": result,
        "decided_ms": _elapsed(found.submitted_at, found.decided_at),
        "funded_ms": _elapsed(found.submitted_at, advance.funded_at if advance else None),
        "stage": _stage(found, advance),
        "reasons": figures.why_decided(found.decision) if found.decision else [],
        "improvements": _improvements(found, result),
        "score": figures.score(result, found.currency) if result else [],
        "happenings": timeline(request.actor, *(each for each in subjects if each)),
        "may_withdraw": found.status in UNDER_WAY and permits(request.actor, "advances.withdraw"),
    }
    return render(request, "supplier/application.html", context)


def _improvements(found: Application, result: Result | None) -> list[dict]:
    if result is None:
        return []
    decision = found.decision
    inputs = Inputs.from_json(decision.inputs, Policy.from_body(decision.policy.body))
    return figures.improvements(inputs, result, found.currency)


def _elapsed(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else max(0, round((end - start).total_seconds() * 1000))


def _stage(found: Application, advance: Advance | None) -> str:
    """Where it stands: deciding, referred, declined, withdrawn, paying, funded or failed."""
    if advance:
        states = Advance.Status
        paying = advance.status in (states.APPROVED, states.DISBURSING)
        return "paying" if paying else "failed" if advance.status == states.FAILED else "funded"
    return {"SUBMITTED": "deciding"}.get(found.status, found.status.lower())


@for_kinds(access.SUPPLIER)
@require_POST
def take_back(request: HttpRequest, application_id: int) -> HttpResponse:
    """Withdraw what is not decided yet."""
    services.withdraw(actor=request.actor, application_id=application_id, now=timezone.now())
    messages.success(request, _("The application is withdrawn. Nothing was lent and nothing is owed."))
    return redirect("supplier:application", application_id)
