"""REST: what can be had, the application, its decision, and the advance."""

from datetime import date

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.trail.models import Event
from financing.advances import overview as glance
from financing.advances import pricing, reports, services, shapes
from financing.advances.exposure import currencies, lent
from financing.advances.models import Advance, Application, Quote
from financing.advances.queries import held_for_supplier
from financing.advances.services.quote import NotOffered, offer
from financing.advances.services.refer import NoLongerPossible
from financing.advances.sharing import shared_figures
from financing.advances.standing import standing
from financing.advances.statement import accounts
from financing.credit import api as credit
from financing.credit import saying
from financing.credit.rules import gains
from financing.ledger.models import Book
from financing.ledger.queries import earned
from portal.shared import access
from portal.shared.access import Actor, require
from portal.shared.bodies import counted, created, told, values
from portal.shared.errors import Forbidden, InvalidInput, NotFound, RuleViolation
from portal.shared.openapi import refuses
from portal.shared.paging import day
from portal.shared.rest import KEY_PARAMETER, OfActor, Reading, Resource, Shown

BY_TWO = ("INVALID_TRANSITION", "STALE", "OUTCOME_INVALID", "OWN_WORK", "NO_RECOMMENDATION")
CURRENCY = OpenApiParameter("currency", str, description="One of the facilities' currencies; else that of most")
FROM = OpenApiParameter("from", date, description="First day; without it from the beginning")
UNTIL = OpenApiParameter("until", date, description="Last day; without it until now")
AMOUNT = OpenApiParameter("amount_minor", int, description="The amount to ask about; without it all that is available")


def explained(refusal: RuleViolation) -> RuleViolation:
    """The refusal with a sentence for each reason code."""
    refusal.facts["explained"] = saying.reasons(refusal.facts["reasons"])
    return refusal


class Facilities(credit.Facilities):
    """Programmes granted to suppliers, and what can be drawn from them."""

    @extend_schema(responses=shapes.Availability, parameters=[AMOUNT])
    @action(detail=True)
    @refuses("NO_POLICY_IN_FORCE", "AMOUNT_INVALID")
    def availability(self, request, pk: str) -> Response:
        """What the policy would say now: the base line by line and as a waterfall, the price, what would raise it.

        With `amount_minor` it is a preview of the price of that amount: nothing is kept or promised.
        """
        found = offer(
            actor=self.actor, facility_id=int(pk), amount_minor=_amount(request.query_params), now=timezone.now()
        )
        audience = shapes.audience_of(self.actor, found.facility)
        said = saying.result(found.result, found.facility.currency, audience)
        said |= {
            "facility": found.facility.id, "business_date": found.business_date,
            "currency": found.facility.currency, "amount_minor": found.amount_minor,
            "price": pricing.said(found.amount_minor, found.result.terms),
            "least_minor": pricing.least_of(found),
            "held_minor": held_for_supplier(found.facility),
            "waterfall": saying.waterfall(found.result.base),
            "improvements": saying.gained(
                gains(found.inputs, found.result), found.facility.currency, audience
            ),
        }  # fmt: skip
        return Response(shapes.Availability(said).data)


def _amount(given: dict) -> int | None:
    text = given.get("amount_minor")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise InvalidInput("Ask for an amount above zero.", code="AMOUNT_INVALID")
    return int(text[:20])


@extend_schema(tags=["programmes"])
class Programmes(credit.Programmes):
    """Products on offer. A supplier joins one and has a facility."""

    @extend_schema(responses=reports.FiguresShown)
    @action(detail=True)
    def totals(self, request, pk: str) -> Response:
        """What the funder shares with the debtor: totals of at least three suppliers, null where there are fewer."""
        self.seen(pk)
        found = {each.programme.id: each for each in shared_figures(actor=self.actor, now=timezone.now())}
        if int(pk) not in found:
            raise NotFound()
        return Response(reports.FiguresShown(found[int(pk)]).data)


