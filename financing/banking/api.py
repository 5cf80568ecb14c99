"""REST: accounts at banks, payments, statements."""

from functools import cached_property

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from accounts.parties.api import PartyName
from accounts.parties.freshness import require_fresh
from financing.banking import queries, services
from financing.banking.iso20022.parts import own
from financing.banking.models import BankAccount, BankEntry, BankMessage, PaymentInstruction, Statement
from financing.banking.second import waits_for
from portal.shared.access import OPERATOR, require
from portal.shared.openapi import refuses
from portal.shared.renderers import Json
from portal.shared.rest import KEY_PARAMETER, Reading
from portal.shared.rows import Row

ACCOUNT_CODES = (
    "IBAN_INVALID", "BIC_INVALID", "CURRENCY_INVALID", "ACCOUNT_TAKEN", "ACCOUNT_OPEN", "ACCOUNT_WAITING",
    "CONNECTED_BY_OPERATOR",
)  # fmt: skip
WAITS_FOR = (BankAccount.Word.COLLEAGUE.value, BankAccount.Word.OPERATOR.value)


class Xml(BaseRenderer):
    """A message as it went over the wire."""

    media_type, format, charset = "application/xml", "xml", None

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        return data


class BankAccountShown(serializers.ModelSerializer):
    party = PartyName()
    balance_minor = serializers.IntegerField(allow_null=True, help_text="As the bank told it; null before it has")
    stated_on = serializers.DateField(allow_null=True)
    ledger_minor = serializers.SerializerMethodField()
    waits_for = serializers.ChoiceField(
        choices=WAITS_FOR, allow_null=True, help_text="Whose word it needs to be in force; null where nobody's"
    )

    class Meta:
        model = BankAccount
        fields = (
            "id", "party", "holder", "iban", "bic", "currency", "status", "connected", "created_at", "confirmed_at",
            "confirmed_as", "closed_at", "waits_for", "balance_minor", "stated_on", "ledger_minor",
        )  # fmt: skip

    def get_ledger_minor(self, account: BankAccount) -> int | None:
        """What the owner's book says that it holds: to the owner of a book, of accounts that the portal is joined to"""
        return self.context["view"].by_book(account)


class BankAccountReplacement(serializers.Serializer):
    holder = serializers.CharField(max_length=70)
    iban = serializers.CharField(max_length=42)
    bic = serializers.CharField(max_length=11, required=False, allow_blank=True, default="")


class BankAccountRegistered(BankAccountReplacement):
    currency = serializers.CharField(max_length=3)


class BankAccountConfirmed(serializers.Serializer):
    evidence = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="",
        help_text="For the operator: by what the bank showed that holder and number belong together",
    )  # fmt: skip


