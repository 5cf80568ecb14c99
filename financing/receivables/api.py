"""REST: invoices and credit notes in, the platform's word on them, and its settlements."""

from datetime import date

from django.db.models import F, Sum
from django.utils import timezone
from django.utils.dateparse import parse_date
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.intake import services as intake
from accounts.parties.api import PartyName
from financing.receivables import services
from financing.receivables.models import (
    Assignment,
    CreditNote,
    InvoiceLine,
    Receivable,
    Settlement,
    SettlementLine,
    SettlementPayment,
)
from portal.shared import access
from portal.shared.access import require
from portal.shared.errors import InvalidInput, TooLarge
from portal.shared.openapi import refuses
from portal.shared.parsers import RawParser
from portal.shared.rest import KEY_PARAMETER, Listed, OfActor, Reading, body_of

MAX_IDS, MAX_LINES = 1_000, 10_000


class JsonDocuments(RawParser):
    media_type = "application/json"


class XmlDocument(RawParser):
    media_type = "application/xml"


class XmlText(RawParser):
    media_type = "text/xml"


class ReceivableShown(serializers.ModelSerializer):
    supplier, debtor = PartyName(), PartyName()
    payee = serializers.SerializerMethodField()

    class Meta:
        model = Receivable
        fields = (
            "id", "supplier", "debtor", "document_type", "number", "issue_date", "due_date", "goods_received_date",
            "currency", "gross_minor", "deductions_minor", "credited_minor", "settling_minor", "settled_minor",
            "open_minor", "status", "match", "match_note", "dispute_reason", "received_at", "accepted_at",
            "settled_at", "payee",
        )  # fmt: skip

    def get_payee(self, row: Receivable) -> int:
        """The party to pay: the funder that it is assigned to, or the supplier."""
        return row.funder_id if row.assigned_facility_id and row.funder_id else row.supplier_id


class LineShown(serializers.ModelSerializer):
    class Meta:
        model = InvoiceLine
        fields = (
            "line_number", "order_number", "order_line_number", "sku", "description", "quantity", "unit_price",
            "amount_minor",
        )  # fmt: skip


class CreditNoteShown(serializers.ModelSerializer):
    class Meta:
        model = CreditNote
        fields = ("id", "receivable", "number", "issue_date", "currency", "amount_minor", "reason", "received_at")


class AssignmentShown(serializers.ModelSerializer):
    funder = PartyName()

    class Meta:
        model = Assignment
        fields = (
            "id", "funder", "agreement", "assigned_at", "notified_at", "acknowledged_at", "registry_reference",
            "released_at",
        )  # fmt: skip


class ReceivableInFull(ReceivableShown):
    lines = LineShown(many=True)
    credit_notes = CreditNoteShown(many=True)
    assignments = serializers.SerializerMethodField()

    class Meta(ReceivableShown.Meta):
        fields = (*ReceivableShown.Meta.fields, "lines", "credit_notes", "assignments")

    @extend_schema_field(AssignmentShown(many=True))
    def get_assignments(self, row: Receivable) -> list[dict]:
        """To whom and when: all of it to supplier and debtor, to a funder its own only."""
        actor = self.context["request"].actor
        found = sorted(row.assignments.all(), key=lambda each: each.id)
        if actor.party_kind in access.FUNDERS:
            found = [each for each in found if each.funder_id == actor.party_id]
        return AssignmentShown(found, many=True).data


class ItemShown(serializers.Serializer):
    """One document of a submission: entered, or refused with code and sentence."""

    index = serializers.IntegerField()
    accepted = serializers.BooleanField()
    type = serializers.CharField(allow_blank=True)
    number = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)
    receivable = serializers.IntegerField(source="receivable_id", allow_null=True)
    credit_note = serializers.IntegerField(source="credit_note_id", allow_null=True)
    status = serializers.CharField(allow_blank=True)
    match = serializers.CharField(allow_blank=True)


class SubmissionShown(serializers.Serializer):
    document = serializers.IntegerField(help_text="Under which the content is kept")
    entered = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = ItemShown(many=True)


