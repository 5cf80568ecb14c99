"""What is lent now and what has been earned: charts with their numbers, each leading to what it is made of."""

from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.parties.models import Party
from financing.advances.exposure import Lent, Share, currencies, in_bucket, is_late, lent
from financing.advances.models import Advance
from financing.credit.models import Programme
from financing.ledger.models import Book
from financing.ledger.queries import EARNED, Earned, earned
from portal.shared.access import FUNDERS
from portal.ui.charts import Chart, Series
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.funder import queries, why

SHOWN = 10
"""Suppliers that the chart names; the others are one bar."""
BUCKET_NAMES = {
    "OVER_90": gettext_lazy("over 90 days late"),
    "OVER_31_90": gettext_lazy("31 to 90 days late"),
    "OVER_1_30": gettext_lazy("1 to 30 days late"),
    "IN_0_7": gettext_lazy("within 7 days"),
    "IN_8_30": gettext_lazy("in 8 to 30 days"),
    "IN_31_60": gettext_lazy("in 31 to 60 days"),
    "IN_61": gettext_lazy("in 61 days or more"),
}
EARNED_NAMES = {
    "INTEREST_INCOME": gettext_lazy("Interest"),
    "FEE_INCOME": gettext_lazy("Fees"),
    "PENALTY_INCOME": gettext_lazy("Penalties"),
}
ADVANCES = (
    Column("id", gettext_lazy("Advance"), kind="id", sort=True, url=lambda row: queries.advance_url(row)),
    Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
    Column("facility.programme.name", gettext_lazy("Programme")),
    Column("grade", gettext_lazy("Grade")),
    Column("principal_minor", gettext_lazy("Principal"), kind="money", sort=True),
    Column("interest_minor", gettext_lazy("Interest"), kind="money"),
    Column("fees_minor", gettext_lazy("Fees"), kind="money"),
    Column("due_date", gettext_lazy("Due"), kind="day", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)
FIELDS = {
    "supplier": "supplier_id", "programme": "facility__programme_id", "debtor": "facility__debtor_id",
}  # fmt: skip


def _made_of(dimension: str) -> Callable[[Share], str]:
    """Address of the advances behind a share."""
    address = reverse("funder:advances")
    return lambda share: f"{address}?{urlencode({f'advances-{dimension}': share.key})}"


@for_kinds(*FUNDERS)
def exposure(request: HttpRequest) -> HttpResponse:
    book = queries.book_of(request.actor)
    if book is None:
        return render(request, "funder/no_book.html", {"title": _("Exposure")})
    known = currencies(actor=request.actor)
    asked = request.GET.get("currency", "")
    currency = asked if asked in known else (known or [queries.DEFAULT_CURRENCY])[0]
    found = lent(actor=request.actor, book=book, currency=currency)
    months = earned(book_id=book.id, currency=currency, until=book.business_date)
    context = {
        "lent": found,
        "currencies": known,
        "why": {"lent": why.lent_now(found), "left": why.left(found), "largest": why.largest(found)},
        "charts": _charts(found, _names(found)),
        "income": _income(months, currency),
        "earned_minor": sum(each.amount_minor for each in months),
        "overdue_url": queries.overdue_url(),
    }
    return render(request, "funder/exposure.html", context)


def _names(found: Lent) -> dict[str, dict[str, str]]:
    """How ids are called: parties and programmes, in two statements."""
    shown = [each.key for each in (*found.by["supplier"][:SHOWN], *found.by["debtor"])]
    parties = {str(key): name for key, name in Party.objects.filter(id__in=shown).values_list("id", "name")}
    wanted = [each.key for each in found.by["programme"]]
    programmes = {str(key): name for key, name in Programme.objects.filter(id__in=wanted).values_list("id", "name")}
    return {"supplier": parties, "debtor": parties, "programme": programmes, "bucket": BUCKET_NAMES, "grade": {}}


def _charts(found: Lent, names: dict) -> list[dict]:
    titles = (
        ("bucket", _("When it falls due"), _("Due")),
        ("supplier", _("To whom"), _("Supplier")),
        ("programme", _("In which programme"), _("Programme")),
        ("debtor", _("On whose debt"), _("Debtor")),
        ("grade", _("At which grade"), _("Grade")),
    )
    return [
        {"ident": f"by-{name}", "title": title,
         "chart": _chart(found.by[name], name, head, names[name], found.currency)}
        for name, title, head in titles
    ]  # fmt: skip


def _chart(shares: Sequence[Share], dimension: str, head: str, names: dict, currency: str) -> Chart:
    shown, others = (shares[:SHOWN], shares[SHOWN:]) if dimension == "supplier" else (shares, ())
    labels = [str(names.get(each.key) or each.key or _("none")) for each in shown]
    values = [each.principal_minor for each in shown]
    urls = [_made_of(dimension)(each) for each in shown]
    if others:
        labels.append(_("all others"))
        values.append(sum(each.principal_minor for each in others))
        urls.append(reverse("funder:advances"))
    kind = "bar" if dimension == "grade" else "rows"
    return Chart(kind=kind, head=head, labels=labels, unit="money", currency=currency, urls=urls,
                 series=[Series(_("Principal"), values)])  # fmt: skip


def _income(months: Sequence[Earned], currency: str) -> Chart:
    labels = sorted({each.month for each in months})
    sums = {(each.month, each.kind): each.amount_minor for each in months}
    kinds = [kind for kind in EARNED if any(each.kind == kind for each in months)]
    return Chart(
        kind="stack", head=_("Month"), labels=labels, by_month=True, unit="money", currency=currency,
        urls=[f"{reverse('funder:ledger')}?month={month:%Y-%m}" for month in labels],
        series=[Series(str(EARNED_NAMES[kind]), [sums.get((month, kind), 0) for month in labels]) for kind in kinds],
    )  # fmt: skip


@for_kinds(*FUNDERS)
def advances(request: HttpRequest) -> HttpResponse:
    """Open advances, as far as the figures lead to them."""
    actor, book = request.actor, queries.book_of(request.actor)
    if book is None:
        return render(request, "funder/no_book.html", {"title": _("Open advances")})
    rows = queries.open_advances(actor).select_related("facility__programme")
    table = Table(
        request, rows, ADVANCES, name="advances", caption=_("Open advances"), search=("supplier__name",),
        filters=_filters(request, book), order="due_date", indexed=("due_date", "id"), live="advances.advance",
        empty={"title": _("Nothing is lent"), "text": _("Advances appear here as soon as they are funded.")},
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "funder/advances.html", {"table": table})


def _filters(request: HttpRequest, book: Book) -> tuple[Filter, ...]:
    """Programmes and debtors are few; of suppliers the one that is looked at."""
    programmes = Programme.objects.filter(funder_id=book.funder_id).select_related("debtor").order_by("id")
    debtors = {str(each.debtor_id): each.debtor.name for each in programmes}
    wanted = request.GET.get("advances-supplier", "")
    supplier = []
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        mine = Party.objects.filter(id=wanted, facilities__funder_id=book.funder_id).distinct()
        supplier = [(str(key), name) for key, name in mine.values_list("id", "name")]
    found = [
        Filter("status", _("State"), [each for each in Advance.Status.choices if each[0] in Advance.OPEN]),
        Filter(
            "late",
            _("Past due"),
            [("yes", _("Yes")), ("no", _("No"))],
            condition=partial(is_late, today=book.business_date),
        ),
        Filter("bucket", _("Due"), list(BUCKET_NAMES.items()), condition=partial(in_bucket, today=book.business_date)),
        Filter("programme", _("Programme"), [(str(each.id), each.name) for each in programmes], FIELDS["programme"]),
        Filter("grade", _("Grade"), [(each, each) for each in "ABCDE"]),
        Filter("debtor", _("Debtor"), list(debtors.items()), FIELDS["debtor"]),
    ]
    return (*found, Filter("supplier", _("Supplier"), supplier, FIELDS["supplier"])) if supplier else tuple(found)
