"""What the platform owes: every invoice, what of it can be financed and why not, and handing in more."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import BooleanField, Case, F, Func, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_GET

from accounts.intake.models import Document
from accounts.intake.services import is_oversized
from accounts.parties.models import Party
from accounts.parties.queries import invoiced_by
from financing.advances.models import AdvanceReceivable
from financing.advances.services.quote import Counted, counted
from financing.credit import saying
from financing.receivables import services
from financing.receivables.models import CreditNote, InvoiceLine, Receivable
from logistics.orders.queries import own_numbers
from portal.shared import access
from portal.shared.access import Actor, permits
from portal.shared.errors import InvalidTransition, NotFound, RuleViolation
from portal.shared.money import exponent
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.sentences import timeline
from portal.workspaces.supplier import figures, why
from portal.workspaces.supplier.forms import ReasonForm, UploadForm

SHOWN_LINES = 200
MOST_TOGETHER = 100

MATCHES = {
    "MATCHED": gettext_lazy("Order, receipt and invoice agree"),
    "NO_ORDER": gettext_lazy("The platform has no order for this; it looks at it by hand"),
    "NOT_RECEIVED": gettext_lazy("The platform has not booked the goods in yet"),
    "QUANTITY": gettext_lazy("The quantity differs from what was received"),
    "PRICE": gettext_lazy("The price differs from the order's"),
    "SIMILAR": gettext_lazy("It looks like another invoice of yours; the platform compares them"),
}


def _columns(uses: dict[int, str]) -> tuple[Column, ...]:
    """`uses`: what each open invoice is good for."""
    return (
        Column("number", gettext_lazy("Invoice"), kind="id", sort=True,
               url=lambda row: reverse("supplier:receivable", args=[row.pk])),
        Column("issue_date", gettext_lazy("Issued"), kind="day", sort=True),
        Column("due_date", gettext_lazy("Due"), kind="day", sort=True),
        Column("debtor.name", gettext_lazy("Owed by")),
        Column("status", gettext_lazy("State"), kind="status", sort=True),
        Column("use", gettext_lazy("Good for"), sort=True, value=lambda row: _use(row, uses)),
        Column("gross_minor", gettext_lazy("Amount"), kind="money", sort=True),
        Column("owed_minor", gettext_lazy("Still open"), kind="money", sort="owed"),
    )  # fmt: skip


def _use(row: Receivable, uses: dict[int, str]) -> str | Promise:
    use = uses.get(row.pk, "")
    return figures.SHORT.get(use, use)


@for_kinds(access.SUPPLIER)
@require_GET
def receivables(request: HttpRequest) -> HttpResponse:
    rows = Receivable.objects.visible_to(request.actor).in_owed().select_related("debtor")
    opened = open_invoices(request.actor, timezone.now())
    by_use = _by_use(opened)
    uses = {number: use for use, ids in by_use.items() for number in ids}
    sorts_by_use = request.GET.get("receivables-sort", "").lstrip("-") == "use"
    table = Table(
        request, with_use(rows, by_use) if sorts_by_use else rows, _columns(uses), name="receivables",
        caption=_("Receivables"), search=("number", "debtor__name"), order="-due_date",
        live="receivables.receivable",
        filters=(
            Filter("status", _("State"), [(each.value, _state(each)) for each in Receivable.Status]),
            Filter("use", _("Good for"), list(figures.SHORT.items()), condition=lambda use: among(by_use.get(use, ()))),
            Filter("counts", pgettext("filter", "Counted"), [("yes", _("what carries your limit"))],
                   condition=lambda _yes: among(_ids(each for each in opened if each.line.is_eligible))),
        ),
        empty={
            "title": _("No invoices yet"),
            "text": _(
                "Hand in what you invoiced to the platform. Once it is accepted, it counts towards what you can have "
                "now; for that the platform has to know 90 days and 10 lines of your trade."
            ),
            "url": reverse("supplier:upload"), "action": _("Hand in invoices"),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {"table": table, "may_submit": may_submit(request), "uses": _uses(opened),
               "use": request.GET.get("receivables-use", "")}  # fmt: skip
    return render(request, "supplier/receivables.html", context)


def _uses(opened: list[Counted]) -> list[dict]:
    """Totals by what invoices are good for, currency by currency."""
    by_currency: dict[str, list[Counted]] = {}
    for each in opened:
        by_currency.setdefault(each.currency, []).append(each)
    return [use for currency, found in sorted(by_currency.items()) for use in figures.uses(found, currency)]


def _state(status: str) -> str:
    return state(status).label


def may_submit(request: HttpRequest) -> bool:
    return permits(request.actor, "receivables.submit")


def open_invoices(actor: Actor, now: datetime) -> list[Counted]:
    """What the policy says to open invoices; a facility that takes them wins over one that does not."""
    found: dict[tuple[int, ...], Counted] = {}
    for each in counted(actor=actor, now=now):
        ids = tuple(each.ids)
        if ids not in found or each.line.is_eligible:
            found[ids] = each
    return list(found.values())


def _by_use(opened: list[Counted]) -> dict[str, list[int]]:
    """Ids of invoices by what they are good for, a key of figures.SHORT."""
    found: dict[str, list[int]] = {}
    for each in opened:
        found.setdefault(figures.use_of(each.line), []).extend(each.ids)
    return found


def _ids(opened: Iterable[Counted]) -> list[int]:
    return [number for each in opened for number in each.ids]


def with_use(rows: QuerySet, by_use: dict[str, list[int]]) -> QuerySet:
    """Rows with `use` to be sorted by; empty where nothing is to be said."""
    whens = [When(among(ids), then=Value(use)) for use, ids in by_use.items()]
    return rows.annotate(use=Case(*whens, default=Value(""), output_field=TextField()))


class Among(Func):
    """One of so many ids. A parameter for each of thousands takes longer to read than to find the rows."""

    template, arg_joiner, output_field = "%(expressions)s)", " = ANY(", BooleanField()


def among(ids: Iterable[int]) -> Q:
    return Q(Among(F("id"), RawSQL("%s::bigint[]", [list(ids)])))


@for_kinds(access.SUPPLIER)
@require_GET
def receivable(request: HttpRequest, receivable_id: int) -> HttpResponse:
    return _receivable(request, receivable_id)


def _receivable(request: HttpRequest, receivable_id: int, form: ReasonForm | None = None,
                refusal: RuleViolation | None = None) -> HttpResponse:  # fmt: skip
    found = (
        Receivable.objects.visible_to(request.actor).select_related("debtor", "funder").filter(id=receivable_id).first()
    )
    if found is None:
        raise NotFound()
    opened = open_invoices(request.actor, timezone.now())
    line = next((each.line for each in opened if found.id in each.ids), None)
    lines = list(found.lines.order_by("id")[: SHOWN_LINES + 1])
    notes = list(found.credit_notes.order_by("issue_date", "id"))
    context = {
        "receivable": found,
        "why_open": why.still_open(found),
        "line": line,
        "why_not": [{"code": each["code"], "text": each["sentence"]} for each in saying.reasons(line.reasons)]
        if line
        else [],
        "match": MATCHES[found.match],
        "lines": [(each, _price(each, found.currency)) for each in lines[:SHOWN_LINES]],
        "more_lines": len(lines) > SHOWN_LINES,
        "notes": notes,
        "behind": _advance_behind(request, found),
        "happenings": timeline(request.actor, found, *notes),
        "may_cancel": may_submit(request) and found.status == Receivable.Status.RECEIVED,
        "form": form or ReasonForm(),
        "refusal": refusal,
    }
    return render(request, "supplier/receivable.html", context, status=refusal.status if refusal else 200)


def _price(line: InvoiceLine, currency: str) -> str:
    """Unit prices have up to four decimals; at least the currency's are shown."""
    decimals = max(exponent(currency), -line.unit_price.normalize().as_tuple().exponent)
    return f"{line.unit_price:,.{decimals}f}"


