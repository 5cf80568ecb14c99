"""What is stuck: in the queue of verifications, on its way to a subscriber, at the bank, at the door."""

from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from accounts.intake.models import Document
from accounts.parties.models import BusinessVerification
from accounts.trail.models import Delivery
from financing.banking.models import DIFFERS, PaymentInstruction, Statement
from portal.shared.access import Actor

RECENT_DAYS = 7

V = BusinessVerification.Status
WAITING = (V.SUBMITTED, V.SCREENED)
P = PaymentInstruction.Status
STUCK_AT_BANK = (P.UNKNOWN, P.REJECTED, P.RETURNED)


def verifications(actor: Actor) -> QuerySet[BusinessVerification]:
    return BusinessVerification.objects.visible_to(actor).select_related("party", "screened_by", "decided_by")


def undelivered() -> QuerySet[Delivery]:
    """What is on its way or parked. Of its event only name and subject: the payload is its parties' affair."""
    return Delivery.objects.exclude(state=Delivery.State.DONE).select_related("event").defer("event__payload")


def stuck(actor: Actor, now: datetime) -> dict:
    """How much of everything needs the operator: five statements, each over the rows that are open."""
    deliveries = Delivery.objects.exclude(state=Delivery.State.DONE).aggregate(
        parked=Count("id", filter=Q(state=Delivery.State.PARKED)),
        late=Count("id", filter=Q(state=Delivery.State.WAITING, due_at__lt=now - timedelta(minutes=1))),
    )
    recent = now - timedelta(days=RECENT_DAYS)
    documents = Document.objects.visible_to(actor).filter(outcome=Document.Outcome.REFUSED, received_at__gte=recent)
    return deliveries | {
        "verifications": verifications(actor).filter(status__in=WAITING).count(),
        "payments": PaymentInstruction.objects.visible_to(actor).filter(status__in=STUCK_AT_BANK).count(),
        "statements": unreconciled(actor).count(),
        "documents": documents.count(),
    }


def unreconciled(actor: Actor) -> QuerySet[Statement]:
    """Days of an account on which bank and ledger do not agree, or one knows of entries that the other does not."""
    return Statement.objects.visible_to(actor).filter(DIFFERS)