@extend_schema(tags=["bank"])
class BankAccounts(Reading):
    """The party's own accounts: where its money comes from and goes to."""

    model, view, group = BankAccount, "parties.view", "banking"
    filters, choices = {"status": "status", "waits_for": "waits_for"}, {"waits_for": WAITS_FOR}
    serializer_class = BankAccountShown

    def rows(self):
        return queries.accounts(actor=self.actor).annotate(waits_for=waits_for(timezone.now()))

    @cached_property
    def _cash(self) -> dict[str, int] | None:
        return queries.cash_by_book(actor=self.actor)

    def by_book(self, account: BankAccount) -> int | None:
        """What the acting party's book says of an account of its own; None where it says nothing."""
        if not account.connected or account.party_id != self.actor.party_id or self._cash is None:
            return None
        return self._cash.get(account.currency, 0)

    @extend_schema(request=BankAccountRegistered, responses={201: BankAccountShown}, parameters=[KEY_PARAMETER])
    @refuses(*ACCOUNT_CODES)
    def create(self, request) -> Response:
        """Propose an account: nothing is paid to it before another person has confirmed it."""
        given = self.checked(BankAccountRegistered)
        made = services.register_account(actor=self.actor, party_id=self.actor.party_id, now=timezone.now(), **given)
        return self.answer(made, 201)

    @extend_schema(request=BankAccountReplacement, responses={201: BankAccountShown}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses(*ACCOUNT_CODES, "REAUTHENTICATION_REQUIRED", "STALE")
    def replace(self, request, pk: str) -> Response:
        """Propose another account in the place of this one, in the same currency. All people of the party are told.

        The party is paid to this one until another person has confirmed the other. A person in a session confirms
        first who it is; a machine needs nothing but its token, and what it proposes the operator confirms.
        """
        account = self.seen(pk)
        require(self.actor, "banking.register_account")
        require_fresh(request._request, self.actor)
        given = self.checked(BankAccountReplacement)
        made = services.replace_account(actor=self.actor, account_id=account.id, now=timezone.now(), **given)
        return self.answer(made, 201)

    @extend_schema(request=None, responses=BankAccountShown, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("CONNECTED_BY_OPERATOR", "REAUTHENTICATION_REQUIRED", "INVALID_TRANSITION")
    def close(self, request, pk: str) -> Response:
        """Be paid to this account no more."""
        self.seen(pk)
        require(self.actor, "banking.register_account")
        require_fresh(request._request, self.actor)
        return self.answer(services.close_account(actor=self.actor, account_id=int(pk), now=timezone.now()))

    @extend_schema(request=BankAccountConfirmed, responses=BankAccountShown, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses(
        "OWN_WORK", "LET_IN_LATELY", "OPERATOR_CONFIRMS", "COLLEAGUE_CONFIRMS", "INVALID_TRANSITION",
        "EVIDENCE_MISSING", "REAUTHENTICATION_REQUIRED",
    )  # fmt: skip
    def confirm(self, request, pk: str) -> Response:
        """Confirm a proposed account: the party is paid to it from now on, and no more to the one before.

        For another person of the party than who proposed it. The operator confirms first accounts, and where a party
        has no second person, with `evidence` of the bank. Never for machines.
        """
        services.word_on(self.actor, self.seen(pk))
        require_fresh(request._request, self.actor)
        given = self.checked(BankAccountConfirmed)
        return self.answer(
            services.confirm_account(actor=self.actor, account_id=int(pk), now=timezone.now(), **given)
        )  # fmt: skip

    @extend_schema(request=None, responses=BankAccountShown, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION")
    def withdraw(self, request, pk: str) -> Response:
        """Take a proposal of one's own back."""
        return self.answer(
            services.withdraw_account(actor=self.actor, account_id=self.seen(pk).id, now=timezone.now())
        )  # fmt: skip

    @extend_schema(request=None, responses=BankAccountShown, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("OWN_WORK", "INVALID_TRANSITION")
    def refuse(self, request, pk: str) -> Response:
        """Refuse a proposal of somebody else: the party is paid as before. Never for machines."""
        return self.answer(services.refuse_account(actor=self.actor, account_id=self.seen(pk).id, now=timezone.now()))


class InstructionShown(Row):
    direction = serializers.ChoiceField(
        choices=queries.DIRECTIONS, allow_null=True, help_text="Of the acting party's money; null to whom it is neither"
    )
    payer = PartyName()
    payee = PartyName()
    reason = serializers.CharField(
        help_text="What the bank says of a refusal or return; to the payee only what concerns its own account"
    )
    reason_text = serializers.CharField(help_text="The same in the bank's words; told to the payer alone")

    class Meta:
        model = PaymentInstruction
        fields = (
            "id", "direction", "purpose", "payer", "payee", "creditor_name", "creditor_iban", "amount_minor",
            "currency", "end_to_end_id", "remittance", "subject_type", "subject_id", "status", "reason", "reason_text",
            "created_at", "sent_at", "answered_at", "settled_at",
        )  # fmt: skip

    def to_representation(self, instance: PaymentInstruction) -> dict:
        shown = super().to_representation(instance)
        actor = self.context["view"].actor
        shown["reason"] = instance.reason_for(actor)
        return shown if instance.is_told_why(actor) else shown | {"reason_text": ""}


class BankMessageShown(Row):
    class Meta:
        model = BankMessage
        fields = (
            "id", "account", "direction", "kind", "message_id", "state", "sha256", "recorded_at", "in_reply_to",
        )  # fmt: skip


class BankEntryShown(Row):
    class Meta:
        model = BankEntry
        fields = (
            "id", "account", "bank_reference", "amount_minor", "currency", "booking_date", "value_date",
            "end_to_end_id", "counterparty_name", "counterparty_iban", "remittance", "return_reason", "instruction",
            "message", "statement",
        )  # fmt: skip


class TrailShown(serializers.Serializer):
    messages = BankMessageShown(many=True, help_text="Order, answers, notice and statement, oldest first")
    bookings = BankEntryShown(many=True, help_text="On accounts of the party's own")


@extend_schema(tags=["bank"])
class Instructions(Reading):
    """Payments: those that the party makes, and those made to it."""

    model, view, group = PaymentInstruction, "banking.view", "banking"
    filters = {
        "status": "status", "purpose": "purpose", "payee": "payee_id", "account": "account_id",
        "direction": "direction",
    }  # fmt: skip
    choices, dated = {"direction": queries.DIRECTIONS}, "created_at"
    serializer_class = InstructionShown

    def rows(self):
        direction = self.request.query_params.get("direction")
        if direction in queries.DIRECTIONS:
            return queries.going(actor=self.actor, direction=direction)
        return queries.flows(actor=self.actor)

    @extend_schema(responses=TrailShown)
    @action(detail=True)
    def trail(self, request, pk: str) -> Response:
        """Read every message about a payment, and how it was booked.

        The order and its answers are of the payer's account: a payee sees the bookings on its own account, and the
        messages that told of these.
        """
        found = queries.trail(actor=self.actor, instruction_id=self.seen(pk).id)
        return Response(TrailShown({"messages": found.messages, "bookings": found.bookings}).data)


@extend_schema(tags=["bank"])
class BankMessages(Reading):
    """Messages between the portal and the banks of the party's accounts: ISO 20022, as they went over the wire."""

    model, view, group = BankMessage, "banking.view", "banking"
    filters = {"account": "account_id", "direction": "direction"}
    serializer_class = BankMessageShown

    def get_queryset(self):
        found = super().get_queryset().select_related("account")
        return found if self.action == "content" else found.defer("content")

    @extend_schema(responses={(200, "application/xml"): OpenApiResponse(OpenApiTypes.BINARY)})
    @action(detail=True, renderer_classes=[Json, Xml])
    def content(self, request, pk: str) -> HttpResponse:
        """Read a message as it went over the wire.

        Of a message about many accounts, the owner of one reads the part that is about its own.
        """
        found = self.seen(pk)
        whole = bytes(found.content)
        part = whole if self.actor.party_kind == OPERATOR else own(whole, found.account.iban)[0]
        headers = {
            "Content-Disposition": f'attachment; filename="message-{found.id}.xml"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return HttpResponse(part, content_type=Xml.media_type, headers=headers)


class StatementShown(Row):
    currency = serializers.CharField(source="account.currency")
    iban = serializers.CharField(source="account.iban")
    difference_minor = serializers.IntegerField()

    class Meta:
        model = Statement
        fields = (
            "id", "account", "iban", "currency", "date", "opening_minor", "closing_minor", "ledger_minor",
            "difference_minor", "unmatched", "reconciled_at",
        )  # fmt: skip


class UnmatchedShown(serializers.Serializer):
    side = serializers.ChoiceField(
        choices=["BANK", "PORTAL", "LEDGER"],
        help_text="Who alone knows of it: the bank, a booking that the statement lacks, or the book",
    )
    account_id = serializers.IntegerField()
    date = serializers.DateField()
    reference = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()


class AllUnmatchedShown(serializers.Serializer):
    results = UnmatchedShown(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: all of it is here")


@extend_schema(tags=["bank"])
class Statements(Reading):
    """The bank's days, held against the ledger's cash to the cent."""

    model, view, group = Statement, "banking.view", "banking"
    related = ("account",)
    filters, dated = {"account": "account_id"}, "date"
    serializer_class = StatementShown

    @extend_schema(responses=AllUnmatchedShown)
    @action(detail=True, pagination_class=None, filter_backends=[])
    def unmatched(self, request, pk: str) -> Response:
        """Read what only one side knows of a day."""
        statement = self.seen(pk)
        return Response(AllUnmatchedShown({"results": queries.unmatched(statement), "next": None}).data)


@extend_schema(tags=["bank"])
class BankEntries(Reading):
    """What the banks booked on the party's accounts: credits positive, debits negative."""

    model, view, group = BankEntry, "banking.view", "banking"
    filters = {"account": "account_id", "statement": "statement_id", "instruction": "instruction_id"}
    dated = "booking_date"
    serializer_class = BankEntryShown