class NothingEntered(InvalidInput):
    code = "NOTHING_ENTERED"
    sentence = "None of the documents could be entered. Each tells why; what you sent is kept."


def submitted(request) -> Response:
    """Hand the body over as it came. 201 where something entered, 422 where nothing did, 413 where it is too large."""
    content, now = body_of(request), timezone.now()
    results = services.submit(
        actor=request.actor, content=content, media_type=request.content_type or "",
        file_name=request.headers.get("X-File-Name", ""), now=now,
    )  # fmt: skip
    entered = sum(each.accepted for each in results)
    said = {
        "document": results[0].document_id, "entered": entered, "refused": len(results) - entered, "results": results,
    }  # fmt: skip
    said = SubmissionShown(said).data
    if entered:
        return Response(said, status=201)
    if len(results) == 1 and results[0].code == TooLarge.code:
        raise TooLarge(limit_megabytes=intake.MAX_BYTES // 1024**2, document=said["document"])
    code, sentence = (results[0].code, results[0].sentence) if len(results) == 1 else ("", "")
    raise NothingEntered(sentence, code=code, **said)


DOCUMENT_CODES = (
    "NOTHING_ENTERED", "UNSUPPORTED_FORMAT", "JSON_MALFORMED", "XML_MALFORMED", "XML_FORBIDDEN", "EMPTY",
    "TOO_MANY_DOCUMENTS", "WRONG_DOCUMENT_TYPE", "INVOICE_TYPE_UNSUPPORTED", "FIELD_MISSING", "FIELD_INVALID",
    "FIELD_UNKNOWN", "FIELD_TWICE", "FIELD_TOO_LONG", "NUMBER_MISSING", "NUMBER_TOO_LONG", "ISSUE_DATE_MISSING",
    "ISSUED_IN_FUTURE", "DATE_IMPLAUSIBLE", "DATE_INVALID", "DUE_DATE_MISSING", "DUE_BEFORE_ISSUE", "DUE_TOO_FAR",
    "CURRENCY_MISSING", "CURRENCY_UNKNOWN", "MIXED_CURRENCIES", "AMOUNT_INVALID", "AMOUNT_ABSURD", "NEGATIVE_AMOUNT",
    "QUANTITY_INVALID", "LINES_MISSING", "TOO_MANY_LINES", "LINE_NUMBER_TWICE", "PAYABLE_MISSING", "NOTHING_OWED",
    "ROUNDING_TOO_LARGE", "TOTALS_DO_NOT_ADD_UP", "PARTY_NOT_IDENTIFIED", "PARTY_AMBIGUOUS", "NOT_YOUR_DOCUMENT",
    "DUPLICATE_DOCUMENT", "INVOICE_NOT_NAMED", "UNKNOWN_INVOICE", "CREDIT_BEFORE_INVOICE", "CREDIT_ABOVE_OPEN",
    "UNKNOWN_SUPPLIER", "UNKNOWN_DEBTOR",
)  # fmt: skip
INVOICE_EXAMPLE = {
    "number": "A-1001", "issue_date": "2026-03-01", "due_date": "2026-04-30", "currency": "EUR",
    "debtor": {"registration_number": "HRB 1001"}, "payable": "100.00",
    "lines": [{"order": "PO-7", "order_line": "1", "quantity": "10", "unit_price": "10.00", "amount": "100.00"}],
}  # fmt: skip
SUBMIT = extend_schema(
    request={
        "application/json": {
            "description": 'One document, a list, or {"invoices": [...]}; see docs/api.md',
            "oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}],
            "examples": [INVOICE_EXAMPLE],
        },
        "application/xml": {"type": "string", "description": "UBL 2.1 Invoice or CreditNote"},
    },
    responses={201: SubmissionShown},
    parameters=[KEY_PARAMETER],
)


class Ids(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=1, max_length=MAX_IDS
    )


class AnswerShown(serializers.Serializer):
    receivable = serializers.IntegerField(source="receivable_id")
    done = serializers.BooleanField()
    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)


