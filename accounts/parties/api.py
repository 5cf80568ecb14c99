"""REST: who is who, and the verification of suppliers."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.parties import inviting, queries, services
from accounts.parties.freshness import require_fresh
from accounts.parties.models import BeneficialOwner, BusinessVerification, Invitation, Membership, Party
from portal.shared import access
from portal.shared.access import require
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Reading, Resource
from portal.shared.rows import Row


class PartyName(Row):
    class Meta:
        model = Party
        fields = ("id", "name")
        ref_name = "PartyName"


class Acting(serializers.Serializer):
    """Whom the request acts for, and in which roles."""

    party = PartyName()
    kind = serializers.ChoiceField(choices=Party.Kind.choices)
    roles = serializers.ListField(child=serializers.CharField())
    user = serializers.IntegerField(allow_null=True)
    client = serializers.CharField(allow_null=True)


@extend_schema(tags=["parties"])
class Me(Resource):
    """One party at a time: that of the client, or that which a person acts for in its session."""

    @extend_schema(responses=Acting, operation_id="me")
    def get(self, request) -> Response:
        """Tell whom the request acts for, and in which roles."""
        actor = self.actor
        said = {
            "party": Party.objects.get(id=actor.party_id), "kind": actor.party_kind, "roles": sorted(actor.roles),
            "user": actor.user_id, "client": actor.client_id or None,
        }  # fmt: skip
        return Response(Acting(said).data)


class PartyShown(serializers.ModelSerializer):
    class Meta:
        model = Party
        fields = ("id", "kind", "name", "country", "status")


class PartyKnown(PartyShown):
    """With the numbers by which it is known: to the operator, and to the party itself."""

    class Meta(PartyShown.Meta):
        fields = (
            *PartyShown.Meta.fields, "registration_number", "external_reference", "time_zone", "created_at",
        )  # fmt: skip


class PartyRead(PartyKnown):
    """All of it is told to the operator and to the party itself; a platform's numbers to suppliers, who write them on
    what they hand in. What is not told is null."""

    registration_number = serializers.CharField(
        allow_null=True, allow_blank=True, help_text="What invoices name it by; told of platforms, and of oneself"
    )
    external_reference = serializers.CharField(
        allow_null=True,
        allow_blank=True,
        help_text="A platform's code on documents, told like the number. Suppliers have none: see supplier-numbers/",
    )
    time_zone = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, party: Party) -> dict:
        said, actor = super().to_representation(party), self.context["request"].actor
        if actor.party_kind == access.OPERATOR or actor.party_id == party.id:
            return said
        told = {*PartyShown.Meta.fields, *(NUMBERS if queries.is_invoiced_by(actor, party) else ())}
        return said | dict.fromkeys(set(self.fields) - told)


NUMBERS = ("registration_number", "external_reference")


class PartyEdited(serializers.Serializer):
    time_zone = serializers.CharField(max_length=40, help_text="As in Europe/Berlin: where its days begin and end")


class PartyRegistered(serializers.Serializer):
    kind = serializers.ChoiceField(choices=Party.Kind.choices)
    name = serializers.CharField(max_length=140)
    country = serializers.RegexField(r"^[A-Z]{2}$", help_text="ISO 3166-1 alpha-2")
    registration_number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    external_reference = serializers.CharField(
        max_length=80, required=False, allow_blank=True,
        help_text="A platform's code on documents. Not of a supplier: each platform knows it by a number of its own",
    )  # fmt: skip


@extend_schema(tags=["parties"])
class Parties(Reading):
    """Organisations that the acting party can trade with."""

    model, view, group = Party, "parties.view", "parties"
    filters, sorts = {"kind": "kind", "status": "status"}, {"name": "name"}

    def get_serializer_class(self):
        return PartyShown if self.action == "list" else PartyRead

    @extend_schema(request=PartyRegistered, responses={201: PartyKnown}, parameters=[KEY_PARAMETER])
    @refuses(
        "PARTY_EXISTS",
        "NUMBER_OF_NO_PLATFORM",
        "TIME_ZONE_UNKNOWN",
        "PARTY_NAME_INVALID",
        "REGISTRATION_NUMBER_MISSING",
    )
    def create(self, request) -> Response:
        """Register an organisation."""
        given = self.checked(PartyRegistered)
        party = services.enter_party(actor=self.actor, now=timezone.now(), **given)
        return Response(PartyKnown(party).data, status=201)

    @extend_schema(request=PartyEdited)
    @refuses("TIME_ZONE_UNKNOWN")
    def partial_update(self, request, pk: str) -> Response:
        """Edit the party itself, as an administrator of it; name and number stay as they were verified."""
        given = self.checked(PartyEdited)
        return self.answer(services.edit_party(actor=self.actor, party_id=int(pk), now=timezone.now(), **given))


class MemberShown(serializers.ModelSerializer):
    email = serializers.EmailField(source="user.email")
    full_name = serializers.CharField(source="user.full_name")

    class Meta:
        model = Membership
        fields = ("id", "user", "email", "full_name", "role", "created_at")


class InvitationShown(serializers.ModelSerializer):
    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "created_at", "expires_at", "accepted_at", "revoked_at")


class ColleagueInvited(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Membership.Role.choices)


INVITING = (
    "NOT_FOUND", "EMAIL_INVALID", "ROLE_UNKNOWN", "ALREADY_MEMBER", "ALREADY_INVITED", "REAUTHENTICATION_REQUIRED",
)  # fmt: skip


@extend_schema(tags=["members"])
class Members(Reading):
    """People who act for the party, one row for each role of each of them. For its administrators."""

    model, view, group = Membership, "parties.manage_members", "members"
    filters = {"role": "role"}
    serializer_class = MemberShown

    def rows(self):
        return Membership.objects.filter(party_id=self.actor.party_id, ended_at=None).select_related("user")

    @extend_schema(request=ColleagueInvited, responses={201: InvitationShown}, parameters=[KEY_PARAMETER])
    @refuses(*INVITING)
    def create(self, request) -> Response:
        """Invite a person to act for the party in a role: a member from the moment it accepts, in a session of its own.

        The answer is the invitation, the same whether or not the portal knows the address.
        """
        _require_shown(self)
        given, party_id = self.checked(ColleagueInvited), self.actor.party_id
        made = inviting.invite(actor=self.actor, party_id=party_id, now=timezone.now(), **given)
        return Response(InvitationShown(made).data, status=201)

    @extend_schema(request=None, responses={204: None})
    @refuses("LAST_ADMINISTRATOR")
    def destroy(self, request, pk: str) -> Response:
        """Take a role away from a person."""
        services.end_membership(actor=self.actor, membership_id=self.seen(pk).id, now=timezone.now())
        return Response(status=204)


def _require_shown(resource: Reading) -> None:
    """Whoever lets somebody in has just shown who it is: a machine by its token, a person anew."""
    require(resource.actor, "parties.manage_members")
    require_fresh(resource.request._request, resource.actor)


class Invited(ColleagueInvited):
    party = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, allow_null=True, default=None,
        help_text="For the operator: the party whose first administrator it is. Without it, or null: one's own",
    )  # fmt: skip


@extend_schema(tags=["members"])
class Invitations(Reading):
    """Letters by which people may come to act for the party, and what became of them. For its administrators."""

    model, view, group = Invitation, "parties.manage_members", "members"
    filters = {"role": "role"}
    serializer_class = InvitationShown

    def rows(self):
        return Invitation.objects.filter(party_id=self.actor.party_id)

    @extend_schema(request=Invited, responses={201: InvitationShown}, parameters=[KEY_PARAMETER])
    @refuses(*INVITING, "ADMINISTRATOR_EXISTS")
    def create(self, request) -> Response:
        """Write to a person who may then act for the party in a role. The letter holds for seven days."""
        _require_shown(self)
        given = self.checked(Invited)
        party_id = given.pop("party") or self.actor.party_id
        made = inviting.invite(actor=self.actor, party_id=party_id, now=timezone.now(), **given)
        return Response(InvitationShown(made).data, status=201)

    @extend_schema(request=None, responses=InvitationShown, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVITATION_CONCLUDED")
    def revoke(self, request, pk: str) -> Response:
        """Withdraw an invitation that nobody has accepted."""
        return self.answer(inviting.revoke(actor=self.actor, invitation_id=self.seen(pk).id, now=timezone.now()))


class OwnerDeclared(serializers.ModelSerializer):
    share_percent = serializers.DecimalField(max_digits=5, decimal_places=2, min_value=25, max_value=100)
    country = serializers.RegexField(r"^[A-Z]{2}$")

    class Meta:
        model = BeneficialOwner
        fields = ("full_name", "country", "share_percent")


class VerificationShown(serializers.ModelSerializer):
    party = PartyName()

    class Meta:
        model = BusinessVerification
        fields = (
            "id", "party", "status", "legal_name", "registration_number", "country", "address", "submitted_at",
            "decided_at", "expires_on",
        )  # fmt: skip


class VerificationExamined(VerificationShown):
    """As operators see it: with owners and the outcome of the screening, which a screened party is not told."""

    beneficial_owners = OwnerDeclared(many=True)

    class Meta(VerificationShown.Meta):
        fields = (
            *VerificationShown.Meta.fields, "screening", "screening_note", "screened_at", "decision_note",
            "beneficial_owners",
        )  # fmt: skip


class VerificationSubmitted(serializers.Serializer):
    legal_name = serializers.CharField(max_length=140)
    registration_number = serializers.CharField(max_length=40)
    country = serializers.RegexField(r"^[A-Z]{2}$")
    address = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    owners = OwnerDeclared(many=True, default=list)


class Screened(serializers.Serializer):
    clear = serializers.BooleanField()
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")


class VerificationDecided(serializers.Serializer):
    approve = serializers.BooleanField()
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")


@extend_schema(tags=["verifications"])
class Verifications(Reading):
    """Business verification (KYB): a supplier submits, an operator screens, another one decides."""

    model, view, group = BusinessVerification, "parties.view", "verifications"
    related = ("party",)
    filters = {"status": "status"}

    def rows(self):
        found = super().rows()
        return found.prefetch_related("beneficial_owners") if self.actor.party_kind == access.OPERATOR else found

    def get_serializer_class(self):
        operates = not getattr(self, "swagger_fake_view", False) and self.actor.party_kind == access.OPERATOR
        return VerificationExamined if operates else VerificationShown

    @extend_schema(request=VerificationSubmitted, responses={201: VerificationShown}, parameters=[KEY_PARAMETER])
    @refuses(
        "VERIFICATION_OPEN", "OWNER_SHARE_INVALID", "OWNERS_ABOVE_WHOLE", "PARTY_NAME_INVALID",
        "REGISTRATION_NUMBER_MISSING",
    )  # fmt: skip
    def create(self, request) -> Response:
        """Submit who the party is and who owns it."""
        given = self.checked(VerificationSubmitted)
        owners = [services.Owner(**each) for each in given.pop("owners")]
        made = services.submit_verification(
            actor=self.actor, party_id=self.actor.party_id, owners=owners, now=timezone.now(), **given
        )
        return self.answer(made, 201)

    @extend_schema(request=Screened, responses=VerificationExamined, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION", "OWN_WORK")
    def screen(self, request, pk: str) -> Response:
        """Record what the screening found."""
        given = self.checked(Screened)
        return self.answer(services.screen(actor=self.actor, verification_id=int(pk), now=timezone.now(), **given))

    @extend_schema(request=VerificationDecided, responses=VerificationExamined, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION", "OWN_WORK", "LET_IN_LATELY", "SCREENING_NOT_CLEAR", "PARTY_EXISTS")
    def decide(self, request, pk: str) -> Response:
        """Admit the party, or not."""
        given, now = self.checked(VerificationDecided), timezone.now()
        return self.answer(
            services.decide_verification(
                actor=self.actor, verification_id=int(pk), today=timezone.localdate(now), now=now, **given
            )
        )
