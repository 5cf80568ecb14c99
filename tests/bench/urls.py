"""The portal's addresses, and the bare view that the API's lists are measured against: Django and nothing else."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from financing.receivables.models import Receivable
from portal.shared import wall

ROWS = 50
COLUMNS = (
    "id", "supplier_id", "supplier__name", "debtor_id", "debtor__name", "document_type", "number", "issue_date",
    "due_date", "goods_received_date", "currency", "gross_minor", "deductions_minor", "credited_minor",
    "settling_minor", "settled_minor", "open_minor", "status", "match", "match_note", "dispute_reason", "received_at",
    "accepted_at", "settled_at", "funder_id", "assigned_facility_id",
)  # fmt: skip


def receivables(request: HttpRequest, supplier_id: int) -> JsonResponse:
    rows = Receivable.objects.filter(supplier_id=supplier_id).order_by("-id").values(*COLUMNS)[:ROWS]
    with wall.inside():  # nobody asks, and nobody is who would be shown nothing
        return JsonResponse({"results": [row | {"match_note": str(row["match_note"])} for row in rows]})


urlpatterns = [path("bare/receivables/<int:supplier_id>/", receivables), path("", include("portal.urls"))]
