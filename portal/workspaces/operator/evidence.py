"""What came in from outside and was refused: with the reason, and as it came."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.intake.models import Document
from accounts.trail.doers import named
from portal.shared.access import OPERATOR, SYSTEM_ACTOR
from portal.shared.errors import NotFound
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds

NOT_WHOLE = (Document.Outcome.REFUSED, Document.Outcome.PARTLY)

DOCUMENTS = (
    Column("id", gettext_lazy("Document"), kind="id", sort=True,
           url=lambda row: reverse("operator:document", args=[row.pk])),
    Column("kind", gettext_lazy("Kind"), sort=True, value=lambda row: row.get_kind_display()),
    Column("party.name", gettext_lazy("Handed in by"), sort="party__name"),
    Column("received_at", gettext_lazy("Came in"), kind="instant", sort=True),
    Column("outcome", gettext_lazy("Outcome"), kind="status", of="document", sort=True),
    Column("code", gettext_lazy("Code"), sort=True),
    Column("explanation", gettext_lazy("Why")),
)  # fmt: skip


@for_kinds(OPERATOR)
def documents(request: HttpRequest) -> HttpResponse:
    rows = Document.objects.visible_to(request.actor).filter(outcome__in=NOT_WHOLE)
    table = Table(
        request, rows.select_related("party").defer("content", "report"), DOCUMENTS, name="documents",
        caption=_("Refused documents"), search=("code", "explanation", "party__name", "file_name", "sha256"),
        order="-id",
        filters=(
            Filter("outcome", _("Outcome"), [(code, state(code).label) for code in NOT_WHOLE]),
            Filter("kind", _("Kind"), Document.Kind.choices),
        ),
        live="intake.document",
        empty={
            "title": _("Nothing was refused"),
            "text": _("What cannot be read or cannot be true is kept here as it came, with the reason."),
        },
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "operator/documents.html", {"table": table})


@for_kinds(OPERATOR)
def document(request: HttpRequest, document_id: int) -> HttpResponse:
    rows = Document.objects.visible_to(request.actor).select_related("party").defer("content")
    found = rows.filter(id=document_id).first()
    if found is None:
        raise NotFound()
    refused = found.refused
    context = {
        "document": found, "by": _who(found.received_from), "refused": refused[:100],
        "more": max(0, len(refused) - 100),
    }  # fmt: skip
    return render(request, "operator/document.html", context)


def _who(identity: str) -> str:
    """By name, of people and machines; one that is no more is told as what it was."""
    if identity == SYSTEM_ACTOR.identity:
        return _("the portal")
    return named(identity).get(identity) or (_("a machine") if identity.startswith("client:") else _("a person"))


@for_kinds(OPERATOR)
def content(request: HttpRequest, document_id: int) -> HttpResponse:
    """The evidence as it came, to be kept and never to be shown: its sender may mean harm."""
    found = Document.objects.visible_to(request.actor).filter(id=document_id).first()
    if found is None:
        raise NotFound()
    return attachment(found.content, found.file_name or f"document-{found.id}")


def attachment(content: bytes, name: str) -> HttpResponse:
    """A download that no browser opens or guesses at, under a name without anything but letters, digits and .-_ ."""
    safe = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII).lstrip(".") or "document"
    response = HttpResponse(bytes(content), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=safe[-120:])
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response
