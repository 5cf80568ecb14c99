"""What the palette offers besides what is found: the role's pages, and what one may do at once."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from portal.shared import access
from portal.workspaces import navigation

PARTIES_OFFERED = 5


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the palette: a link, or what is posted where it has a `field`, or what the script `does`."""

    title: str
    icon: str
    url: str = ""
    field: str = ""
    value: str = ""
    does: str = ""
    detail: str = ""


AT_ONCE: dict[str, tuple[tuple[str, str, str | Promise, str], ...]] = {
    access.SUPPLIER: (
        ("advances.quote", "supplier:home", gettext_lazy("Get paid now"), "coins"),
        ("receivables.submit", "supplier:upload", gettext_lazy("Hand in invoices"), "upload"),
    ),
    access.PLATFORM: (
        ("receivables.settle", "platform:settle", gettext_lazy("Settle what is due"), "building-bank"),
        ("orders.import_trade", "platform:trade", gettext_lazy("Import trade history"), "packages"),
    ),
    access.FINANCIER: (("credit.propose_policy", "funder:propose_policy", gettext_lazy("Propose a policy"), "scale"),),
    access.BANK: (("credit.propose_policy", "funder:propose_policy", gettext_lazy("Propose a policy"), "scale"),),
}
"""Kind of party -> permission, route, words, icon."""

PARTY = (
    ("parties.manage_members", "members:home", gettext_lazy("Colleagues"), "users"),
    ("clients.manage", "clients:home", gettext_lazy("API clients"), "key"),
)
"""Permission, route, words, icon: pages of the party that every kind has."""


def fitting(deeds: list[Deed], text: str) -> list[Deed]:
    """Those whose words hold all words of the text, wherever they stand."""
    wanted = text.casefold().split()
    return [deed for deed in deeds if all(each in f"{deed.title} {deed.detail}".casefold() for each in wanted)]


def pages(request: HttpRequest) -> list[Deed]:
    """The acting party's navigation, the party's own pages, then the person's."""
    actor = request.actor
    own = [
        Deed(str(words), icon, reverse(route))
        for permission, route, words, icon in PARTY
        if access.permits(actor, permission)
    ]
    entries = (navigation.items(actor.party_kind, ""), navigation.of_account(""))
    of_kind, of_person = ([Deed(each.label, each.icon, each.url) for each in found] for found in entries)
    return [*of_kind, *own, *of_person, Deed(_("Glossary"), "vocabulary", reverse("glossary"))]


def deeds(request: HttpRequest) -> list[Deed]:
    """What can be begun from anywhere: what the role permits, then what concerns the screen and the person."""
    actor = request.actor
    offered = [
        Deed(str(words), icon, reverse(route))
        for permission, route, words, icon in AT_ONCE.get(actor.party_kind, ())
        if access.permits(actor, permission)
    ]
    offered.append(Deed(_("Switch between light and dark"), "moon", does="theme"))
    return offered + _languages()


def _languages() -> list[Deed]:
    url, now = reverse("set_language"), get_language()
    return [
        Deed(get_language_info(code)["name_local"], "language", url, "language", code, detail=_("Language"))
        for code, _name in settings.LANGUAGES
        if code != now
    ]


def other_parties(request: HttpRequest, text: str) -> list[Deed]:
    """To act for another party: those whose name fits, a few at a time."""
    parties = {member.party_id: member.party for member in request.memberships}
    switches = [
        Deed(_("Act for {party}").format(party=party), "arrows-exchange", reverse("switch_party"), "party", str(number))
        for number, party in parties.items()
        if number != request.actor.party_id
    ]
    return fitting(switches, text)[:PARTIES_OFFERED]
