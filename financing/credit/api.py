"""REST: policies under maker and checker, programmes to join, facilities."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.parties.api import PartyName
from financing.credit import services
from financing.credit.differences import differences, followed
from financing.credit.models import Decision, Facility, PolicyReplay, PolicyVersion, Programme
from financing.credit.queries import replay
from financing.credit.replays import changes
from financing.credit.shapes import ReplayAsked, ReplayedShown, ReplayFound, ReplaySummary
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, OfActor, Reading


class ProgrammeShown(serializers.ModelSerializer):
    funder, debtor = PartyName(), PartyName()

    class Meta:
        model = Programme
        fields = (
            "id", "name", "technique", "funder", "debtor", "currency", "day_count", "max_tenor_days",
            "quote_valid_minutes", "with_recourse", "agreement", "is_open", "figures_shared",
        )  # fmt: skip


class FacilityShown(serializers.ModelSerializer):
    funder, debtor, supplier = PartyName(), PartyName(), PartyName()
    owed_minor = serializers.SerializerMethodField()

    class Meta:
        model = Facility
        fields = (
            "id", "programme", "supplier", "funder", "debtor", "currency", "status", "limit_minor", "principal_minor",
            "reserved_minor", "owed_minor", "joined_at",
        )  # fmt: skip

    def get_owed_minor(self, facility: Facility) -> int:
        """Principal paid out and approved; interest and fees are told by the advances."""
        return facility.principal_minor + facility.reserved_minor


class ReasonGiven(serializers.Serializer):
    reason = serializers.CharField(max_length=200)


class FiguresShared(serializers.Serializer):
    shared = serializers.BooleanField()


@extend_schema(tags=["programmes"])
class Programmes(Reading):
    """Products on offer. A supplier joins one and has a facility."""

    model, view, group = Programme, "parties.view", "facilities"
    related = ("funder", "debtor")
    serializer_class = ProgrammeShown

    @extend_schema(request=None, responses={201: FacilityShown}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("PROGRAMME_CLOSED", "SUPPLIER_NOT_ADMITTED", "NO_POLICY_IN_FORCE")
    def join(self, request, pk: str) -> Response:
        """Join a programme; joined before, the facility is the same one."""
        facility = services.join_programme(actor=self.actor, programme_id=int(pk), now=timezone.now())
        shown = Facility.objects.select_related("funder", "debtor", "supplier").get(id=facility.id)
        return Response(FacilityShown(shown).data, status=201)

    @extend_schema(request=FiguresShared, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"], url_path="figures")
    def share_figures(self, request, pk: str) -> Response:
        """Let the debtor see the programme's totals, or no longer: the funder's word. Never one supplier's figures."""
        given = self.checked(FiguresShared)
        return self.answer(services.share_figures(actor=self.actor, programme_id=int(pk), now=timezone.now(), **given))


