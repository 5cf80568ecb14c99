"""What each role finds in its navigation, most important first."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.shared import access

SUPPLIER = (
    (_("Get paid"), "supplier:home", "coins"),
    (_("Receivables"), "supplier:receivables", "file-invoice"),
    (_("Advances"), "supplier:advances", "arrow-big-right-lines"),
    (_("Payments"), "payments:payments", "building-bank"),
    (_("Verification"), "supplier:verification", "shield-check"),
    (_("Events"), "events", "list-details"),
)
PLATFORM = (
    (_("Overview"), "platform:home", "layout-dashboard"),
    (_("Acceptance"), "platform:acceptance", "checklist"),
    (_("Receivables"), "platform:receivables", "file-invoice"),
    (_("Settlements"), "platform:settlements", "coins"),
    (_("Payments"), "payments:payments", "building-bank"),
    (_("Suppliers"), "platform:suppliers", "building-store"),
    (_("Trade history"), "platform:trade", "packages"),
    (_("Events"), "events", "list-details"),
)
FUNDER = (
    (_("Referrals"), "funder:home", "scale"),
    (_("Applications"), "funder:applications", "coins"),
    (_("Exposure"), "funder:exposure", "chart-bar"),
    (_("Book"), "funder:book", "book-2"),
    (_("Programmes"), "funder:programmes", "building-store"),
    (_("Policies"), "funder:policies", "adjustments"),
    (_("Payments"), "payments:payments", "building-bank"),
    (_("Events"), "events", "list-details"),
)
BANK = ((_("Overview"), "banker:home", "layout-dashboard"), *FUNDER)
SUPERVISOR = ((_("Overview"), "supervision:home", "layout-dashboard"), (_("Events"), "events", "list-details"))
OPERATOR = (
    (_("What is stuck"), "operator:home", "layout-dashboard"),
    (_("Verifications"), "operator:verifications", "shield-check"),
    (_("Deliveries"), "operator:deliveries", "truck-delivery"),
    (_("Payments"), "operator:payments", "building-bank"),
    (_("Documents"), "operator:documents", "file-alert"),
    (_("Parties"), "operator:parties", "building-store"),
    (_("Statements"), "operator:statements", "scale"),
    (_("Events"), "events", "list-details"),
    (_("Back office"), "admin:index", "adjustments"),
)
OTHERS = ((_("Events"), "events", "list-details"),)

ACCOUNT = (
    (_("You"), "account_profile", "user"),
    (_("E-mail addresses"), "account_email", "mail"),
    (_("Password"), "account_change_password", "key"),
    (_("Second factor"), "mfa_index", "shield-lock"),
    (_("Sessions"), "usersessions_list", "devices"),
    (_("Mails"), "notice_preferences", "mail-cog"),
)
"""What concerns the person, whomever it acts for."""

BY_KIND = {
    access.SUPPLIER: SUPPLIER,
    access.PLATFORM: PLATFORM,
    access.FINANCIER: FUNDER,
    access.BANK: BANK,
    access.SUPERVISOR: SUPERVISOR,
    access.OPERATOR: OPERATOR,
}


@dataclass(frozen=True, slots=True)
class Item:
    label: str
    url: str
    icon: str
    active: bool
    badge: str = ""


def items(kind: str, path: str) -> list[Item]:
    """Navigation of a kind of party; the entry with the longest matching address is the active one."""
    return _shown(BY_KIND.get(kind, OTHERS), path)


def of_account(path: str) -> list[Item]:
    """Navigation of the person's own pages."""
    return _shown(ACCOUNT, path)


BESIDE = {"/funding/advances/": "funder:exposure", "/funding/replays/": "funder:policies"}
"""Pages whose addresses do not lie below the list that leads to them."""


def _shown(entries: tuple, path: str) -> list[Item]:
    path = next((reverse(name) for start, name in BESIDE.items() if path.startswith(start)), path)
    found = [(label, reverse(name), icon) for label, name, icon in entries]
    here = max((url for _, url, _ in found if path.startswith(url)), key=len, default="")
    return [Item(str(label), url, icon, url == here) for label, url, icon in found]


def home(kind: str) -> str:
    """Name of the first page of a kind of party."""
    return BY_KIND.get(kind, OTHERS)[0][1]
