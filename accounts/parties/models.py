"""Organisations, the people who act for them, and what is known of who they are (KYB)."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Collate, Lower, Upper

from portal.shared import access
from portal.shared.access import Actor
from portal.shared.choices import Choices
from portal.shared.workflow import Lifecycle


class RegistrationKey(models.Func):
    """A registration number as a register means it: "r-4711 " is "R 4711". Letters and digits alone, in one case."""

    template = "upper(regexp_replace(normalize(%(expressions)s::text, NFKC), '[^[:alnum:]]+', '', 'g'))"
    output_field = models.TextField()


class PartyQuerySet(models.QuerySet):
    def registered_as(self, number: str):
        """Those of this registration number, however it is written."""
        return self.alias(registration_key=RegistrationKey("registration_number")).filter(
            registration_key=RegistrationKey(models.Value(number))
        )

    def visible_to(self, actor: Actor):
        """A supplier sees itself, platforms and funders; the others see all parties they can trade with.

        Names of suppliers are no secret to the platforms and funders of this portal; suppliers do not see each other.
        """
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        if actor.party_kind in (access.SUPPLIER, access.SUPERVISOR):
            return self.filter(Q(id=actor.party_id) | Q(kind__in=[access.PLATFORM, *access.FUNDERS]))
        return self.filter(status__in=[Party.Status.ADMITTED, Party.Status.SUSPENDED]) | self.filter(id=actor.party_id)


class Party(Lifecycle, models.Model):
    """An organisation. A supplier trades from the day it is known and is financed from the day it is ADMITTED."""

    class Kind(Choices):
        SUPPLIER = access.SUPPLIER
        PLATFORM = access.PLATFORM
        FINANCIER = access.FINANCIER
        BANK = access.BANK
        SUPERVISOR = access.SUPERVISOR
        OPERATOR = access.OPERATOR

    class Status(Choices):
        PROSPECT = "PROSPECT"
        ADMITTED = "ADMITTED"
        SUSPENDED = "SUSPENDED"
        CLOSED = "CLOSED"

    NEXT = {
        # CLOSED: known by its trade alone, which went over to the supplier whose it is.
        Status.PROSPECT: {Status.ADMITTED, Status.CLOSED},
        Status.ADMITTED: {Status.SUSPENDED},
        Status.SUSPENDED: {Status.ADMITTED},
    }

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=140)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    registration_number = models.CharField(max_length=40, blank=True)
    external_reference = models.CharField(
        max_length=80, blank=True,
        help_text="The code by which documents name this party, a platform mostly. A supplier has none: each platform "
        "knows it by a number of its own, in orders.SupplierNumber.",
    )  # fmt: skip
    time_zone = models.CharField(max_length=40, default="UTC")
    status = models.CharField(max_length=10, choices=Status, default=Status.PROSPECT)
    created_at = models.DateTimeField()

    objects = PartyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "parties"
        constraints = [
            # A document that names a platform by its code means one.
            models.UniqueConstraint(
                fields=["kind", "external_reference"],
                condition=~Q(external_reference=""),
                name="party_external_reference_once",
            ),
            # Two platforms may give one number to two companies: by a number of all platforms, the money of one would
            # reach the other.
            models.CheckConstraint(
                condition=~Q(kind="SUPPLIER") | Q(external_reference=""), name="party_supplier_by_platform"
            ),
            # One company that signs up twice would be financed twice, and who writes its number "hrb-7" would be paid
            # under its name.
            models.UniqueConstraint(
                "kind",
                "country",
                RegistrationKey("registration_number"),
                condition=~Q(registration_number=""),
                name="party_registration_once",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "status", "id"], name="party_by_kind"),
            models.Index(fields=["name", "id"], name="party_by_name"),
            models.Index(fields=["registration_number"], name="party_by_registration"),
            # Search by the beginning of either number; by a part of the name: party_name_trigrams, in a migration.
            models.Index(Collate(Upper("registration_number"), "C"), name="party_registration"),
            models.Index(Collate(Upper("external_reference"), "C"), name="party_reference"),
        ]

    def __str__(self):
        return self.name


class UserManager(BaseUserManager):
    def create_user(self, email: str, password: str | None = None, **fields):
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields):
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail; acts for one party at a time through a membership."""

    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=140, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    language = models.CharField(
        max_length=10, blank=True, default="", help_text="Empty: not chosen, the browser's holds."
    )
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    def __str__(self):
        return self.full_name or self.email

    def get_full_name(self) -> str:
        """As Django's own User has it, for what is written for that: the back office and the menu."""
        return self.full_name


