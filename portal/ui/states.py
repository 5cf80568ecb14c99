"""One table from state to tone and word, so that a state looks and reads the same on every page.

Tones: `good` (done, in force), `progress` (under way, nobody need do anything), `attention` (somebody must act),
`bad` (refused, failed, lost), `closed` (over, of no further effect), `neutral` (just begun or unknown to this table).
Each tone has an icon too: colour alone tells nothing to one reader in twelve.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

GOOD, PROGRESS, ATTENTION, BAD, CLOSED, NEUTRAL = "good", "progress", "attention", "bad", "closed", "neutral"

TONE_ICONS = {
    GOOD: "circle-check",
    PROGRESS: "progress",
    ATTENTION: "alert-circle",
    BAD: "circle-x",
    CLOSED: "circle-minus",
    NEUTRAL: "circle-dashed",
}

STATES: dict[str, tuple[str, Promise]] = {
    # applications and decisions
    "DRAFT": (NEUTRAL, _("Draft")),
    "SUBMITTED": (PROGRESS, _("Submitted")),
    "APPROVED": (GOOD, _("Approved")),
    "REFERRED": (ATTENTION, _("Referred")),
    "DECLINED": (BAD, _("Declined")),
    "WITHDRAWN": (CLOSED, _("Withdrawn")),
    "QUOTED": (NEUTRAL, _("Quoted")),
    "EXPIRED": (CLOSED, _("Expired")),
    # advances
    "DISBURSING": (PROGRESS, _("Paying out")),
    "ACTIVE": (GOOD, pgettext_lazy("advance", "Active")),
    "REPAID": (CLOSED, _("Repaid")),
    "FAILED": (BAD, _("Failed")),
    "OVERDUE": (ATTENTION, _("Overdue")),
    "DEFAULTED": (BAD, _("In default")),
    "WRITTEN_OFF": (BAD, _("Written off")),
    "RECOVERED": (CLOSED, _("Recovered")),
    # receivables
    "RECEIVED": (NEUTRAL, _("Received")),
    "ACCEPTED": (GOOD, _("Accepted")),
    "ASSIGNED": (PROGRESS, _("Assigned")),
    "SETTLED": (CLOSED, _("Settled")),
    "DISPUTED": (BAD, _("Disputed")),
    "CANCELLED": (CLOSED, _("Cancelled")),
    "REJECTED": (BAD, _("Rejected")),
    "REFUSED": (BAD, _("Refused")),
    # payment instructions and deliveries
    "DUE": (NEUTRAL, pgettext_lazy("payment", "Due")),
    "SENT": (PROGRESS, _("Sent")),
    "UNKNOWN": (ATTENTION, _("Outcome unknown")),
    "RETURNED": (BAD, _("Returned")),
    "INSTRUCTED": (PROGRESS, _("Instructed")),
    "BOOKED": (GOOD, _("Booked")),
    "PARTLY_BOOKED": (ATTENTION, _("Booked in part")),
    "PREPARED": (NEUTRAL, _("Prepared")),
    "ANSWERED": (PROGRESS, _("Answered")),
    "PROCESSED": (GOOD, _("Processed")),
    "RUNNING": (PROGRESS, _("Under way")),
    "WAITING": (PROGRESS, _("Waiting")),
    "PENDING": (PROGRESS, _("Pending")),
    "RETRYING": (ATTENTION, _("Retrying")),
    "PARKED": (ATTENTION, _("Parked")),
    "DONE": (GOOD, _("Done")),
    "DELIVERED": (GOOD, _("Delivered")),
    "DROPPED": (CLOSED, _("Not sent: read before")),
    # policies, parties, facilities, catalogue
    "PROPOSED": (ATTENTION, _("Proposed")),
    "IN_FORCE": (GOOD, _("In force")),
    "SUPERSEDED": (CLOSED, _("Superseded")),
    "PROSPECT": (NEUTRAL, _("Prospect")),
    "NOT_VERIFIED": (ATTENTION, _("Not verified")),
    "ADMITTED": (GOOD, _("Admitted")),
    "SCREENED": (PROGRESS, _("Screened")),
    "NOT_SCREENED": (ATTENTION, _("Not screened")),
    "VERIFIED": (GOOD, _("Verified")),
    "UNVERIFIED": (ATTENTION, _("Not verified")),
    "SUSPENDED": (BAD, _("Suspended")),
    "BLOCKED": (BAD, _("Blocked")),
    "CLOSED": (CLOSED, _("Closed")),
    "SUGGESTED": (ATTENTION, _("Suggested")),
    "CONFIRMED": (GOOD, _("Confirmed")),
    # steps, collateral
    "OPEN": (ATTENTION, pgettext_lazy("step", "Open")),
    "CURED": (GOOD, _("Cured")),
    "RELEASED": (CLOSED, _("Released")),
    "SUBSTITUTED": (CLOSED, _("Substituted")),
    "ENFORCED": (BAD, _("Enforced")),
    # answers to yes-or-no questions about a thing
    "FINANCEABLE": (GOOD, _("Financeable")),
    "NOT_FINANCEABLE": (NEUTRAL, _("Not financeable")),
    "PARTLY": (ATTENTION, _("Accepted in part")),
    "MATCHED": (GOOD, _("Matched")),
    "NO_ORDER": (ATTENTION, _("No order known")),
    "NOT_RECEIVED": (ATTENTION, _("Not received")),
    "QUANTITY": (ATTENTION, _("Quantity differs")),
    "PRICE": (ATTENTION, _("Price differs")),
    "SIMILAR": (ATTENTION, _("Resembles another")),
    "CLEAR": (GOOD, _("Clear")),
    "HIT": (BAD, _("Hit")),
}

STATES_OF: dict[tuple[str, str], tuple[str, Promise]] = {
    ("document", "ACCEPTED"): (GOOD, pgettext_lazy("document", "Accepted")),
    ("payment", "ACCEPTED"): (GOOD, pgettext_lazy("payment", "Accepted")),
    ("payment", "REJECTED"): (BAD, pgettext_lazy("payment", "Rejected")),
    ("payment", "SETTLED"): (GOOD, _("Booked")),  # an invoice is settled by it, and over
    ("facility", "ACTIVE"): (GOOD, _("Active")),
}
"""Where a kind of thing has a look of its own for a state: English may have one word for both, others have two."""

THINGS = (
    gettext_noop("Business verification"), gettext_noop("Payment instruction"), gettext_noop("Policy replay"),
    gettext_noop("Policy version"), gettext_noop("Settlement payment"), gettext_noop("Settlement"),
    gettext_noop("Supplier number"),
    gettext_noop("Receivable"), gettext_noop("Application"), gettext_noop("Delivery"), gettext_noop("Facility"),
    gettext_noop("Advance"), gettext_noop("Party"), gettext_noop("Bank account"),
)  # fmt: skip
"""What moves from state to state, as refusals name it: models' names, here for the catalogue."""


@dataclass(frozen=True, slots=True)
class State:
    """How a state is shown: tone, icon, word."""

    code: str
    tone: str
    label: str | Promise

    @property
    def icon(self) -> str:
        return TONE_ICONS[self.tone]


def state(code: str, label: str = "", *, of: str = "") -> State:
    """The state's look. One that the table lacks is shown as neutral, its code made readable.

    `of`: the kind of thing, where it has a look of its own for the state.
    """
    code = str(code)
    tone, word = STATES_OF.get((of, code)) or STATES.get(code, (NEUTRAL, code.replace("_", " ").capitalize()))
    return State(code=code, tone=tone, label=label or word)
