"""REST entrance: the route table of /api/v1/. What a resource does stands in its feature's api.py."""

from django.urls import URLResolver, include, path, re_path
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSetMixin

from accounts.clients import api as clients
from accounts.intake import api as intake
from accounts.notices import api as notices
from accounts.parties import api as parties
from accounts.trail import api as trail
from financing.advances import api as advances
from financing.banking import api as banking
from financing.credit import api as credit
from financing.ledger import api as ledger
from financing.receivables import api as receivables
from logistics.orders import api as orders
from portal.reference import views as reference
from portal.shared.rest import Unknown
from portal.workspaces.needs.api import Needs
from portal.workspaces.platform import api as platform
from portal.workspaces.search.api import Search

RESOURCES = {
    # people
    "parties": parties.Parties,
    "verifications": parties.Verifications,
    "members": parties.Members,
    "invitations": parties.Invitations,
    "clients": clients.Clients,
    "documents": intake.Documents,
    "deliveries": trail.Deliveries,
    "notices": notices.Notices,
    # goods
    "trade-history": orders.TradeHistory,
    "purchase-orders": orders.PurchaseOrders,
    "supplier-numbers": receivables.SupplierNumbers,
    "suppliers": platform.Suppliers,
    # money
    "receivables": receivables.Receivables,
    "credit-notes": receivables.CreditNotes,
    "settlements": receivables.Settlements,
    "programmes": advances.Programmes,
    "facilities": advances.Facilities,
    "policies": credit.Policies,
    "policy-replays": credit.PolicyReplays,
    "decisions": credit.Decisions,
    "quotes": advances.Quotes,
    "applications": advances.Applications,
    "advances": advances.Advances,
    "ledger-accounts": ledger.LedgerAccounts,
    "ledger-entries": ledger.LedgerEntries,
    "ledger-movements": ledger.LedgerMovements,
    "bank-accounts": banking.BankAccounts,
    "instructions": banking.Instructions,
    "statements": banking.Statements,
    "bank-entries": banking.BankEntries,
    "bank-messages": banking.BankMessages,
}


def of(prefix: str, viewset: type[ViewSetMixin]) -> URLResolver:
    """The addresses of a resource under one that all of them begin with: those of the others are not gone through."""
    router = SimpleRouter()
    router.register("", viewset, basename=f"api-{prefix}")
    return path(f"v1/{prefix}/", include(router.urls))


urlpatterns = [
    path("schema/", reference.schema, name="schema"),
    path("docs/", reference.index, name="api-docs"),
    path("docs/problems/", reference.problems, name="api-problems"),
    path("docs/<slug:group>/", reference.group, name="api-docs-group"),
    path("v1/me/", parties.Me.as_view(), name="api-me"),
    path("v1/notices/preferences/", notices.NoticePreferences.as_view(), name="api-notice-preferences"),
    path("v1/events/", trail.Events.as_view(), name="api-events"),
    path("v1/search/", Search.as_view(), name="api-search"),
    path("v1/needs/", Needs.as_view(), name="api-needs"),
    path("v1/book/", ledger.OwnBook.as_view(), name="api-book"),
    path("v1/book/exposure/", advances.OwnExposure.as_view(), name="api-exposure"),
    path("v1/book/business-date/", ledger.BusinessDate.as_view(), name="api-business-date"),
    *(of(prefix, viewset) for prefix, viewset in RESOURCES.items()),
    re_path("", Unknown.as_view()),
]