class AnswersShown(serializers.Serializer):
    done = serializers.IntegerField()
    results = AnswerShown(many=True)


class Reason(serializers.Serializer):
    reason = serializers.CharField(max_length=200)


@extend_schema(tags=["receivables"])
class Receivables(Reading):
    """What the platform owes its suppliers."""

    model, view, group = Receivable, "receivables.view", "receivables"
    sorts = {"due_date": "due_date"}
    related = ("supplier", "debtor")
    filters = {"status": "status", "supplier": "supplier_id", "match": "match"}

    def get_queryset(self):
        found = super().get_queryset()
        if self.action in ("list", "create", "accept"):
            return found
        return found.prefetch_related("lines", "credit_notes", "assignments__funder")

    def get_serializer_class(self):
        return ReceivableShown if self.action == "list" else ReceivableInFull

    def get_parsers(self):
        if getattr(self, "action_map", {}).get("post") == "create":
            return [JsonDocuments(), XmlDocument(), XmlText()]
        return super().get_parsers()

    @SUBMIT
    @refuses(*DOCUMENT_CODES)
    def create(self, request) -> Response:
        """Hand in invoices or settlement statements: one, a list, or UBL."""
        return submitted(request)

    @extend_schema(request=Ids, responses=AnswersShown, parameters=[KEY_PARAMETER])
    @action(detail=False, methods=["post"])
    def accept(self, request) -> Response:
        """Accept receivables: each is answered for itself, in their order."""
        given = self.checked(Ids)
        answers = services.accept(actor=self.actor, receivable_ids=given["ids"], now=timezone.now())
        said = {"done": sum(each.done for each in answers), "results": answers}
        return Response(AnswersShown(said).data)

    @extend_schema(request=Reason, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION", "PAYMENT_UNDER_WAY", "REASON_MISSING")
    def dispute(self, request, pk: str) -> Response:
        """Dispute a receivable."""
        given = self.checked(Reason)
        return self.answer(services.dispute(actor=self.actor, receivable_id=int(pk), now=timezone.now(), **given))

    @extend_schema(request=None, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION")
    def resolve(self, request, pk: str) -> Response:
        """End a dispute."""
        return self.answer(services.resolve_dispute(actor=self.actor, receivable_id=int(pk), now=timezone.now()))

    @extend_schema(request=Reason, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION", "ALREADY_ACCEPTED", "PAYMENT_UNDER_WAY", "REASON_MISSING")
    def cancel(self, request, pk: str) -> Response:
        """Cancel a receivable that was handed in by mistake."""
        given = self.checked(Reason)
        return self.answer(services.cancel(actor=self.actor, receivable_id=int(pk), now=timezone.now(), **given))


@extend_schema(tags=["credit notes"])
class CreditNotes(Reading):
    """What reduces a receivable without cash."""

    model, view, group = CreditNote, "receivables.view", "receivables"
    filters = {"receivable": "receivable_id", "supplier": "supplier_id"}
    serializer_class = CreditNoteShown
    parser_classes = [JsonDocuments, XmlDocument, XmlText]

    @SUBMIT
    @refuses(*DOCUMENT_CODES)
    def create(self, request) -> Response:
        """Hand in credit notes: one, a list, or UBL."""
        return submitted(request)


PAYING = (
    "NOT_SETTLEABLE", "ABOVE_OPEN_AMOUNT", "MIXED_CURRENCIES", "SETTLEMENT_KEY_REUSED", "RECEIVABLE_NAMED_TWICE",
    "NO_BANK_ACCOUNT",
)  # fmt: skip


class LineAsked(serializers.Serializer):
    receivable = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    amount_minor = serializers.IntegerField(
        allow_null=True, default=None, min_value=1, max_value=10**15, help_text="null: all that is open"
    )


class SettlementAsked(serializers.Serializer):
    key = serializers.CharField(max_length=80, help_text="Names the settlement: asked for again, it is the same one")
    lines = serializers.ListField(child=LineAsked(), min_length=1, max_length=MAX_LINES)


class SettlementLineShown(serializers.ModelSerializer):
    class Meta:
        model = SettlementLine
        fields = ("receivable", "amount_minor")


class PaymentShown(serializers.ModelSerializer):
    payee = PartyName()

    class Meta:
        model = SettlementPayment
        fields = ("id", "payee", "amount_minor", "status", "instruction", "booked_at", "value_date", "failure")


class PaymentInFull(PaymentShown):
    lines = SettlementLineShown(many=True)

    class Meta(PaymentShown.Meta):
        fields = (*PaymentShown.Meta.fields, "lines")


class SettlementShown(serializers.ModelSerializer):
    payments = PaymentShown(many=True)

    class Meta:
        model = Settlement
        fields = ("id", "key", "currency", "created_at", "payments")


class SettlementInFull(SettlementShown):
    payments = PaymentInFull(many=True)


class DueShown(serializers.Serializer):
    on = serializers.DateField()
    count = serializers.IntegerField()
    totals = serializers.DictField(child=serializers.IntegerField(), help_text="Minor units by currency")
    lines = LineAsked(many=True, help_text="At most 10,000, oldest due first: the body of a settlement")


@extend_schema(tags=["settlements"])
class Settlements(Listed, OfActor):
    """The platform's orders to pay what it owes."""

    model, view, group = Settlement, "receivables.settle", "settlements"

    def get_queryset(self):
        found = super().get_queryset().prefetch_related("payments__payee")
        return found if self.action == "list" else found.prefetch_related("payments__lines")

    def get_serializer_class(self):
        return SettlementShown if self.action == "list" else SettlementInFull

    def retrieve(self, request, pk: str) -> Response:
        return Response(self.get_serializer(self.seen(pk)).data)

    @extend_schema(request=SettlementAsked, responses={201: SettlementInFull}, parameters=[KEY_PARAMETER])
    @refuses(
        "NOT_SETTLEABLE",
        "ABOVE_OPEN_AMOUNT",
        "MIXED_CURRENCIES",
        "SETTLEMENT_KEY_REUSED",
        "RECEIVABLE_NAMED_TWICE",
        "NO_BANK_ACCOUNT",
    )
    def create(self, request) -> Response:
        """Order the payment of receivables."""
        given = self.checked(SettlementAsked)
        made = services.settle(
            actor=self.actor, key=given["key"], now=timezone.now(),
            lines=[(each["receivable"], each["amount_minor"]) for each in given["lines"]],
        )  # fmt: skip
        return Response(self.get_serializer(self.get_queryset().get(pk=made.pk)).data, status=201)

    @extend_schema(
        responses=DueShown,
        parameters=[OpenApiParameter("on", date, required=True, description="Due on this day or before")],
    )
    @action(detail=False)
    @refuses("DATE_INVALID")
    def due(self, request) -> Response:
        """What the platform has to pay by a day, ready to be sent as a settlement."""
        require(self.actor, self.view)
        on = _day(request.query_params.get("on", ""))
        owed = (
            Receivable.objects.visible_to(self.actor)
            .filter(
                status__in=[Receivable.Status.ACCEPTED, Receivable.Status.ASSIGNED], due_date__lte=on,
                open_minor__gt=F("settling_minor"),
            )
            .annotate(payable=F("open_minor") - F("settling_minor"))
        )  # fmt: skip
        totals = dict(owed.order_by().values_list("currency").annotate(Sum("payable")))
        rows = owed.order_by("due_date", "id").values_list("id", "payable")[:MAX_LINES]
        lines = [{"receivable": receivable, "amount_minor": payable} for receivable, payable in rows]
        return Response(DueShown({"on": on, "count": len(lines), "totals": totals, "lines": lines}).data)


def _day(given: str) -> date:
    try:
        found = parse_date(given)
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput("Give a day as in 2026-03-31.", code="DATE_INVALID")
    return found
