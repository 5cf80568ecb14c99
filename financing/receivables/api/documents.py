"""REST: invoices and credit notes in, and the platform's word on them."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.intake import services as intake
from accounts.parties.api import PartyName
from financing.receivables import overview as glance
from financing.receivables import services
from financing.receivables.api.described import CREDIT_NOTE, INVOICE, UBL_CREDIT_NOTE, UBL_INVOICE, handed_in
from financing.receivables.comparison import compare
from financing.receivables.documents import CLAIMS, NOTES
from financing.receivables.models import Assignment, CreditNote, InvoiceLine, Receivable
from portal.shared import access
from portal.shared.access import require
from portal.shared.bodies import Answered, Items, counted, told, values
from portal.shared.errors import Forbidden, InvalidInput, TooLarge
from portal.shared.openapi import refuses
from portal.shared.parsers import RawParser
from portal.shared.problems import PROBLEMS
from portal.shared.rest import KEY_PARAMETER, Reading, body_of
from portal.shared.rows import Row

MAX_IDS = 1_000


class JsonDocuments(RawParser):
    media_type = "application/json"


class XmlDocument(RawParser):
    media_type = "application/xml"


class XmlText(RawParser):
    media_type = "text/xml"


class ReceivableShown(Row):
    supplier, debtor = PartyName(), PartyName()
    payee = serializers.SerializerMethodField()
    reads = ("supplier_id", "funder_id", "assigned_facility_id")

    class Meta:
        model = Receivable
        fields = (
            "id", "supplier", "debtor", "document_type", "number", "issue_date", "due_date", "goods_received_date",
            "currency", "gross_minor", "deductions_minor", "credited_minor", "settling_minor", "settled_minor",
            "open_minor", "status", "match", "match_note", "dispute_reason", "received_at", "accepted_at",
            "settled_at", "payee",
        )  # fmt: skip
        extra_kwargs = {
            "open_minor": {
                "help_text": "Gross less deductions, credit notes and settlements; nobody owes it where CANCELLED"
            }
        }

    def get_payee(self, row: Receivable) -> int:
        """The party to pay: the funder that it is assigned to, or the supplier."""
        return row.funder_id if row.assigned_facility_id and row.funder_id else row.supplier_id


class LineShown(Row):
    class Meta:
        model = InvoiceLine
        fields = (
            "line_number", "order_number", "order_line_number", "sku", "description", "quantity", "unit_price",
            "amount_minor",
        )  # fmt: skip


class CreditNoteShown(Row):
    class Meta:
        model = CreditNote
        fields = ("id", "receivable", "number", "issue_date", "currency", "amount_minor", "reason", "received_at")


class AssignmentShown(Row):
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
    reads = None

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


def submitted(request, types: tuple[str, ...]) -> Response:
    """Hand the body over as it came, where documents of these types are taken.

    201 where something entered; where nothing did the status of the one document's code, 422 where there are several.
    """
    content, now = body_of(request), timezone.now()
    results = services.submit(
        actor=request.actor, content=content, media_type=request.content_type or "",
        file_name=request.headers.get("X-File-Name", ""), types=types, now=now,
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
    if len(results) > 1:
        raise NothingEntered(**said)
    refusal = NothingEntered(results[0].sentence, code=results[0].code, **said)
    refusal.status, _meaning = PROBLEMS[refusal.code]
    raise refusal


DOCUMENT_CODES = (
    "CONTENT_HARMFUL", "SCANNER_UNAVAILABLE",
    "NOTHING_ENTERED", "UNSUPPORTED_FORMAT", "PARSE_ERROR", "XML_MALFORMED", "XML_FORBIDDEN", "EMPTY",
    "TOO_MANY_DOCUMENTS", "WRONG_DOCUMENT_TYPE", "INVOICE_TYPE_UNSUPPORTED", "FIELD_MISSING", "FIELD_INVALID",
    "FIELD_UNKNOWN", "FIELD_TWICE", "FIELD_TOO_LONG", "NUMBER_MISSING", "NUMBER_TOO_LONG", "ISSUE_DATE_MISSING",
    "ISSUED_IN_FUTURE", "DATE_IMPLAUSIBLE", "DATE_INVALID", "DUE_DATE_MISSING", "DUE_BEFORE_ISSUE", "DUE_TOO_FAR",
    "CURRENCY_MISSING", "CURRENCY_UNKNOWN", "MIXED_CURRENCIES", "AMOUNT_INVALID", "AMOUNT_ABSURD", "NEGATIVE_AMOUNT",
    "QUANTITY_INVALID", "LINES_MISSING", "TOO_MANY_LINES", "LINE_NUMBER_TWICE", "PAYABLE_MISSING", "NOTHING_OWED",
    "ROUNDING_TOO_LARGE", "TOTALS_DO_NOT_ADD_UP", "PARTY_NOT_IDENTIFIED", "PARTY_AMBIGUOUS", "NOT_YOUR_DOCUMENT",
    "DUPLICATE_DOCUMENT", "NOT_AVAILABLE_AS_SECURITY", "INVOICE_NOT_NAMED", "UNKNOWN_INVOICE",
    "CREDIT_BEFORE_INVOICE", "CREDIT_ABOVE_OPEN", "UNKNOWN_SUPPLIER", "UNKNOWN_DEBTOR",
)  # fmt: skip


class Ids(serializers.Serializer):
    ids = Items(child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=1, max_length=MAX_IDS)


class AnswerShown(Answered):
    receivable = serializers.IntegerField(source="receivable_id", allow_null=True, help_text="null: none could be read")


class AnswersShown(serializers.Serializer):
    done = serializers.IntegerField()
    results = AnswerShown(many=True)


class Reason(serializers.Serializer):
    reason = serializers.CharField(max_length=200)


class AmountWaiting(serializers.Serializer):
    currency = serializers.CharField()
    count = serializers.IntegerField()
    amount_minor = serializers.IntegerField()


class WaitingShown(serializers.Serializer):
    count = serializers.IntegerField(help_text="Received or disputed")
    disputed = serializers.IntegerField()
    since = serializers.DateTimeField(allow_null=True, help_text="When the oldest came in")
    amounts = AmountWaiting(many=True)


class MatchedShown(serializers.Serializer):
    """Of what was accepted in thirty days: how many by the three-way match, with no hand."""

    count = serializers.IntegerField()
    by_match = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)


class OverviewShown(serializers.Serializer):
    waiting = WaitingShown()
    matched = MatchedShown()
    due_soon = AmountWaiting(many=True, help_text="Falls due within a week, or already has")
    financed = AmountWaiting(many=True, help_text="Assigned to funders now")


class OrderedShown(serializers.Serializer):
    order_number = serializers.CharField(source="order.number")
    line_number = serializers.CharField()
    sku = serializers.CharField(allow_blank=True)
    quantity = serializers.DecimalField(max_digits=18, decimal_places=3)
    unit_price = serializers.DecimalField(max_digits=18, decimal_places=4)
    currency = serializers.CharField()
    cancelled_at = serializers.DateTimeField(allow_null=True)


class ReceivedShown(serializers.Serializer):
    quantity = serializers.DecimalField(max_digits=18, decimal_places=3)
    of_others = serializers.DecimalField(
        max_digits=18, decimal_places=3, help_text="Of it: what other documents have invoiced"
    )
    received_at = serializers.DateTimeField()


class ComparedShown(serializers.Serializer):
    """A line of the invoice beside the line of the order that it names and what arrived of that."""

    invoiced = LineShown()
    ordered = OrderedShown(allow_null=True, help_text="null: no such order line is known")
    receipts = ReceivedShown(many=True)
    match = serializers.ChoiceField(choices=Receivable.Match.choices)
    notes = serializers.ListField(child=serializers.CharField())


@extend_schema(tags=["receivables"])
class Receivables(Reading):
    """What the platform owes its suppliers."""

    model, view, group = Receivable, "receivables.view", "receivables"
    sorts, dated = {"due_date": "due_date"}, "due_date"
    related = ("supplier", "debtor")
    filters = {"status": "status", "supplier": "supplier_id", "match": "match"}
    spans, texts = {"issued": "issue_date"}, {"number": "number"}

    def get_queryset(self):
        found = super().get_queryset()
        if self.action in ("list", "create", "accept", "overview"):
            return found
        return found.prefetch_related("lines", "credit_notes", "assignments__funder")

    def get_serializer_class(self):
        return ReceivableShown if self.action == "list" else ReceivableInFull

    def get_parsers(self):
        if getattr(self, "action_map", {}).get("post") == "create":
            return [JsonDocuments(), XmlDocument(), XmlText()]
        return super().get_parsers()

    @extend_schema(responses=OverviewShown)
    @action(detail=False, pagination_class=None, filter_backends=[])
    def overview(self, request) -> Response:
        """The platform's payables at a glance: what waits for it, what falls due, what was matched and financed."""
        self._as_platform()
        now = timezone.now()
        return Response(OverviewShown({
            "waiting": glance.waiting(self.actor), "matched": glance.matched_share(self.actor, now),
            "due_soon": glance.due_soon(self.actor, timezone.localdate(now)), "financed": glance.financed(self.actor),
        }).data)  # fmt: skip

    @extend_schema(responses=ComparedShown(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def comparison(self, request, pk: str) -> Response:
        """Order, receipt and invoice line by line, as they stand now: what the platform accepts or disputes by."""
        found = self.seen(pk)
        self._as_platform()
        return Response(ComparedShown(compare(found), many=True).data)

    def _as_platform(self) -> None:
        """What arrived and what waits is the debtor's own business."""
        if self.actor.party_kind != access.PLATFORM:
            raise Forbidden()
        require(self.actor, self.view)

    @handed_in(INVOICE, "invoices", UBL_INVOICE, SubmissionShown)
    @refuses(*DOCUMENT_CODES)
    def create(self, request) -> Response:
        """Hand in invoices or settlement statements: one, a list, or UBL.

        Credit notes are refused here: `credit-notes/` takes them.
        """
        return submitted(request, CLAIMS)

    @extend_schema(request=Ids, responses=AnswersShown, parameters=[KEY_PARAMETER])
    @action(detail=False, methods=["post"])
    def accept(self, request) -> Response:
        """Accept receivables: each is answered for itself, in their order."""
        items = self.checked(Ids)["ids"]
        answers = services.accept(actor=self.actor, receivable_ids=values(items), now=timezone.now())
        results = told(items, answers)
        return Response(AnswersShown({"done": counted(results)["entered"], "results": results}).data)

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

    @handed_in(CREDIT_NOTE, "credit_notes", UBL_CREDIT_NOTE, SubmissionShown)
    @refuses(*DOCUMENT_CODES)
    def create(self, request) -> Response:
        """Hand in credit notes: one, a list, or UBL.

        Invoices are refused here: `receivables/` takes them.
        """
        return submitted(request, NOTES)
