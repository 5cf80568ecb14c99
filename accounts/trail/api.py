"""REST: what happened, in an order in which nothing is missed."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.trail.delivery import retry
from accounts.trail.doers import is_ours, of_ours
from accounts.trail.models import Delivery, Event
from portal.shared import access
from portal.shared.access import require
from portal.shared.bodies import Answered, Items, counted, told, values
from portal.shared.errors import InvalidInput, RuleViolation
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Reading, Resource, page_size
from portal.shared.rows import Row

CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
SUBJECT = re.compile(r"([a-z_]{1,20}\.[a-z_]{1,40}):([0-9]{1,18})")


class EventShown(Row):
    by = serializers.SerializerMethodField()
    payload = serializers.DictField(source="facts", help_text="As far as the acting party may know it")
    by_name = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = ("id", "name", "subject_type", "subject_id", "payload", "recorded_at", "effective_at", "by", "by_name")

    def get_by(self, event: Event) -> str:
        """Who of the acting party did it: a person or a machine; empty for everybody else."""
        return event.doer if is_ours(self.context["request"].actor, event) else ""

    def get_by_name(self, event: Event) -> str:
        """The name of that person or machine; empty where it is no more."""
        return self.context["names"].get(self.get_by(event), "")


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
            OpenApiParameter(
                "name", str, description="Only of this name, or of several: advance.funded,advance.repaid"
            ),
            OpenApiParameter("limit", int, description=f"At most {max_limit}"),
        ],
    )
    @refuses("LIMIT_INVALID", "CURSOR_INVALID", "SUBJECT_INVALID", "FILTER_INVALID")
    def get(self, request) -> Response:
        """Read what happened, oldest first."""
        require(self.actor, "parties.view")
        limit = page_size(request, self.default_limit, self.max_limit)
        after = request.query_params.get("after", "")
        found = Event.objects.visible_to(self.actor).settled().filter(_after(after))
        if subject := request.query_params.get("subject"):
            found = found.about(*_subject(subject))
        if given := request.query_params.get("name"):
            found = found.filter(name__in=_names(given))
        rows = list(found.order_by("transaction", "id")[: limit + 1])
        shown = rows[:limit]
        said = {
            "results": shown,
            "next": f"{shown[-1].transaction}-{shown[-1].id}" if shown else after,
            "has_more": len(rows) > limit,
        }
        told = {"request": request, "names": of_ours(self.actor, shown)}
        return Response(EventsShown(said, context=told).data)


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


def _names(given: str) -> list[str]:
    """Misspelt, it would answer with nothing for ever."""
    asked, known = given.split(","), import_string(settings.EVENT_NAMES)
    for name in asked:
        if name not in known:
            raise InvalidInput("There is no event '{name}'.", code="FILTER_INVALID", name=name[:60])
    return asked


class DeliveryShown(Row):
    name = serializers.CharField(source="event.name")

    class Meta:
        model = Delivery
        fields = ("id", "event", "name", "subscriber", "subject", "state", "attempts", "due_at", "last_error")


class Chosen(serializers.Serializer):
    ids = Items(child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=1, max_length=200)


class RetriedShown(Answered):
    delivery = serializers.IntegerField(allow_null=True, help_text="null: none could be read")


@dataclass(frozen=True, slots=True)
class Retried:
    delivery: int
    code: str = ""
    sentence: str = ""


class AllRetried(serializers.Serializer):
    done = serializers.IntegerField()
    results = RetriedShown(many=True)


@extend_schema(tags=["deliveries"])
class Deliveries(Reading):
    """Events on their way to who has to act on them, and what was parked after its last try. For the operator."""

    model, view, group = Delivery, "parties.view", "operations"
    related = ("event",)
    filters = {"state": "state"}
    serializer_class = DeliveryShown

    def rows(self):
        if self.actor.party_kind != access.OPERATOR:
            return Delivery.objects.none()
        return Delivery.objects.exclude(state=Delivery.State.DONE).select_related("event")

    @extend_schema(request=Chosen, responses=AllRetried, parameters=[KEY_PARAMETER])
    @action(detail=False, methods=["post"])
    def retry(self, request) -> Response:
        """Try parked deliveries again: each is answered for itself, in their order."""
        require(self.actor, "trail.retry_delivery")
        items, now = self.checked(Chosen)["ids"], timezone.now()
        answers = {each: self._retried(each, now) for each in dict.fromkeys(values(items))}
        results = told(items, [answers[each] for each in values(items)])
        return Response(AllRetried({"done": counted(results)["entered"], "results": results}).data)

    def _retried(self, delivery: int, now: datetime) -> Retried:
        try:
            retry(actor=self.actor, delivery_id=delivery, now=now)
        except RuleViolation as refusal:
            return Retried(delivery, refusal.code, refusal.sentence)
        return Retried(delivery)