@extend_schema(tags=["facilities"])
class Facilities(Reading):
    """Programmes granted to suppliers: to the supplier and to the funder."""

    model, view, group = Facility, "advances.view", "facilities"
    related = ("funder", "debtor", "supplier")
    filters = {"status": "status", "supplier": "supplier_id", "programme": "programme_id"}
    serializer_class = FacilityShown

    @extend_schema(request=ReasonGiven, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION")
    def suspend(self, request, pk: str) -> Response:
        """Offer nothing from a facility until it is resumed."""
        given = self.checked(ReasonGiven)
        facility = services.suspend_facility(actor=self.actor, facility_id=int(pk), now=timezone.now(), **given)
        return self.answer(facility)

    @extend_schema(request=None, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION")
    def resume(self, request, pk: str) -> Response:
        """Offer from a facility again."""
        return self.answer(services.resume_facility(actor=self.actor, facility_id=int(pk), now=timezone.now()))


class PolicyShown(serializers.ModelSerializer):
    body = serializers.DictField()

    class Meta:
        model = PolicyVersion
        fields = (
            "id", "number", "status", "effective_from", "body", "body_hash", "note", "proposed_by", "proposed_at",
            "decided_by", "decided_at", "approved_hash", "approved_replay",
        )  # fmt: skip


class PolicyProposed(serializers.Serializer):
    body = serializers.DictField()
    effective_from = serializers.DateField()
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class HashSeen(serializers.Serializer):
    seen_hash = serializers.CharField(max_length=64, help_text="`body_hash` of the version that was read.")
    seen_replay_id = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, allow_null=True, default=None,
        help_text="The finished replay that was read; null: approved without one, and kept as such.",
    )  # fmt: skip


class PlaceChanged(serializers.Serializer):
    place = serializers.CharField(help_text="As in grades.A.advance_rate: members of lists by their grade or feature")
    before = serializers.JSONField(allow_null=True, help_text="null: there was no such place")
    after = serializers.JSONField(allow_null=True, help_text="null: there is no such place any more")


class PolicyDifference(serializers.Serializer):
    policy = serializers.IntegerField()
    follows = serializers.IntegerField(allow_null=True, help_text="In force when it takes effect; null: the first one")
    changes = PlaceChanged(many=True)


@extend_schema(tags=["policies"])
@extend_schema_view(list=extend_schema(summary="Versions of the funder's own policy, newest first"))
class Policies(Reading):
    """What a funder decides by. A maker proposes, a checker approves exactly what was seen."""

    model, view, group = PolicyVersion, "credit.view_policy", "policies"
    filters = {"status": "status"}
    serializer_class = PolicyShown

    @extend_schema(request=PolicyProposed, responses={201: PolicyShown}, parameters=[KEY_PARAMETER])
    @refuses("POLICY_INVALID", "EFFECTIVE_DATE_PASSED")
    def create(self, request) -> Response:
        """Propose a version: the part of the maker."""
        given = self.checked(PolicyProposed)
        now = timezone.now()
        return self.answer(
            services.propose_policy(actor=self.actor, funder_id=self.actor.party_id, now=now, **given), 201
        )

    @extend_schema(request=HashSeen, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION", "OWN_WORK", "LET_IN_LATELY", "STALE", "EFFECTIVE_DATE_PASSED")
    def approve(self, request, pk: str) -> Response:
        """Approve exactly what was read: the part of the checker."""
        given = self.checked(HashSeen)
        return self.answer(services.approve_policy(actor=self.actor, policy_id=int(pk), now=timezone.now(), **given))

    @extend_schema(request=None, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION", "OWN_WORK")
    def reject(self, request, pk: str) -> Response:
        """Reject a proposed version."""
        return self.answer(services.reject_policy(actor=self.actor, policy_id=int(pk), now=timezone.now()))

    @extend_schema(request=None, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION")
    def withdraw(self, request, pk: str) -> Response:
        """Take a proposed version back."""
        return self.answer(services.withdraw_policy(actor=self.actor, policy_id=int(pk), now=timezone.now()))

    @extend_schema(responses=PolicyDifference)
    @action(detail=True)
    def difference(self, request, pk: str) -> Response:
        """What a version changes of the one that it follows, place by place."""
        version = self.seen(pk)
        before = followed(self.actor, version)
        found = list(differences(before.body, version.body)) if before else []
        said = {"policy": version.id, "follows": before and before.id, "changes": found}
        return Response(PolicyDifference(said).data)

    @extend_schema(methods=["get"], responses=ReplaySummary(many=True), summary="Replays of a version, newest first")
    @extend_schema(
        methods=["post"], request=ReplayAsked, responses={201: ReplaySummary}, parameters=[KEY_PARAMETER],
        summary="What would this version have decided in the last months? Asked again on a day: the same replay",
    )  # fmt: skip
    @action(detail=True, methods=["get", "post"], pagination_class=None, filter_backends=[])
    @refuses("REPLAY_WINDOW_UNKNOWN")
    def replays(self, request, pk: str) -> Response:
        if request.method == "GET":
            return Response(ReplaySummary(self.seen(pk).replays.order_by("-id"), many=True).data)
        given = self.checked(ReplayAsked)
        made = services.request_replay(actor=self.actor, policy_id=int(pk), now=timezone.now(), **given)
        return Response(ReplaySummary(made).data, status=201)


@extend_schema(tags=["policies"])
@extend_schema_view(retrieve=extend_schema(responses=ReplayFound, summary="Before and after, in all and by grade"))
class PolicyReplays(Reading):
    """Versions applied to what the funder decided in the months before. Begun at `policies/{id}/replays/`."""

    model, view, group = PolicyReplay, "credit.view_policy", "policies"
    filters = {"policy": "policy_id", "status": "status"}
    in_pages = ("list", "changes")

    def get_serializer_class(self):
        return ReplayFound if self.action == "retrieve" else ReplaySummary

    @extend_schema(responses=ReplayedShown(many=True), summary="Who would be decided otherwise, and how")
    @action(detail=True, filter_backends=[])
    def changes(self, request, pk: str) -> Response:
        found = self.paginate_queryset(changes(self.seen(pk)))
        return self.get_paginated_response(ReplayedShown(found, many=True).data)


class DifferenceShown(serializers.Serializer):
    place = serializers.CharField()
    kept = serializers.JSONField(allow_null=True)
    replayed = serializers.JSONField(allow_null=True)


class ReplayShown(serializers.Serializer):
    decision = serializers.IntegerField()
    identical = serializers.BooleanField()
    differences = DifferenceShown(many=True)


@extend_schema(tags=["decisions"])
class Decisions(OfActor):
    """Decisions kept with everything they were made of."""

    model, view, group = Decision, "credit.view_policy", "policies"
    serializer_class = ReplayShown

    @extend_schema(responses=ReplayShown)
    @action(detail=True)
    def replay(self, request, pk: str) -> Response:
        """Decide again from what was kept: identical, or the difference."""
        decision = self.seen(pk)
        differences = replay(decision)
        said = {"decision": decision.id, "identical": not differences, "differences": differences}
        return Response(ReplayShown(said).data)