class Membership(models.Model):
    """One role of one user in one party; a user may hold several."""

    class Role(Choices):
        VIEWER = access.VIEWER
        MAKER = access.MAKER
        CHECKER = access.CHECKER
        ADMIN = access.ADMIN

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    party = models.ForeignKey(Party, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "party", "role"], condition=Q(ended_at__isnull=True), name="membership_role_once"
            ),
            # A role that the permission table does not know would be one that nobody sees.
            models.CheckConstraint(condition=Q(role__in=access.ROLES), name="membership_role_known"),
        ]

    def __str__(self):
        return f"{self.user} as {self.role} of {self.party}"


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """A party sees its own; the operator besides them those by which it lets a first administrator in."""
        if actor.is_system:
            return self
        own = Q(party_id=actor.party_id)
        return self.filter(own | Q(for_first_administrator=True) if actor.party_kind == access.OPERATOR else own)

    def open(self, now):
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)


class Invitation(models.Model):
    """A letter to a mailbox by which its owner may come to act for a party. Only a hash of its token is kept.

    The letter's fields say how far it is: `mail_due_at` is the next try (None: it went, or was given up).
    """

    party = models.ForeignKey(Party, models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=8, choices=Membership.Role)
    for_first_administrator = models.BooleanField(
        default=False, help_text="Sent by the operator: worth nothing once the party has an administrator."
    )
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="Empty: a machine.")
    token_hash = models.CharField(
        max_length=64, unique=True, help_text="SHA-256, in hexadecimal, of the token in the letter sent last"
    )
    language = models.CharField(max_length=10, blank=True, default="", help_text="Of who invites, and of the letter")
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            # Two who invite one colleague at once would send two letters, and one would outlive the other.
            models.UniqueConstraint(
                "party",
                Lower("email"),
                "role",
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            ),
            models.CheckConstraint(condition=Q(role__in=access.ROLES), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True), name="invitation_ends_once"
            ),
            # Let in, and nobody knows whom.
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["mail_due_at"], condition=Q(mail_due_at__isnull=False), name="invitation_to_be_mailed"
            ),
        ]

    @property
    def mail_failed(self) -> bool:
        """The mail server would not take the letter, and it is not tried again."""
        return self.mailed_at is None and self.mail_due_at is None

    def __str__(self):
        return f"Invitation {self.pk} as {self.role} of {self.party}"


class BusinessVerificationQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """What a company says of its owners is between it and the operator."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(party_id=actor.party_id)


class BusinessVerification(Lifecycle, models.Model):
    """KYB of a party: who it is, who owns it, what the screening found, who decided and until when it holds."""

    class Status(Choices):
        DRAFT = "DRAFT"
        SUBMITTED = "SUBMITTED"
        SCREENED = "SCREENED"
        APPROVED = "APPROVED"
        REJECTED = "REJECTED"
        EXPIRED = "EXPIRED"

    class Screening(Choices):
        NOT_SCREENED = "NOT_SCREENED"
        CLEAR = "CLEAR"
        HIT = "HIT"

    NEXT = {
        Status.DRAFT: {Status.SUBMITTED},
        Status.SUBMITTED: {Status.SCREENED, Status.REJECTED},
        Status.SCREENED: {Status.APPROVED, Status.REJECTED},
        Status.APPROVED: {Status.EXPIRED},
    }

    party = models.ForeignKey(Party, models.PROTECT, related_name="verifications")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    legal_name = models.CharField(max_length=140)
    registration_number = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    address = models.CharField(max_length=200, blank=True)
    screening = models.CharField(max_length=12, choices=Screening, default=Screening.NOT_SCREENED)
    screening_note = models.TextField(blank=True)
    submitted_at = models.DateTimeField(null=True)
    screened_at = models.DateTimeField(null=True)
    screened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decision_note = models.TextField(blank=True)
    expires_on = models.DateField(null=True)

    objects = BusinessVerificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(screened_by__isnull=True) | ~Q(decided_by=F("screened_by")),
                name="verification_checker_is_not_maker",
            ),
            models.CheckConstraint(
                condition=~Q(status="APPROVED") | Q(screening="CLEAR", expires_on__isnull=False),
                name="verification_approved_only_when_clear",
            ),
            # Nobody compared with nobody would pass for two people.
            models.CheckConstraint(
                condition=~Q(status="APPROVED") | Q(screened_by__isnull=False, decided_by__isnull=False),
                name="verification_approved_by_two",
            ),
            models.UniqueConstraint(
                fields=["party"],
                condition=Q(status__in=["DRAFT", "SUBMITTED", "SCREENED"]),
                name="verification_one_open_per_party",
            ),
        ]

    def __str__(self):
        return f"KYB of {self.legal_name} ({self.status})"


class BeneficialOwner(models.Model):
    """A person who owns or controls 25 % or more. Personal data: here only, never in an event."""

    verification = models.ForeignKey(BusinessVerification, models.CASCADE, related_name="beneficial_owners")
    full_name = models.CharField(max_length=140)
    country = models.CharField(max_length=2)
    share_percent = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(share_percent__gte=25, share_percent__lte=100), name="beneficial_owner_share_plausible"
            )
        ]
