"""What is left to be done before an empty workspace fills, and by whom. Nothing, once all of it is done."""

from dataclasses import dataclass

from django.db.models import Exists, Expression, Subquery
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.parties.models import Party
from financing.banking.models import BankAccount
from financing.credit.models import PolicyVersion, Programme
from financing.ledger.models import Book
from logistics.orders.models import PurchaseOrder
from portal.shared.access import Actor, permits


@dataclass(frozen=True, slots=True)
class Step:
    """`url` and `action` where whoever looks can go on with it; else `text` says who does."""

    title: str | Promise
    text: str | Promise
    is_done: bool
    url: str = ""
    action: str | Promise = ""


def of_platform(actor: Actor) -> list[Step]:
    known = _known(
        actor, trade=Exists(PurchaseOrder.objects.visible_to(actor)),
        programme=Exists(Programme.objects.visible_to(actor)), account=_named(actor),
    )  # fmt: skip
    return _left(
        Step(
            _("Your trade"),
            _("Orders and receipts of the last twelve months, as a file or by the API: invoices are held against them, "
              "and suppliers are judged by them."),
            known["trade"],
            reverse("platform:trade"),
            _("Hand in trade history") if permits(actor, "orders.import_trade") else _("Trade history"),
        ),
        Step(
            _("A programme for your suppliers"),
            _("A funder opens it together with the operator of the portal; your suppliers join by themselves."),
            known["programme"],
        ),
        _account(known, _("Settlements are paid from it. You name it, and the operator of the portal connects it.")),
    )  # fmt: skip


def of_funder(actor: Actor) -> list[Step]:
    policies, states = PolicyVersion.objects.visible_to(actor), PolicyVersion.Status
    known = _known(
        actor, has_book=Exists(Book.objects.visible_to(actor)), account=_named(actor),
        programme=Exists(Programme.objects.visible_to(actor)),
        approved=Exists(policies.filter(status=states.APPROVED)),
        proposed=Subquery(policies.filter(status=states.PROPOSED).order_by("-number").values("id")[:1]),
    )  # fmt: skip
    return _left(
        Step(
            _("Your book"),
            _("The operator of the portal opens it: it keeps every amount that you lend, day by day."),
            known["has_book"],
        ),
        _account(known, _("Advances are paid from it. You name it, and the operator of the portal connects it.")),
        _policy(actor, known),
        Step(
            _("A programme"),
            _("The operator of the portal opens it with you, for the suppliers of one platform; they join by "
              "themselves, and what the policy leaves to people appears here."),
            known["programme"],
        ),
    )  # fmt: skip


def _left(*steps: Step) -> list[Step]:
    return [] if all(each.is_done for each in steps) else list(steps)


def _known(actor: Actor, **what: Expression) -> dict:
    """All that the steps go by, in one statement."""
    return Party.objects.filter(id=actor.party_id).values(**what).get()


def _named(actor: Actor) -> Exists:
    return Exists(BankAccount.objects.visible_to(actor).in_force().filter(party_id=actor.party_id))


def _account(known: dict, text: str | Promise) -> Step:
    return Step(_("Your account"), text, known["account"], reverse("party:settings"), _("Your party and its accounts"))


def _policy(actor: Actor, known: dict) -> Step:
    if known["proposed"]:
        text, action = _("It is proposed: a colleague who is a checker approves it."), _("Look at it")
        url = reverse("funder:policy", args=[known["proposed"]])
    elif permits(actor, "credit.propose_policy"):
        text = _("It says by what suppliers are judged, how much is lent and at what price.")
        url, action = reverse("funder:propose_policy"), _("Propose the first one")
    else:
        text = _("A maker proposes it, a checker approves it.")
        url, action = reverse("funder:policies"), _("Policies")
    return Step(_("A policy"), text, known["approved"], url, action)
