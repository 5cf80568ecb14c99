"""Trade history: files come in, and what became of every row can be read."""

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.intake.models import Document
from accounts.intake.services import KEPT_OF_OVERSIZED
from logistics.orders.rules import MAPPINGS
from logistics.orders.services import hand_in
from portal.shared.access import PLATFORM, permits, require
from portal.shared.errors import NotFound, RuleViolation, TooLarge
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.platform import queries

MAPPING_WORDS = {
    "portolan": gettext_lazy("Portolan's own columns"),
    "olist": gettext_lazy("Columns of Olist's public data"),
}
IMPORTS = (
    Column("id", gettext_lazy("Import"), kind="id", sort=True,
           url=lambda row: reverse("platform:trade_import", args=[row.pk])),
    Column("file_name", gettext_lazy("File"), sort=True),
    Column("received_at", gettext_lazy("Came in"), kind="instant", sort=True),
    Column("outcome", gettext_lazy("Outcome"), kind="status", of="document", sort=True),
    Column("rows_lines", gettext_lazy("Rows"), kind="number", sort=True),
    Column("rows_new", gettext_lazy("New"), kind="number", sort=True),
    Column("rows_known", gettext_lazy("Known"), kind="number", sort=True),
    Column("rows_refused_lines", gettext_lazy("Refused"), kind="number", sort=True),
)  # fmt: skip
REFUSED = (
    Column("line", gettext_lazy("Line"), sort=True),
    Column("code", gettext_lazy("Code"), sort=True),
    Column("reason", gettext_lazy("Reason")),
)


def mappings() -> list[tuple[str, str]]:
    """Our own columns first."""
    return [(name, MAPPING_WORDS.get(name, name)) for name in sorted(MAPPINGS, key=lambda name: name != "portolan")]


class TradeFile(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("CSV, plain or gzip, 10 MB at most."),
        widget=forms.FileInput(attrs={"accept": ".csv,.gz,text/csv,application/gzip"}),
    )  # fmt: skip
    mapping = forms.ChoiceField(label=gettext_lazy("Columns"), choices=mappings)


@for_kinds(PLATFORM)
def home(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, TradeFile())
    require(request.actor, "orders.import_trade")
    form = TradeFile(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        # What comes by a page is held to the limit of a page; the command takes larger files.
        document = hand_in(
            actor=request.actor, platform_id=request.actor.party_id, content=form.cleaned_data["file"],
            mapping=form.cleaned_data["mapping"], limit=settings.MAX_DOCUMENT_BYTES, now=timezone.now(),
            file_name=form.cleaned_data["file"].name,
        )  # fmt: skip
    except NotFound:
        raise
    except RuleViolation as refusal:
        return _page(request, form, refusal=refusal, status=refusal.status)
    return redirect("platform:trade_import", document.id)


def _page(request: HttpRequest, form: TradeFile, *, refusal=None, status=200) -> HttpResponse:
    table = Table(
        request, queries.imports(request.actor), IMPORTS, name="imports", caption=_("Imports"), search=("file_name",),
        filters=(Filter("outcome", _("Outcome"), [(c, state(c, of="document").label) for c in Document.Outcome]),),
        order="-id", live="intake.document",
        empty={
            "title": _("No trade history yet"),
            "text": _("Hand in orders and receipts above: invoices are held against them, suppliers scored by them."),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {
        "table": table, "form": form, "refusal": refusal, "is_large": isinstance(refusal, TooLarge),
        "kept_bytes": KEPT_OF_OVERSIZED,
        "required": [(word, sorted(MAPPINGS[name].required)) for name, word in mappings()],
        "may_import": permits(request.actor, "orders.import_trade"),
    }  # fmt: skip
    return render(request, "platform/trade.html", context, status=status)


@for_kinds(PLATFORM)
def report(request: HttpRequest, document_id: int) -> HttpResponse:
    """What became of a file, and of each row that was refused."""
    rows = Document.objects.visible_to(request.actor).filter(kind=Document.Kind.TRADE_HISTORY).defer("content")
    document = rows.filter(id=document_id).first()
    if document is None:
        raise NotFound()
    codes = document.report.get("refused_by_code", {})
    table = Table(
        request, document.refused, REFUSED, name="refused", caption=_("Refused rows"),
        search=("reason",), filters=(Filter("code", _("Code"), [(code, code) for code in codes]),), order="line",
        empty={"title": _("No row was refused"), "text": _("Every row of the file is true as far as can be seen.")},
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {
        "document": document,
        "report": document.report,
        "entering": document.outcome == Document.Outcome.RECEIVED,
        "codes": codes.items(),
        "table": table,
    }
    return render(request, "platform/trade_import.html", context)
