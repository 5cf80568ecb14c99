"""REST: what happened, in an order in which nothing is missed."""

import re

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.trail.delivery import retry
from accounts.trail.models import Delivery, Event
from portal.shared import access
from portal.shared.access import require
from portal.shared.errors import InvalidInput, RuleViolation
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Reading, Resource, page_size

CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
SUBJECT = re.compile(r"([a-z_]{1,20}\.[a-z_]{1,40}):([0-9]{1,18})")


class EventShown(serializers.ModelSerializer):
    by = serializers.SerializerMethodField()
    payload = serializers.DictField(source="facts", help_text="As far as the acting party may know it")

    class Meta:
        model = Event
        fields = ("id", "name", "subject_type", "subject_id", "payload", "recorded_at", "effective_at", "by")

    def get_by(self, event: Event) -> str:
        """Who of the acting party did it: a user or a client; empty for everybody else."""
        if event.actor_party_id != self.context["request"].actor.party_id:
            return ""
        return f"user:{event.actor_user_id}" if event.actor_user_id else f"client:{event.actor_client_id}"


class EventsShown(serializers.Serializer):
    results = EventShown(many=True)
    next = serializers.CharField(
        allow_blank=True, help_text="Give it as `after` the next time, also where there is nothing more now."
    )
    has_more = serializers.BooleanField()


@extend_schema(tags=["events"])
class Events(Resource):
    """Events that the acting party may know, oldest first.

    The cursor is (transaction, id), and only transactions below every running one are read: whoever reads on from
    `next` misses none, however late an earlier one commits.
    """

    group = "events"
    default_limit, max_limit = 100, 500

    @extend_schema(
        operation_id="events",
        responses=EventsShown,
        parameters=[
            OpenApiParameter("after", str, description="`next` of an earlier answer"),
            OpenApiParameter("subject", str, description="As in advances.advance:17"),
            OpenApiParameter("limit", int, description=f"At most {max_limit}"),
        ],
    )
    @refuses("LIMIT_INVALID", "CURSOR_INVALID", "SUBJECT_INVALID")
    def get(self, request) -> Response:
        """Read what happened, oldest first."""
        require(self.actor, "parties.view")
        limit = page_size(request, self.default_limit, self.max_limit)
        after = request.query_params.get("after", "")
        found = Event.objects.visible_to(self.actor).settled().filter(_after(after))
        if subject := request.query_params.get("subject"):
            found = found.about(*_subject(subject))
        rows = list(found.order_by("transaction", "id")[: limit + 1])
        shown = rows[:limit]
        said = {
            "results": shown,
            "next": f"{shown[-1].transaction}-{shown[-1].id}" if shown else after,
            "has_more": len(rows) > limit,
        }
        return Response(EventsShown(said, context={"request": request}).data)


def _after(cursor: str) -> Q:
    if not cursor:
        return Q()
    parts = CURSOR.fullmatch(cursor)
    if parts is None:
        raise InvalidInput("This cursor is none of ours. Begin without one.", code="CURSOR_INVALID")
    transaction, event = map(int, parts.groups())
    # The first condition says nothing new, and lets the database read on from there in the index.
    return Q(transaction__gte=transaction) & (Q(transaction__gt=transaction) | Q(id__gt=event))


def _subject(given: str) -> tuple[str, int]:
    parts = SUBJECT.fullmatch(given)
    if parts is None:
        raise InvalidInput("Name a subject as in advances.advance:17.", code="SUBJECT_INVALID")
    return parts[1], int(parts[2])


class DeliveryShown(serializers.ModelSerializer):
    name = serializers.CharField(source="event.name")

    class Meta:
        model = Delivery
        fields = ("id", "event", "name", "subscriber", "subject", "state", "attempts", "due_at", "last_error")


class Chosen(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=1, max_length=200
    )


class Retried(serializers.Serializer):
    delivery = serializers.IntegerField()
    done = serializers.BooleanField()
    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)


class AllRetried(serializers.Serializer):
    done = serializers.IntegerField()
    results = Retried(many=True)


@extend_schema(tags=["deliveries"])
class Deliveries(Reading):
    """Events on their way to who has to act on them, and what was parked after its last try. For the operator."""

    model, view, group = Delivery, "parties.view", "operations"
    related = ("event",)
    filters = {"state": "state"}
    serializer_class = DeliveryShown

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False) or self.actor.party_kind != access.OPERATOR:
            return Delivery.objects.none()
        return Delivery.objects.exclude(state=Delivery.State.DONE).select_related("event")

    @extend_schema(request=Chosen, responses=AllRetried, parameters=[KEY_PARAMETER])
    @action(detail=False, methods=["post"])
    def retry(self, request) -> Response:
        """Try parked deliveries again: each is answered for itself, in their order."""
        require(self.actor, "trail.retry_delivery")
        now, results = timezone.now(), []
        for delivery in dict.fromkeys(self.checked(Chosen)["ids"]):
            said = {"delivery": delivery, "done": True, "code": "", "sentence": ""}
            try:
                retry(actor=self.actor, delivery_id=delivery, now=now)
            except RuleViolation as refusal:
                said |= {"done": False, "code": refusal.code, "sentence": refusal.sentence}
            results.append(said)
        return Response(AllRetried({"done": sum(each["done"] for each in results), "results": results}).data)
