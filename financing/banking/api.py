"""REST: accounts at banks, payments, statements."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.parties.api import PartyName
from financing.banking import queries, services
from financing.banking.models import BankAccount, PaymentInstruction, Statement
from portal.shared.access import require
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Reading

ACCOUNT_CODES = (
    "IBAN_INVALID", "BIC_INVALID", "CURRENCY_INVALID", "ACCOUNT_TAKEN", "ACCOUNT_OPEN", "CONNECTED_BY_OPERATOR",
)  # fmt: skip


class BankAccountShown(serializers.ModelSerializer):
    party = PartyName()
    balance_minor = serializers.IntegerField(allow_null=True, help_text="As the bank told it; null before it has")
    stated_on = serializers.DateField(allow_null=True)

    class Meta:
        model = BankAccount
        fields = (
            "id", "party", "holder", "iban", "bic", "currency", "connected", "created_at", "closed_at", "balance_minor",
            "stated_on",
        )  # fmt: skip


class BankAccountReplacement(serializers.Serializer):
    holder = serializers.CharField(max_length=70)
    iban = serializers.CharField(max_length=42)
    bic = serializers.CharField(max_length=11, required=False, allow_blank=True, default="")


class BankAccountRegistered(BankAccountReplacement):
    currency = serializers.CharField(max_length=3)


@extend_schema(tags=["bank"])
class BankAccounts(Reading):
    """The party's own accounts: where its money comes from and goes to."""

    model, view, group = BankAccount, "parties.view", "banking"
    serializer_class = BankAccountShown

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return BankAccount.objects.none()
        return queries.accounts(actor=self.actor)

    @extend_schema(request=BankAccountRegistered, responses={201: BankAccountShown}, parameters=[KEY_PARAMETER])
    @refuses(*ACCOUNT_CODES)
    def create(self, request) -> Response:
        """Register an account."""
        given = self.checked(BankAccountRegistered)
        made = services.register_account(actor=self.actor, party_id=self.actor.party_id, now=timezone.now(), **given)
        return self.answer(made, 201)

    @extend_schema(request=BankAccountReplacement, responses={201: BankAccountShown}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses(*ACCOUNT_CODES)
    def replace(self, request, pk: str) -> Response:
        """Be paid to another account from now on, in the same currency."""
        account = self.seen(pk)
        require(self.actor, "banking.register_account")
        given = self.checked(BankAccountReplacement)
        made = services.replace_account(actor=self.actor, account_id=account.id, now=timezone.now(), **given)
        return self.answer(made, 201)

    @extend_schema(request=None, responses=BankAccountShown, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("CONNECTED_BY_OPERATOR")
    def close(self, request, pk: str) -> Response:
        """Be paid to this account no more."""
        return self.answer(services.close_account(actor=self.actor, account_id=int(pk), now=timezone.now()))


class InstructionShown(serializers.ModelSerializer):
    payer = PartyName(source="account.party")
    payee = PartyName()

    class Meta:
        model = PaymentInstruction
        fields = (
            "id", "purpose", "payer", "payee", "creditor_name", "creditor_iban", "amount_minor", "currency",
            "end_to_end_id", "remittance", "subject_type", "subject_id", "status", "reason", "reason_text",
            "created_at", "sent_at", "answered_at", "settled_at",
        )  # fmt: skip


@extend_schema(tags=["bank"])
class Instructions(Reading):
    """Payments: those that the party makes, and those made to it."""

    model, view, group = PaymentInstruction, "banking.view", "banking"
    related = ("account__party", "payee")
    filters = {"status": "status", "purpose": "purpose"}
    serializer_class = InstructionShown


class StatementShown(serializers.ModelSerializer):
    currency = serializers.CharField(source="account.currency")
    iban = serializers.CharField(source="account.iban")
    difference_minor = serializers.IntegerField()

    class Meta:
        model = Statement
        fields = (
            "id", "account", "iban", "currency", "date", "opening_minor", "closing_minor", "ledger_minor",
            "difference_minor", "unmatched", "reconciled_at",
        )  # fmt: skip


@extend_schema(tags=["bank"])
class Statements(Reading):
    """The bank's days, held against the ledger's cash to the cent."""

    model, view, group = Statement, "banking.view", "banking"
    related = ("account",)
    filters = {"account": "account_id"}
    serializer_class = StatementShown
