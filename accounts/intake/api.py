"""REST: what was handed in, as it came, and what became of it."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer

from accounts.intake.models import Document
from portal.shared.renderers import Json
from portal.shared.rest import Reading
from portal.shared.rows import Row


class AsItCame(BaseRenderer):
    """Bytes that no browser opens."""

    media_type, format, charset = "application/octet-stream", "bin", None

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        return data


class DocumentShown(Row):
    class Meta:
        model = Document
        fields = (
            "id", "kind", "media_type", "file_name", "size", "sha256", "received_at", "outcome", "code", "explanation",
        )  # fmt: skip


class DocumentInFull(DocumentShown):
    report = serializers.DictField()

    class Meta(DocumentShown.Meta):
        fields = (*DocumentShown.Meta.fields, "report")


@extend_schema(tags=["documents"])
class Documents(Reading):
    """Evidence of what the party handed in, kept whatever became of it; the operator reads all."""

    model, view, group = Document, "parties.view", "documents"
    filters = {"kind": "kind", "outcome": "outcome"}

    def get_queryset(self):
        found = super().get_queryset()
        return found if self.action == "content" else found.defer("content")

    def get_serializer_class(self):
        return DocumentShown if self.action == "list" else DocumentInFull

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)})
    @action(detail=True, renderer_classes=[Json, AsItCame])
    def content(self, request, pk: str) -> HttpResponse:
        """Read a document as it came."""
        found = self.seen(pk)
        headers = {
            "Content-Disposition": f'attachment; filename="document-{found.id}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return HttpResponse(bytes(found.content), content_type="application/octet-stream", headers=headers)
