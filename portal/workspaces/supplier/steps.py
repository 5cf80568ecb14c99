"""What comes next on the way to being paid, and who has to act."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext_lazy as _

from accounts.parties.models import BusinessVerification

RENEWED_DAYS_BEFORE = 60
S = BusinessVerification.Status

VERIFY, SCREENING, DECISION, ACCOUNT, CONFIRM, NUMBER, RECOGNITION, JOIN, RENEW, DONE = (
    "VERIFY", "SCREENING", "DECISION", "ACCOUNT", "CONFIRM", "NUMBER", "RECOGNITION", "JOIN", "RENEW", "DONE",
)  # fmt: skip
SCREENING_SO_FAR, DECISION_SO_FAR = "SCREENING_SO_FAR", "DECISION_SO_FAR"
SCREENING_NO_NUMBER, DECISION_NO_NUMBER = "SCREENING_NO_NUMBER", "DECISION_NO_NUMBER"
"""While others look at the verification, and there is something left to do meanwhile."""

SENTENCES = {
    VERIFY: _("Next, you: tell who you are and who owns the company. It takes two minutes."),
    SCREENING: _("Next, the operator of the portal screens it. You need do nothing."),
    DECISION: _("Next, a second person at the operator decides. You need do nothing."),
    SCREENING_SO_FAR: _("Next, the operator of the portal screens it. You can register your account meanwhile."),
    DECISION_SO_FAR: _("Next, a second person at the operator decides. You can register your account meanwhile."),
    SCREENING_NO_NUMBER: _(
        "Next, the operator of the portal screens it. You can say meanwhile by which number your platform knows you."
    ),
    DECISION_NO_NUMBER: _(
        "Next, a second person at the operator decides. You can say meanwhile by which number your platform knows you."
    ),
    ACCOUNT: _("Next, you: register the account that advances are paid to."),
    CONFIRM: _("Next, your account is confirmed: by a second person of yours, or by the operator of the portal."),
    NUMBER: _("Next, you: say by which number your platform knows you, so that it can find what you sold."),
    RECOGNITION: _("Next, the platform confirms your number: what you sold there is known from then on."),
    JOIN: _("Next, you: join a programme; it opens at once."),
    RENEW: _("Next, you: hand in your verification anew before it expires."),
    DONE: _("Nothing is left to do until your verification expires."),
}
OWN = (VERIFY, ACCOUNT, NUMBER, JOIN, RENEW)
"""Steps that are the supplier's own."""


def approved(verifications: Sequence[BusinessVerification]) -> BusinessVerification | None:
    """The latest one that was approved."""
    return next((each for each in verifications if each.status == S.APPROVED), None)


def next_step(
    verifications: Sequence[BusinessVerification], on: date, *, has_account: object, account_waits: object,
    is_known: object, number_waits: object, has_joined: object,
) -> str:  # fmt: skip
    """`verifications` of the supplier, the latest first. `has_account`: in force; `account_waits` to be confirmed.

    `is_known`: its platform's trade names it by a number; `number_waits` to be confirmed by the platform.
    """
    last, good = verifications[0] if verifications else None, approved(verifications)
    if good is None:
        if last is None or last.status == S.REJECTED:
            return VERIFY
        screening = last.status == S.SUBMITTED
        if not (has_account or account_waits):
            return SCREENING_SO_FAR if screening else DECISION_SO_FAR
        if not (is_known or number_waits):
            return SCREENING_NO_NUMBER if screening else DECISION_NO_NUMBER
        return SCREENING if screening else DECISION
    if not (has_account or account_waits):
        return ACCOUNT
    if not (is_known or number_waits):
        return NUMBER
    if not has_joined:
        return JOIN
    if not is_known:
        return RECOGNITION
    if not has_account:
        return CONFIRM
    return RENEW if (good.expires_on - on).days <= RENEWED_DAYS_BEFORE else DONE
