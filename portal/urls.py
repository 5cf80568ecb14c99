"""HTML entrance: who finds what where."""

from allauth.idp.oidc.views import revoke
from django.conf import settings
from django.urls import include, path

from accounts.clients.views import token
from portal.backoffice.site import site as back_office
from portal.workspaces import entrance
from portal.workspaces.members.accepting import accept

handler400, handler403 = "portal.handlers.bad_request", "portal.handlers.permission_denied"
handler404, handler500 = "portal.handlers.page_not_found", "portal.handlers.server_error"

urlpatterns = [
    path("", entrance.home, name="home"),
    path("party/clients/", include("portal.workspaces.clients.urls")),
    path("party/members/", include("portal.workspaces.members.urls")),
    path("party/settings/", include("portal.workspaces.party.urls")),
    path("invitation/<str:token>/", accept, name="invitation"),
    path("party/", entrance.switch_party, name="switch_party"),
    path("accounts/language/", entrance.set_language, name="set_language"),
    path("", include("portal.workspaces.notices.urls")),
    path("accounts/", include("portal.workspaces.account.urls")),
    path("accounts/", include("allauth.urls")),
    path("identity/o/api/token", token, name="token"),
    path("identity/o/api/revoke", revoke, name="revoke"),
    path("api/", include("portal.api")),
    path("bank/", include("financing.banking.urls")),
    path("funding/", include("portal.workspaces.funder.urls")),
    path("payments/", include("portal.workspaces.payments.urls")),
    path("banking/", include("portal.workspaces.banker.urls")),
    path("supervision/", include("portal.workspaces.supervision.urls")),
    path("platform/", include("portal.workspaces.platform.urls")),
    path("operations/", include("portal.workspaces.operator.urls")),
    path("supplier/", include("portal.workspaces.supplier.urls")),
    path("events/", include("portal.workspaces.events.urls")),
    path("search/", include("portal.workspaces.search.urls")),
    path("glossary/", include("portal.workspaces.glossary.urls")),
    path("admin/", back_office.urls),
]

if settings.DEBUG:
    urlpatterns.append(path("styleguide/", include("portal.styleguide.urls")))
