"""REST entrance: the route table of /api/v1/. What a resource does stands in its feature's api.py."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from accounts.parties import api as parties
from financing.advances import api as advances
from financing.credit import api as credit
from financing.receivables import api as receivables
from portal.shared.rest import Unknown

router = SimpleRouter()
for prefix, viewset in {
    # people
    "parties": parties.Parties,
    "verifications": parties.Verifications,
    # money
    "receivables": receivables.Receivables,
    "credit-notes": receivables.CreditNotes,
    "settlements": receivables.Settlements,
    "programmes": credit.Programmes,
    "facilities": advances.Facilities,
    "policies": credit.Policies,
    "decisions": credit.Decisions,
    "quotes": advances.Quotes,
    "applications": advances.Applications,
    "advances": advances.Advances,
}.items():
    router.register(prefix, viewset, basename=f"api-{prefix}")

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(permission_classes=[], authentication_classes=[]), name="schema"),
    path("v1/me/", parties.Me.as_view(), name="api-me"),
    path("v1/", include(router.urls)),
    re_path("", Unknown.as_view()),
]
