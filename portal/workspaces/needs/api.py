"""REST: what needs the acting party's hand."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from portal.shared.access import require
from portal.shared.rest import Resource
from portal.workspaces.needs.queries import needs


class NeedShown(serializers.Serializer):
    kind = serializers.CharField(
        help_text="ACCEPT, DISPUTE, APPROVE_SETTLEMENT, DUE, FAILED, FILE; RECOMMEND, DECIDE, APPROVE_POLICY, "
        "PAYMENT_REJECTED, PAYMENT_RETURNED; VERIFY, ACCOUNT, JOIN, RENEW; CONFIRM_ACCOUNT; DELIVERIES_PARKED, ..."
    )
    resource = serializers.CharField(help_text="Where it is, below /api/v1/")
    since = serializers.DateTimeField(allow_null=True)
    count = serializers.IntegerField(help_text="How many it stands for")
    subject = serializers.CharField(allow_blank=True)
    who = serializers.CharField(allow_blank=True)
    why = serializers.CharField(allow_blank=True)
    amount_minor = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField(allow_blank=True)


class NeedsShown(serializers.Serializer):
    results = NeedShown(many=True)


class Needs(Resource):
    """What the first page of each role tells: invoices to accept, payments due, referrals, what is parked.

    Any token will do, and is told what it could read at the address of each.
    """

    @extend_schema(operation_id="needs", tags=["needs"], responses=NeedsShown)
    def get(self, request) -> Response:
        """What needs the party now, the longest waiting first; at most 200 of each kind."""
        require(self.actor, "parties.view")
        return Response(NeedsShown({"results": needs(self.actor, timezone.now())}).data)
