"""Purchase orders, what was received of them and what went back: the trade that everything else is measured by."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Collate, Upper

from accounts.intake.models import Document
from accounts.parties.models import Party
from portal.shared import access
from portal.shared.access import Actor
from portal.shared.choices import Choices
from portal.shared.workflow import Lifecycle


class PurchaseOrderQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """The buyer and the seller; the operator. Funders see features and documents, not orders."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(Q(supplier_id=actor.party_id) | Q(platform_id=actor.party_id))


class PurchaseOrder(models.Model):
    platform = models.ForeignKey(Party, models.PROTECT, related_name="+")
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+")
    number = models.CharField(max_length=80)
    ordered_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = PurchaseOrderQuerySet.as_manager()

    class Meta:
        constraints = [
            # One order may be filled by several suppliers; the same number twice for one supplier is the same order.
            models.UniqueConstraint(fields=["platform", "number", "supplier"], name="order_number_once")
        ]
        indexes = [models.Index(fields=["supplier", "platform", "ordered_at"], name="order_by_supplier")]

    def __str__(self):
        return self.number


class OrderLine(models.Model):
    """One item of an order. Times are those of the trade; `recorded_at` is when the portal learned of the line."""

    order = models.ForeignKey(PurchaseOrder, models.CASCADE, related_name="lines")
    line_number = models.CharField(max_length=20)
    sku = models.CharField(max_length=80)
    category = models.CharField(max_length=80, blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit = models.CharField(max_length=3, default="H87", help_text="UN/ECE Rec 20; H87 is a piece")
    unit_price = models.DecimalField(max_digits=16, decimal_places=4)
    amount_minor = models.BigIntegerField(help_text="Quantity x unit price, what the platform pays for the goods.")
    currency = models.CharField(max_length=3)
    despatch_by = models.DateTimeField(null=True)
    despatched_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "line_number"], name="order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0, amount_minor__gte=0), name="order_line_plausible"),
        ]

    def __str__(self):
        return f"{self.order} / {self.line_number}"


class ReceiptLine(models.Model):
    """Goods of one order line that arrived. What is invoiced of it is counted here, under this row's lock."""

    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="receipts")
    number = models.CharField(max_length=80)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    invoiced_quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    received_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_line", "number"], name="receipt_line_once"),
            # Goods invoiced twice would be financed twice.
            models.CheckConstraint(
                condition=Q(quantity__gt=0, invoiced_quantity__gte=0, invoiced_quantity__lte=F("quantity")),
                name="receipt_invoiced_once",
            ),
        ]
        indexes = [models.Index(fields=["received_at"], name="receipt_by_time")]


class ReturnLine(models.Model):
    """Goods of one order line that went back."""

    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="returns")
    number = models.CharField(max_length=80)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=80, blank=True)
    returned_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_line", "number"], name="return_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0, amount_minor__gte=0), name="return_line_plausible"),
        ]


class SupplierNumberQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """The supplier that says so, the platform that is asked; the operator."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(Q(supplier_id=actor.party_id) | Q(platform_id=actor.party_id))

    def in_force(self):
        """By which the documents of a platform name its suppliers."""
        return self.filter(status=SupplierNumber.Status.CONFIRMED)


class SupplierNumber(Lifecycle, models.Model):
    """By which number a platform's documents name a supplier: theirs alone, another platform's may mean somebody else.

    A platform's own trade brings it, or a supplier says it and the platform knows whether that is true. What stood
    under the number before goes over to the supplier with the platform's word: `taken_over` is who had it.
    """

    class Status(Choices):
        PROPOSED = "PROPOSED"
        CONFIRMED = "CONFIRMED"
        REFUSED = "REFUSED"
        WITHDRAWN = "WITHDRAWN"

    NEXT = {Status.PROPOSED: {Status.CONFIRMED, Status.REFUSED, Status.WITHDRAWN}}

    platform = models.ForeignKey(Party, models.PROTECT, related_name="+")
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="supplier_numbers")
    number = models.CharField(max_length=80)
    status = models.CharField(max_length=9, choices=Status, default=Status.PROPOSED)
    proposed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=80, blank=True, help_text="Empty: the platform's own trade brought it")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=280, blank=True, help_text="Why it was refused: the supplier reads it")
    taken_over = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")

    objects = SupplierNumberQuerySet.as_manager()

    class Meta:
        constraints = [
            # At each platform one in force, and one that it is asked about.
            models.UniqueConstraint(
                fields=["supplier", "platform", "status"], condition=Q(status__in=["PROPOSED", "CONFIRMED"]),
                name="supplier_number_one",
            ),
            # One seller's trade in two suppliers' hands. What documents name is looked up here.
            models.UniqueConstraint(
                fields=["platform", "number"], condition=Q(status="CONFIRMED"), name="supplier_number_once"
            ),
            models.CheckConstraint(
                condition=Q(status="PROPOSED", decided_at__isnull=True, decided_by="")
                | (~Q(status="PROPOSED") & Q(decided_at__isnull=False) & ~Q(decided_by="")),
                name="supplier_number_decided_by_somebody",
            ),
            # Who says so does not confirm it, whatever other party they act for.
            models.CheckConstraint(
                condition=~Q(status="CONFIRMED") | ~Q(decided_by=F("proposed_by")), name="supplier_number_by_two"
            ),
        ]  # fmt: skip
        indexes = [
            # Search by the beginning: of the platform itself, and of the operator among all of them.
            models.Index(
                "platform", Collate(Upper("number"), "C"), condition=Q(status="CONFIRMED"), name="supplier_number_here"
            ),
            models.Index(
                Collate(Upper("number"), "C"), condition=Q(status="CONFIRMED"), name="supplier_number_anywhere"
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.number
