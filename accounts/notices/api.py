"""REST: what a person was told, and what it wants to have mailed. For people by their session; machines read events."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.notices import queries, services
from accounts.notices.models import Cadence, Notice
from accounts.notices.queries import table
from accounts.notices.services.choosing import PersonsOnly
from portal.shared.errors import InvalidInput
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Listed, OfActor, Resource, Shown


class NoticeShown(serializers.ModelSerializer):
    event = serializers.IntegerField(source="event_id")
    name = serializers.CharField(source="event.name")
    subject_type = serializers.CharField(source="event.subject_type")
    subject_id = serializers.IntegerField(source="event.subject_id")
    sentence = serializers.SerializerMethodField()
    detail = serializers.SerializerMethodField()
    recorded_at = serializers.DateTimeField(source="event.recorded_at")

    class Meta:
        model = Notice
        fields = (
            "id", "topic", "event", "name", "subject_type", "subject_id", "sentence", "detail", "recorded_at",
            "read_at",
        )  # fmt: skip

    def get_sentence(self, notice: Notice) -> str:
        return self._words(notice).sentence

    def get_detail(self, notice: Notice) -> str:
        return self._words(notice).detail

    def _words(self, notice: Notice):
        return queries.words_of(self.context["request"].actor.party_kind, notice)


class ReadAll(serializers.Serializer):
    topic = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    up_to = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, allow_null=True, default=None,
        help_text="The newest notice that the person saw; what came later stays unread.",
    )  # fmt: skip


class ReadAllDone(serializers.Serializer):
    marked = serializers.IntegerField(help_text="How many were unread")


class TopicChosen(serializers.Serializer):
    topic = serializers.CharField(max_length=20)
    label = serializers.CharField(read_only=True)
    cadence = serializers.ChoiceField(choices=Cadence.choices)
    chosen = serializers.BooleanField(read_only=True, help_text="False: as it is usual for the person's roles")


class PreferencesShown(serializers.Serializer):
    topics = TopicChosen(many=True)
    discreet = serializers.BooleanField(help_text="Mails name topics only: no amounts, names or numbers")


class OfPerson(Resource):
    group = "notices"

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.actor.user_id is None:
            raise PersonsOnly()


@extend_schema(tags=["notices"])
class Notices(OfPerson, Listed, Shown, OfActor):
    """What the person was told in the party it acts for, newest first. A machine is refused: it reads `events/`."""

    model, view = Notice, "parties.view"
    serializer_class = NoticeShown

    def get_queryset(self):
        found = super().get_queryset().with_events()
        asked = self.request.query_params if self.action == "list" else {}
        if (unread := asked.get("unread", "")) not in ("", "true", "false"):
            raise InvalidInput("`unread` is true or false.", code="FILTER_INVALID")
        found = found.unread() if unread == "true" else found
        return found.filter(topic=self._topic(asked["topic"])) if asked.get("topic") else found

    def _topic(self, given: str) -> str:
        known = [topic.code for topic in table().topics]
        if given not in known:
            raise InvalidInput(
                "'{given}' is no topic: {known}.", code="FILTER_INVALID", given=given[:40], known=", ".join(known)
            )
        return given

    @extend_schema(
        parameters=[
            OpenApiParameter("unread", bool, description="Only what was not read"),
            OpenApiParameter("topic", str, description="Only of this topic"),
        ]
    )
    @refuses("PERSONS_ONLY", "FILTER_INVALID")
    def list(self, request, *args, **kwargs) -> Response:
        """Notices of the person, newest first."""
        return super().list(request, *args, **kwargs)

    @refuses("PERSONS_ONLY")
    def retrieve(self, request, pk: str) -> Response:
        """One notice."""
        return super().retrieve(request, pk)

    @extend_schema(request=None, responses=NoticeShown, parameters=[KEY_PARAMETER])
    @refuses("PERSONS_ONLY")
    @action(detail=True, methods=["post"])
    def read(self, request, pk: str) -> Response:
        """Mark as read; read before, it keeps its time."""
        return self.answer(services.mark_read(actor=self.actor, notice_id=int(pk), now=timezone.now()))

    @extend_schema(request=ReadAll, responses=ReadAllDone, parameters=[KEY_PARAMETER])
    @refuses("PERSONS_ONLY", "FILTER_INVALID")
    @action(detail=False, methods=["post"], url_path="read-all")
    def read_all(self, request) -> Response:
        """Mark everything as read, or all of a topic, up to the newest that was seen."""
        given = self.checked(ReadAll)
        given["topic"] = self._topic(given["topic"]) if given["topic"] else ""
        return Response({"marked": services.mark_all_read(actor=self.actor, now=timezone.now(), **given)})


@extend_schema(tags=["notices"])
class NoticePreferences(OfPerson):
    """How soon the person is mailed of each topic. They hold for all parties that it acts for."""

    @extend_schema(responses=PreferencesShown, operation_id="notice_preferences")
    @refuses("PERSONS_ONLY")
    def get(self, request) -> Response:
        """What the person chose."""
        return self._shown()

    @extend_schema(request=PreferencesShown, responses=PreferencesShown, operation_id="choose_notices")
    @refuses("PERSONS_ONLY", "TOPIC_UNKNOWN", "CADENCE_UNKNOWN")
    def put(self, request) -> Response:
        """Choose what is mailed.

        Topics that are left out stay as they are.
        """
        given = self.checked(PreferencesShown)
        chosen = {each["topic"]: each["cadence"] for each in given["topics"]}
        services.choose(actor=self.actor, cadences=chosen, discreet=given["discreet"], now=timezone.now())
        return self._shown()

    def _shown(self) -> Response:
        choices, discreet = queries.choices(self.actor.user_id)
        topics = [
            {"topic": each.topic.code, "label": each.topic.label, "cadence": each.cadence, "chosen": each.chosen}
            for each in choices
        ]
        return Response(PreferencesShown({"topics": topics, "discreet": discreet}).data)