@extend_schema(tags=["quotes"])
class Quotes(Shown, OfActor):
    """Offers that stand until `valid_until`."""

    model, view, group = Quote, "advances.view", "advances"
    serializer_class = shapes.QuoteShown

    @extend_schema(request=shapes.QuoteAsked, responses={201: shapes.QuoteShown}, parameters=[KEY_PARAMETER])
    @refuses("NO_POLICY_IN_FORCE", "AMOUNT_INVALID", "AMOUNT_NOT_AVAILABLE", "AMOUNT_BELOW_MINIMUM", "NOT_OFFERED")
    def create(self, request) -> Response:
        """Ask for a quote of an amount, or with `null` of all that is available.

        A quote binds the funder until `valid_until`, and the supplier to nothing before it is taken up.
        """
        given = self.checked(shapes.QuoteAsked)
        try:
            made = services.quote(
                actor=self.actor, facility_id=given["facility"], amount_minor=given["amount_minor"],
                now=timezone.now(),
            )  # fmt: skip
        except NotOffered as refusal:
            raise explained(refusal) from None
        return Response(self.get_serializer(made).data, status=201)


@extend_schema(tags=["applications"])
class Applications(Reading):
    """A supplier takes up a quote; the policy decides within seconds, or refers it to persons."""

    model, view, group = Application, "advances.view", "advances"
    related = ("supplier", "funder", "decision", "advance")
    filters = {"status": "status", "facility": "facility_id", "supplier": "supplier_id"}

    def get_queryset(self):
        found = super().get_queryset()
        # Inputs are large, and only the detail tells them.
        return found.defer("decision__inputs", "decision__result") if self.action == "list" else found

    def get_serializer_class(self):
        return shapes.ApplicationSummary if self.action == "list" else shapes.ApplicationShown

    @extend_schema(request=shapes.ApplicationMade, responses={201: shapes.ApplicationShown}, parameters=[KEY_PARAMETER])
    @refuses("QUOTE_EXPIRED", "QUOTE_TAKEN_UP", "FACILITY_NOT_ACTIVE", "NO_BANK_ACCOUNT", "STALE")
    def create(self, request) -> Response:
        """Take up a quote."""
        given = self.checked(shapes.ApplicationMade)
        return self.answer(services.apply(actor=self.actor, quote_id=given["quote"], now=timezone.now()), 201)

    @extend_schema(request=shapes.ManyMade, responses={201: shapes.ManyShown}, parameters=[KEY_PARAMETER])
    @action(detail=False, methods=["post"])
    @refuses("NOTHING_ENTERED")
    def bulk(self, request) -> Response:
        """Take up many quotes: each is answered for itself, in their order.

        201 where one was taken up at least. Where none was, the answer is 422 `NOTHING_ENTERED` with the same results
        in `facts`.
        """
        items = self.checked(shapes.ManyMade)["applications"]
        quotes = [each["quote"] for each in values(items)]
        answers = services.apply_each(actor=self.actor, quote_ids=quotes, now=timezone.now())
        return created(shapes.ManyShown(counted(told(items, answers))).data, items)

    @extend_schema(responses=reports.FunderAtAGlance)
    @action(detail=False, pagination_class=None, filter_backends=[])
    def overview(self, request) -> Response:
        """The funder at a glance: what waits for its people, how fast it was in thirty days, what it has lent."""
        require(self.actor, "ledger.view")
        book = Book.objects.visible_to(self.actor).first()
        said = {
            "waiting": glance.waiting(self.actor), "thirty_days": glance.pace(self.actor, timezone.now()),
            "positions": glance.position(self.actor, book) if book else [],
        }  # fmt: skip
        return Response(reports.FunderAtAGlance(said).data)

    @extend_schema(request=None, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION")
    def withdraw(self, request, pk: str) -> Response:
        """Take an application back that is not decided yet."""
        return self.answer(services.withdraw(actor=self.actor, application_id=int(pk), now=timezone.now()))

    @extend_schema(responses=shapes.StandingShown)
    @action(detail=True)
    def standing(self, request, pk: str) -> Response:
        """Read what the funder judges by: exposure before and after, the supplier's record, the receivables behind."""
        found = self.get_queryset().select_related("facility__programme", *self.related).filter(pk=pk).first()
        if found is None:
            raise NotFound()
        require(self.actor, "ledger.view")
        return Response(shapes.StandingShown(standing(actor=self.actor, application=found)).data)

    @extend_schema(request=shapes.ByHand, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION", "STALE", "OUTCOME_INVALID", "REASON_MISSING", "OWN_WORK")
    def recommend(self, request, pk: str) -> Response:
        """Recommend an outcome: the part of the maker of the funder.

        Whoever recommends to decline gives `reasons` or an `explanation` (`REASON_MISSING`), as the supplier would be
        told them.
        """
        given = self.checked(shapes.ByHand)
        return self.answer(services.recommend(actor=self.actor, application_id=int(pk), now=timezone.now(), **given))

    @extend_schema(request=shapes.ByHand, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses(*BY_TWO, "LET_IN_LATELY", "NO_LONGER_POSSIBLE", "NO_BANK_ACCOUNT", "REASON_MISSING")
    def decide(self, request, pk: str) -> Response:
        """Decide what was recommended: the part of the checker of the funder.

        Whoever declines gives `reasons` or an `explanation` (`REASON_MISSING`), those of the recommendation or others:
        the supplier is told. `note` stays with the funder.
        """
        given = self.checked(shapes.ByHand)
        try:
            decided = services.decide_referral(actor=self.actor, application_id=int(pk), now=timezone.now(), **given)
        except NoLongerPossible as refusal:
            raise explained(refusal) from None
        return self.answer(decided)


@extend_schema(tags=["book"])
class OwnExposure(Resource):
    """What a funder has lent now and what it is made of, and what it has earned."""

    group = "ledger"

    @extend_schema(operation_id="exposure", responses=reports.LentShown, parameters=[CURRENCY])
    @refuses("NOT_FOUND")
    def get(self, request) -> Response:
        """Read what is lent now, summed five ways, and the income of twelve months by value date."""
        require(self.actor, "ledger.view")
        book = Book.objects.visible_to(self.actor).filter(funder_id=self.actor.party_id).first()
        known = currencies(actor=self.actor)
        asked = request.query_params.get("currency") or next(iter(known), "")
        if book is None or asked not in known:
            raise NotFound()
        found = lent(actor=self.actor, book=book, currency=asked)
        months = earned(book_id=book.id, currency=asked, until=book.business_date)
        return Response(reports.LentShown(found, context={"earned": months}).data)


@extend_schema(tags=["advances"])
class Advances(Reading):
    """Money lent: from approval to the last repayment."""

    model, view, group = Advance, "advances.view", "advances"
    sorts, dated = {"due_date": "due_date"}, "due_date"
    related = ("supplier", "funder", "application")
    filters = {"status": "status", "facility": "facility_id", "supplier": "supplier_id"}

    def get_queryset(self):
        found = super().get_queryset()
        return found.prefetch_related("repayments__returned", "securities") if self.action == "retrieve" else found

    @extend_schema(responses=reports.StatementOfAccount, parameters=[FROM, UNTIL], filters=False)
    @action(detail=False, pagination_class=None, filter_backends=[])
    @refuses("DATE_INVALID")
    def statement(self, request) -> Response:
        """The supplier's statement of account: what moved, and what was owed before and after."""
        if self.actor.party_kind != access.SUPPLIER:
            raise Forbidden()
        require(self.actor, self.view)
        since, until = (day(request.query_params.get(each, "")) for each in ("from", "until"))
        if since and until and since > until:
            raise InvalidInput("The first day is after the last one.", code="DATE_INVALID")
        found = accounts(self.actor, since=since or date.min, until=until or date.max)
        return Response(reports.StatementOfAccount({"from": since, "until": until, "accounts": found}).data)

    def get_serializer_class(self):
        return shapes.AdvanceShown if self.action == "retrieve" else shapes.AdvanceSummary

    def seen(self, pk: str) -> Advance:
        found = super().seen(pk)
        found.timeline = timeline(self.actor, found)
        return found


def timeline(actor: Actor, advance: Advance) -> list[Event]:
    """What happened to an advance, its application, its quote and its payment, as far as the actor may know it."""
    about = {
        "advances.advance": advance.id,
        "advances.application": advance.application_id,
        "advances.quote": advance.application.quote_id,
        "banking.paymentinstruction": advance.instruction_id,
    }
    subjects = Q()
    for subject_type, subject_id in about.items():
        subjects |= Q(subject_type=subject_type, subject_id=subject_id)
    return list(Event.objects.visible_to(actor).filter(subjects).order_by("id"))
