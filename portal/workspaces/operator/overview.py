"""The operator's first page: what is on its way or stuck, by state and with the age of the oldest, and who did what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.intake.models import Document
from accounts.parties.models import BusinessVerification
from accounts.trail.models import Delivery
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.second import for_operator
from portal.shared.access import Actor
from portal.ui.states import state
from portal.workspaces.operator.queries import STUCK_AT_BANK, verifications

P, D = PaymentInstruction.Status, Delivery.State
V, OUTCOME = BusinessVerification.Status, Document.Outcome
UNDER_WAY = (P.DUE, P.SENT, P.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Line:
    """How many are in a state, since when the oldest is, and the list of just these."""

    state: str
    count: int
    oldest: datetime | None
    oldest_ms: int | None
    url: str
    needs_you: bool
    of: str = ""

    @property
    def word(self) -> str:
        return str(state(self.state, of=self.of).label)


@dataclass(frozen=True, slots=True)
class Board:
    """`parameter` of the page's table narrows it to a state: `deliveries-state`."""

    title: Promise
    url: str
    parameter: str
    lines: list[Line]

    @property
    def resource(self) -> str:
        found = self.parameter.partition("-")[0]
        return {"payments": "instructions", "accounts": "bank-accounts"}.get(found, found)

    def resource_of(self, code: str) -> str:
        """Where the API has the rows of a state."""
        if self.resource == "bank-accounts":  # an account may wait for a colleague of its proposer as well
            return f"{self.resource}/?waits_for={BankAccount.Word.OPERATOR}"
        return f"{self.resource}/?{self.parameter.partition('-')[2]}={code}"


def boards(actor: Actor, now: datetime) -> list[Board]:
    """What waits, by state: one statement for each board, over the rows that are not done."""
    documents = Document.objects.visible_to(actor).filter(outcome__in=(OUTCOME.REFUSED, OUTCOME.PARTLY))
    payments = PaymentInstruction.objects.visible_to(actor).filter(status__in=(*UNDER_WAY, *STUCK_AT_BANK))
    return [
        _board(_("Deliveries"), "operator:deliveries", "deliveries-state", Delivery.objects.exclude(state=D.DONE),
               ("state", "event__recorded_at"), (D.PARKED, D.WAITING), (D.PARKED,), now),
        _board(_("Payments"), "operator:payments", "payments-status", payments, ("status", "created_at"),
               (*STUCK_AT_BANK, *UNDER_WAY), STUCK_AT_BANK, now, of="payment"),
        _board(_("Documents handed in"), "operator:documents", "documents-outcome", documents,
               ("outcome", "received_at"), (OUTCOME.REFUSED, OUTCOME.PARTLY), (OUTCOME.REFUSED,), now),
        _board(_("Verifications"), "operator:verifications", "verifications-status",
               verifications(actor).order_by().select_related(None), ("status", "submitted_at"),
               (V.SUBMITTED, V.SCREENED), (V.SUBMITTED, V.SCREENED), now),
        _board(_("Accounts to confirm"), "operator:accounts", "accounts-status",
               for_operator(BankAccount.objects.visible_to(actor), now), ("status", "created_at"),
               (BankAccount.Status.WAITING,), (BankAccount.Status.WAITING,), now),
    ]  # fmt: skip


def _board(
    title: Promise, route: str, parameter: str, rows: QuerySet, by: tuple[str, str], states: Iterable[str],
    needing: Iterable[str], now: datetime, of: str = "",
) -> Board:  # fmt: skip
    """`by`: the field of the state, and the instant since which a row waits."""
    column, since = by
    grouped = rows.order_by().values_list(column).annotate(n=Count("pk"), oldest=Min(since))
    found = {code: (n, oldest) for code, n, oldest in grouped}
    address = reverse(route)

    def line(code: str) -> Line:
        n, oldest = found.get(code, (0, None))
        age = max(0, int((now - oldest).total_seconds() * 1000)) if oldest else None
        return Line(code, n, oldest, age, f"{address}?{parameter}={code}", bool(n) and code in needing, of)

    return Board(title, address, parameter, [line(code) for code in states])
