"""The platform's suppliers: how each trades with it, by its own records. What a supplier borrows is not among them."""

from datetime import date, timedelta
from functools import partial

from django.db.models import DecimalField, F, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.parties.models import Party
from financing.receivables.models import Receivable
from logistics.orders.models import PurchaseOrder, ReceiptLine, ReturnLine
from logistics.orders.queries import Deliveries, summed
from portal.shared.access import PLATFORM, Actor
from portal.shared.errors import NotFound
from portal.ui.charts import Chart, Series
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.platform.recognising import asked_of
from portal.workspaces.platform.trading import called, health, main_currency, recent_deliveries, trading

MONTHS = 12
S = Receivable.Status


def _columns(delivered: dict[int, Deliveries]) -> tuple[Column, ...]:
    """`delivered` is filled once the page's rows are known: it is read for those alone."""

    def share(name: str, label) -> Column:
        return Column(name, label, kind="percent", value=lambda row: getattr(delivered.get(row.pk), name, None))

    return (
        Column("name", gettext_lazy("Supplier"), sort=True,
               url=lambda row: reverse("platform:supplier", args=[row.pk])),
        Column("orders", gettext_lazy("Orders"), kind="number", sort=True),
        share("on_time_share", gettext_lazy("Sent in time")),
        share("fulfilled_share", gettext_lazy("Arrived")),
        share("return_share", gettext_lazy("Sent back")),
        Column("waiting", gettext_lazy("To accept"), kind="number", sort=True),
        Column("owed_minor", pgettext_lazy("platform", "Owed"), kind="money", sort=True, currency="owed_currency"),
    )  # fmt: skip


@for_kinds(PLATFORM)
def suppliers(request: HttpRequest) -> HttpResponse:
    currency = main_currency(request.actor)
    delivered: dict[int, Deliveries] = {}
    table = SupplierTable(
        request, trading(request.actor, currency), _columns(delivered), name="suppliers", caption=_("Suppliers"),
        search=partial(called, request.actor), order="-owed_minor", live="receivables.receivable",
        filters=(Filter("status", _("State"), [(code, state(code).label) for code in ("ADMITTED", "SUSPENDED")]),),
        empty={
            "title": _("No supplier yet"), "text": _("Suppliers appear with the first order or invoice of theirs."),
            "url": reverse("platform:trade"), "action": _("Hand in trade history"),
        },
    )  # fmt: skip
    table.currency = currency
    if table.export_wanted:
        delivered |= recent_deliveries(request.actor, [row.pk for row in table.selected])
        return table.as_file()
    delivered |= recent_deliveries(request.actor, [row.pk for row in table.page.object_list])
    return render(request, "platform/suppliers.html", {"table": table, "asked": asked_of(request.actor)})


class SupplierTable(Table):
    """What is owed is in one currency, which is no column of a party."""

    currency = ""

    def _cell(self, column: Column, record: Party):
        record.owed_currency = self.currency
        return super()._cell(column, record)


RECEIVABLES = (
    Column("number", gettext_lazy("Invoice"), kind="id", sort=True,
           url=lambda row: reverse("platform:receivable", args=[row.pk])),
    Column("issue_date", gettext_lazy("Issued"), kind="day", sort=True),
    Column("due_date", gettext_lazy("Due"), kind="day", sort=True),
    Column("match", gettext_lazy("Found"), kind="status", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
    Column("owed_minor", gettext_lazy("Open"), kind="money", sort="owed"),
)  # fmt: skip
ORDERS = (
    Column("number", gettext_lazy("Order"), kind="id", sort=True),
    Column("ordered_at", gettext_lazy("Ordered"), kind="instant", sort=True),
    Column("lines_count", gettext_lazy("Lines"), kind="number", sort=True),
    Column("amount_minor", gettext_lazy("Amount"), kind="money"),
)


@for_kinds(PLATFORM)
def supplier(request: HttpRequest, supplier_id: int) -> HttpResponse:
    currency = main_currency(request.actor)
    found = trading(request.actor, currency).filter(id=supplier_id).first()
    if found is None:
        raise NotFound()
    claims = Receivable.objects.visible_to(request.actor).in_owed().filter(supplier=found)
    receivables = Table(
        request, claims, RECEIVABLES, name="invoices", caption=_("Invoices"), search=("number",), order="-issue_date",
        filters=(Filter("status", _("State"), [(code, state(code).label) for code in S.values]),), page_size=10,
        live="receivables.receivable", empty={"title": _("No invoice yet")},
    )  # fmt: skip
    ordered = summed(PurchaseOrder.objects.visible_to(request.actor).filter(supplier=found))
    orders = Table(
        request, ordered, ORDERS, name="orders", caption=_("Orders"), search=("number",), order="-ordered_at",
        page_size=10, empty={"title": _("No order known")},
    )  # fmt: skip
    for each in (receivables, orders):
        if each.export_wanted:
            return each.as_file()
    context = {
        "supplier": found, "currency": currency, "receivables": receivables, "orders": orders,
        "health": health(request.actor, found, currency),
        "months": _months(request.actor, found, currency),
    }  # fmt: skip
    return render(request, "platform/supplier.html", context)


def _months(actor: Actor, found: Party, currency: str) -> Chart:
    """What arrived and what went back, by month."""
    today = timezone.localdate()
    begins = [_month(today, back) for back in range(MONTHS - 1, -1, -1)]
    ours = {"order_line__order__supplier": found, "order_line__order__platform_id": actor.party_id,
            "order_line__currency": currency}  # fmt: skip
    arrived = _by_month(
        ReceiptLine.objects.filter(received_at__date__gte=begins[0], **ours), "received_at",
        F("order_line__amount_minor") * F("quantity") / F("order_line__quantity"),
    )  # fmt: skip
    back = _by_month(ReturnLine.objects.filter(returned_at__date__gte=begins[0], **ours), "returned_at",
                     F("amount_minor"))  # fmt: skip
    return Chart(
        kind="bar", head=_("Month"), labels=begins, by_month=True, unit="money", currency=currency,
        series=[
            Series(_("arrived"), [arrived.get(each, 0) for each in begins]),
            Series(_("sent back"), [back.get(each, 0) for each in begins], tone="ochre"),
        ],
    )  # fmt: skip


def _by_month(rows: QuerySet, when: str, amount) -> dict[date, int]:
    total = Sum(amount, output_field=DecimalField(max_digits=24, decimal_places=6))
    found = rows.order_by().annotate(month=TruncMonth(when)).values("month").annotate(total=total)
    return {row["month"].date(): int(row["total"] or 0) for row in found}


def _month(today: date, back: int) -> date:
    first = today.replace(day=1)
    for _step in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
    return first
