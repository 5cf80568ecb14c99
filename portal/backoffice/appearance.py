"""What unfold is told: the product's name, mark and colours, and the way through the back office."""

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

GROUPS = (
    (_("What happened"), (
        ("trail.event", "history"), ("trail.delivery", "local_shipping"), ("intake.document", "description"),
        ("notices.notice", "notifications"), ("notices.mailing", "outgoing_mail"), ("notices.preferences", "tune"),
    )),
    (_("Payments"), (
        ("banking.paymentinstruction", "payments"), ("banking.bankmessage", "mail"), ("banking.bankentry", "receipt"),
        ("banking.statement", "account_balance"), ("banking.bankaccount", "credit_card"),
    )),
    (_("Who acts"), (
        ("parties.party", "domain"), ("parties.user", "person"), ("parties.membership", "badge"),
        ("parties.invitation", "mark_email_unread"),
        ("parties.businessverification", "verified_user"), ("parties.beneficialowner", "group"),
        ("clients.partyclient", "smart_toy"), ("clients.clientsecret", "password"),
        ("clients.idempotencykey", "key"), ("clients.window", "speed"),
        ("usersessions.usersession", "devices"), ("mfa.authenticator", "phonelink_lock"),
        ("account.emailaddress", "alternate_email"),
    )),
    (_("Credit"), (
        ("credit.programme", "handshake"), ("credit.policyversion", "policy"),
        ("credit.policyreplay", "replay"), ("credit.replayeddecision", "rule"), ("credit.facility", "account_tree"),
        ("credit.assessment", "monitoring"), ("credit.decision", "gavel"), ("advances.quote", "request_quote"),
        ("advances.application", "approval"), ("advances.advance", "trending_up"),
        ("advances.advancereceivable", "lock"), ("advances.repayment", "undo"),
        ("advances.returnedrepayment", "assignment_returned"),
    )),
    (_("Receivables"), (
        ("receivables.receivable", "receipt_long"), ("receivables.invoiceline", "list"),
        ("receivables.receiptclaim", "link"), ("receivables.creditnote", "remove_circle"),
        ("receivables.assignment", "swap_horiz"), ("receivables.settlement", "task_alt"),
        ("receivables.orderedline", "pending_actions"), ("receivables.settlementpayment", "price_check"),
        ("receivables.settlementline", "notes"),
    )),
    (_("Trade"), (
        ("orders.purchaseorder", "shopping_cart"), ("orders.orderline", "format_list_bulleted"),
        ("orders.receiptline", "inventory"), ("orders.returnline", "assignment_return"),
        ("orders.suppliernumber", "pin"),
    )),
    (_("Ledger"), (
        ("ledger.book", "menu_book"), ("ledger.account", "account_balance_wallet"), ("ledger.entry", "edit_note"),
        ("ledger.leg", "compare_arrows"),
    )),
)  # fmt: skip
"""The sidebar, most asked for first. A model that is named nowhere comes last, under its own app."""


def navigation(request: HttpRequest) -> list[dict]:
    from portal.backoffice.site import site

    models = {model._meta.label_lower: model for model in site._registry}
    named = {label for _title, entries in GROUPS for label, _icon in entries}
    others = tuple((label, "table") for label in sorted(models.keys() - named))
    groups = (*GROUPS, (_("More"), others)) if others else GROUPS
    start = {"title": _("What is stuck"), "icon": "explore", "link": reverse("admin:index")}
    portal = {"title": _("Back to the portal"), "icon": "arrow_back", "link": reverse("home"), "active": False}
    return [{"items": [start, portal]}] + [
        {
            "title": title,
            "collapsible": number > 1,
            "items": [
                {
                    "title": capfirst(str(models[label]._meta.verbose_name_plural)),
                    "icon": icon,
                    "link": site.address(label, None, "changelist"),
                }
                for label, icon in entries
                if label in models
            ],
        }
        for number, (title, entries) in enumerate(groups)
    ]


UNFOLD = {
    "SITE_TITLE": "Portolan",
    "SITE_HEADER": "Portolan",
    "SITE_SUBHEADER": _("Back office"),
    "SITE_ICON": lambda request: static("img/logo.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}],
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda request: static("css/tokens.css"), lambda request: static("css/backoffice.css")],
    "SCRIPTS": [lambda request: static("js/backoffice.js")],
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": navigation},
}
