"""A supplier takes up a quote or many, or withdraws before it is decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.trail.services import News, record
from financing.advances.models import Application, Quote
from financing.banking.models import BankAccount
from financing.banking.services import NoBankAccount
from financing.credit.models import Facility
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import NotFound, RuleViolation, Stale


class QuoteExpired(RuleViolation):
    code, status = "QUOTE_EXPIRED", 409
    sentence = "This quote was valid until {valid_until}. Ask for a new one; it takes a second."


class FacilityNotActive(RuleViolation):
    code, status = "FACILITY_NOT_ACTIVE", 409
    sentence = "This facility is not active, so nothing can be drawn from it."


def apply(*, actor: Actor, quote_id: int, now: datetime) -> Application:
    """Submit an application for exactly what was quoted; the policy decides it within seconds.

    Raises NotFound, Forbidden, QuoteExpired, FacilityNotActive, NoBankAccount; Stale for a quote taken up before.
    """
    with acting(actor):
        quote = Quote.objects.visible_to(actor).select_related("facility").filter(id=quote_id).first()
        if quote is None:
            raise NotFound()
        require(actor, "advances.apply")
        if now > quote.valid_until:
            raise QuoteExpired(valid_until=quote.valid_until.isoformat(timespec="seconds"))
        if quote.facility.status != Facility.Status.ACTIVE:
            raise FacilityNotActive()
        accounts = BankAccount.objects.in_force().filter(party_id=quote.supplier_id, currency=quote.currency)
        if not accounts.exists():
            raise NoBankAccount(currency=quote.currency)
        application = Application(
            quote=quote, facility_id=quote.facility_id, supplier_id=quote.supplier_id, funder_id=quote.funder_id,
            policy_id=quote.policy_id, amount_minor=quote.amount_minor, currency=quote.currency,
            submitted_at=now, submitted_by=actor.identity,
        )  # fmt: skip
        try:
            with transaction.atomic():
                application.save(force_insert=True)
        except IntegrityError:
            raise Stale("This quote was taken up before. Look at your applications.", code="QUOTE_TAKEN_UP") from None
        facts = {"amount_minor": quote.amount_minor, "currency": quote.currency, "quote": quote.id}
        record(actor, now, [News("application.submitted", application, (quote.supplier_id, quote.funder_id), facts)])
        return application


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one quote among many: its application, or code and sentence of the refusal."""

    quote_id: int
    application_id: int | None = None
    code: str = ""
    sentence: str = ""


def apply_each(*, actor: Actor, quote_ids: Sequence[int], now: datetime) -> list[Applied]:
    """Take up quotes, each as `apply` does it: an answer for each in the order asked, and none spoils another.

    Raises Forbidden.
    """
    with acting(actor):
        require(actor, "advances.apply")
        # In the order of their numbers, so that two who ask for the same at once do not wait for each other.
        places = sorted(range(len(quote_ids)), key=lambda place: quote_ids[place])
        answers = {place: _applied(actor, quote_ids[place], now) for place in places}
        return [answers[place] for place in range(len(quote_ids))]


def _applied(actor: Actor, quote_id: int, now: datetime) -> Applied:
    try:
        made = apply(actor=actor, quote_id=quote_id, now=now)
    except RuleViolation as refusal:
        return Applied(quote_id, code=refusal.code, sentence=refusal.sentence)
    return Applied(quote_id, made.id)


def withdraw(*, actor: Actor, application_id: int, now: datetime) -> Application:
    """Take an application back that is not decided yet. Raises NotFound, Forbidden, InvalidTransition."""
    with acting(actor):
        application = (
            Application.objects.visible_to(actor)
            .select_for_update(no_key=True, of=("self",))
            .filter(id=application_id)
            .first()
        )
        if application is None:
            raise NotFound()
        require(actor, "advances.withdraw")
        application.move_to(Application.Status.WITHDRAWN)
        application.decided_at = now
        application.save(update_fields=["status", "decided_at"])
        parties = (application.supplier_id, application.funder_id)
        record(actor, now, [News("application.withdrawn", application, parties)])
        return application
