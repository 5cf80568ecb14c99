"""The whole choreography on one page: which news each part of the house listens to, in the order of a financing."""

from accounts.trail.subscribers import SEND, Subscriber
from portal.told import EVENTS

SUBSCRIPTIONS: list[Subscriber] = [
    # An application is decided by the policy that it was quoted under, …
    Subscriber("advances.decide", "financing.advances.handlers.decide", ("application.submitted",), queue="decisions"),
    # … the payment goes to the bank, …
    # (sending twice does no harm, so what a dead worker held is soon taken over)
    Subscriber(
        "banking.send", "financing.banking.handlers.send", ("payment.due",), kind=SEND, queue="bank", lease_seconds=20
    ),
    # … and what the bank says of it comes home.
    Subscriber(
        "advances.booked",
        "financing.advances.handlers.disbursement_booked",
        ("payment.settled",),
        purpose="DISBURSEMENT",
    ),
    Subscriber("advances.refused", "financing.advances.handlers.disbursement_refused", ("payment.rejected",)),
    # A return may overtake the news of its booking: it is tried again until the advance is there.
    Subscriber("advances.returned", "financing.advances.handlers.disbursement_returned", ("payment.returned",)),
    # The platform settles: the receivables are paid, …
    Subscriber(
        "receivables.booked",
        "financing.receivables.handlers.payment_settled",
        ("payment.settled",),
        purpose="SETTLEMENT",
    ),
    Subscriber("receivables.refused", "financing.receivables.handlers.payment_rejected", ("payment.rejected",)),
    Subscriber("receivables.returned", "financing.receivables.handlers.payment_returned", ("payment.returned",)),
    # … and what reaches the funder goes through the waterfall.
    Subscriber("advances.repay", "financing.advances.handlers.receipt_arrived", ("cash.received",)),
    # What could not go to the supplier is held for it; what a receipt paid that came back is owed again.
    Subscriber(
        "advances.hold", "financing.advances.handlers.remainder_came_back", ("payment.rejected", "payment.returned")
    ),
    Subscriber(
        "advances.pay_held",
        "financing.advances.handlers.account_entered",
        ("bank_account.registered", "bank_account.confirmed", "bank_account.replaced"),
    ),
    Subscriber("advances.receipt_returned", "financing.advances.handlers.receipt_returned", ("payment.returned",)),
    # A file of trade enters some thousand rows at a time, each with how far it has come.
    Subscriber(
        "orders.enter",
        "logistics.orders.handlers.enter",
        ("trade.handed_in",),
        kind=SEND,
        queue="long",
        batch=1,
        lease_seconds=600,
    ),
    # What a proposed policy would have decided: it commits piece by piece, and nothing waits for it.
    Subscriber(
        "credit.replay",
        "financing.credit.handlers.replay",
        ("policy.replay_requested",),
        kind=SEND,
        queue="long",
        batch=1,
        lease_seconds=600,
    ),
    # A new day: interest, who is overdue, what was held. It commits piece by piece: no repayment waits.
    Subscriber(
        "advances.accrue",
        "financing.advances.handlers.business_date_advanced",
        ("book.business_date_advanced",),
        kind=SEND,
        queue="long",
        batch=1,
        lease_seconds=600,
    ),
    # Whoever should know is told: portal/told.py says who.
    Subscriber("notices.write", "accounts.notices.handlers.write", tuple(EVENTS), queue="notices"),
]
