"""REST: one search over everything that the acting party may see."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from portal.shared.errors import InvalidInput
from portal.shared.openapi import refuses
from portal.shared.rest import Resource
from portal.workspaces.search.kinds import LEAST
from portal.workspaces.search.queries import search


class HitShown(serializers.Serializer):
    kind = serializers.CharField(help_text="party, receivable, credit-note, advance, application, quote, ...")
    id = serializers.IntegerField()
    title = serializers.CharField(help_text="Its name or number")
    detail = serializers.CharField(allow_blank=True)
    status = serializers.CharField(allow_blank=True)
    amount_minor = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField(allow_blank=True)


class SearchShown(serializers.Serializer):
    results = HitShown(many=True)
    more = serializers.ListField(
        child=serializers.CharField(), help_text="Kinds of which there are others: ask for more letters."
    )


class Search(Resource):
    """What begins with what was asked for, a few of each kind: invoices and credit notes by their number however it is
    written, advances, applications, quotes and settlements by number or payment reference, parties by any part of the
    name, `advances.advance:17` as events name it.

    Any token will do, and finds what it could read at the address of each kind: without `receivables:read` no
    receivable is found, nor told to be there.
    """

    @extend_schema(
        operation_id="search",
        tags=["search"],
        responses=SearchShown,
        parameters=[OpenApiParameter("q", str, required=True, description="Two letters or more, or a number")],
    )
    @refuses("QUERY_TOO_SHORT")
    def get(self, request) -> Response:
        """Find anything that may be seen."""
        asked = request.query_params.get("q", "").strip()
        if len(asked) < LEAST and not asked.isdecimal():
            raise InvalidInput("Ask by `q` for two letters or more, or a number.", code="QUERY_TOO_SHORT")
        found = search(request.actor, asked)
        answer = {
            "results": [hit for group in found for hit in group.hits],
            "more": [group.name for group in found if group.more or group.too_many],
        }
        return Response(SearchShown(answer).data)