def _advance_behind(request: HttpRequest, found: Receivable) -> AdvanceReceivable | None:
    """The advance that it secures, or secured last."""
    links = AdvanceReceivable.objects.filter(receivable=found, advance__supplier_id=request.actor.party_id)
    return links.select_related("advance").order_by("-id").first()


@for_kinds(access.SUPPLIER)
def cancel(request: HttpRequest, receivable_id: int) -> HttpResponse:
    """Take back an invoice that nobody has accepted yet."""
    if request.method != "POST":  # reloaded after a refusal
        return redirect("supplier:receivable", receivable_id)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        services.cancel(actor=request.actor, receivable_id=receivable_id, reason=reason, now=timezone.now())
    except NotFound:
        raise
    except InvalidTransition:
        messages.info(request, _("This invoice has moved on since you opened it; nothing was changed."))
    except RuleViolation as refusal:
        return _receivable(request, receivable_id, form, refusal)
    else:
        messages.success(request, _("The invoice is cancelled. The platform sees it so, too."))
    return redirect("supplier:receivable", receivable_id)


# ── handing in ───────────────────────────────────────────────────────────────────────────────────────────────────────
@for_kinds(access.SUPPLIER)
def upload(request: HttpRequest) -> HttpResponse:
    """Invoices and credit notes from files: each is kept, whatever becomes of it."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        kept = [_submit(request, each) for each in form.cleaned_data["files"]]
        if len(kept) == 1:
            return redirect("supplier:document", kept[0])
        said = ngettext("{count} file was read and kept.", "{count} files were read and kept.", len(kept))
        messages.info(request, said.format(count=len(kept)))
        # Each file with what became of it, and nothing else.
        return redirect(f"{reverse('supplier:documents')}?together={','.join(str(each) for each in kept)}")
    own = Party.objects.get(id=request.actor.party_id)
    context = {
        "form": form, "may_submit": may_submit(request), "own": own, "own_numbers": own_numbers(request.actor),
        "debtors": invoiced_by(request.actor),
    }  # fmt: skip
    return render(request, "supplier/upload.html", context, status=422 if form.errors else 200)


def _submit(request: HttpRequest, file: UploadedFile) -> int:
    """Number of the document under which the file is kept."""
    results = services.submit(
        actor=request.actor, content=file.read(), media_type=file.content_type or "", file_name=file.name or "",
        now=timezone.now(),
    )  # fmt: skip
    return results[0].document_id


DOCUMENT_COLUMNS = (
    Column("file_name", gettext_lazy("File"), kind="file", sort=True,
           value=lambda row: row.file_name or row.sha256[:12],
           url=lambda row: reverse("supplier:document", args=[row.pk])),
    Column("received_at", gettext_lazy("Handed in"), kind="instant", sort=True),
    Column("outcome", gettext_lazy("Outcome"), kind="status", of="document", sort=True),
    Column("entered", gettext_lazy("Entered"), kind="number", value=lambda row: row.report.get("entered", 0)),
    Column("refused", gettext_lazy("Refused"), kind="number", value=lambda row: len(row.report.get("refused", []))),
    Column("explanation", gettext_lazy("First refusal")),
)  # fmt: skip


def _documents(request: HttpRequest) -> QuerySet:
    kinds = (Document.Kind.INVOICE, Document.Kind.CREDIT_NOTE)
    return Document.objects.visible_to(request.actor).filter(kind__in=kinds)


@for_kinds(access.SUPPLIER)
@require_GET
def documents(request: HttpRequest) -> HttpResponse:
    """What was handed in, by whatever way."""
    outcomes = Document.Outcome
    rows = _documents(request).defer("content")
    together = [int(each) for each in request.GET.get("together", "").split(",") if each.isdecimal() and len(each) < 19]
    if together:
        rows = rows.filter(id__in=together[:MOST_TOGETHER])
    table = Table(
        request, rows, DOCUMENT_COLUMNS, name="documents", caption=pgettext("files", "Handed in"),
        search=("file_name", "sha256"), order="-received_at",
        filters=(Filter("outcome", _("Outcome"), [
            (outcomes.ACCEPTED, _("entered")), (outcomes.PARTLY, _("entered in part")),
            (outcomes.REFUSED, _("refused")),
        ]),),
        empty={
            "title": _("Nothing handed in yet"),
            "text": _("Every file is kept here as it came, with what became of each document in it."),
            "url": reverse("supplier:upload"), "action": _("Hand in invoices"),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {"table": table, "may_submit": may_submit(request), "together": bool(together)}
    return render(request, "supplier/documents.html", context)


@for_kinds(access.SUPPLIER)
@require_GET
def document(request: HttpRequest, document_id: int) -> HttpResponse:
    """What became of each document in a file."""
    found = _documents(request).defer("content").filter(id=document_id).first()
    if found is None:
        raise NotFound()
    context = {
        "document": found,
        "entered": list(Receivable.objects.visible_to(request.actor).filter(document=found).order_by("id")[:200]),
        "credit_notes": list(
            CreditNote.objects.visible_to(request.actor).filter(document=found).select_related("receivable")
            .order_by("id")[:200]
        ),
        "refused": found.refused[:200],
        "counts": {"entered": found.report.get("entered", 0), "refused": len(found.report.get("refused", []))},
        "more_entered": found.report.get("entered", 0) > 200,
        "is_oversized": is_oversized(found),
        "may_submit": may_submit(request),
    }  # fmt: skip
    return render(request, "supplier/document.html", context)


@for_kinds(access.SUPPLIER)
@require_GET
def content(request: HttpRequest, document_id: int) -> HttpResponse:
    """The file as it came."""
    found = _documents(request).filter(id=document_id).first()
    if found is None:
        raise NotFound()
    # Never shown by the browser: it is what somebody sent, and may be anything.
    response = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    name = "".join(each if each.isalnum() or each in "-_." else "_" for each in found.file_name) or "document"
    response["Content-Disposition"] = f'attachment; filename="{name.encode("ascii", "replace").decode()}"'
    return response
