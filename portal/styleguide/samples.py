"""Fixed data for the style guide: invented, but of the shapes that the product has."""

from datetime import UTC, date, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from portal.ui.charts import Chart, Series, Step
from portal.ui.tables import Column, Filter

BEGAN = datetime(2026, 11, 22, 9, 41, 7, 112000, tzinfo=UTC)

NAVIGATION = [
    {"label": _("Funding"), "url": "/styleguide/supplier/", "icon": "compass", "active": False, "badge": ""},
    {"label": _("Receivables"), "url": "#receivables", "icon": "file-invoice", "active": False, "badge": "3"},
    {"label": _("Advances"), "url": "#advances", "icon": "coins", "active": False, "badge": ""},
    {"label": _("Settlements"), "url": "#settlements", "icon": "arrows-exchange", "active": False, "badge": ""},
    {"label": _("Documents"), "url": "#documents", "icon": "files", "active": False, "badge": ""},
    {"label": _("Events"), "url": "#events", "icon": "timeline-event", "active": False, "badge": ""},
    {"label": _("Components"), "url": "/styleguide/", "icon": "components", "active": False, "badge": ""},
]

WATERFALL = [
    Step(_("Accepted receivables"), 84_512_300, total=True, explanation=_("42 invoices, owed by Meridian Market")),
    Step(_("Still in the return window"), -9_846_000, explanation=_("7 invoices; the next is free on 26 November")),
    Step(_("More than 60 days old"), -2_120_550, explanation=_("1 invoice")),
    Step(_("Eligible"), 72_545_750, total=True),
    Step(_("Not lent: 20% margin"), -14_509_150),
    Step(_("Dilution reserve"), -1_450_915, explanation=_("7.0% of sales were returned; 5% is normal")),
    Step(_("Borrowing base"), 56_585_685, total=True),
    Step(_("Advances outstanding"), -18_300_000, explanation=_("2 advances"), url="#advances"),
    Step(_("Available"), 38_285_685, total=True),
]

WEEKS = [date(2026, 9, 7) + timedelta(weeks=n) for n in range(12)]
CHARTS = {
    "times": Chart(
        kind="line", head=_("Week"), labels=WEEKS, unit="elapsed", is_log=True,
        series=[
            Series(_("median"), [220, 214, 231, 208, 199, 190, 204, 187, 181, 176, 188, 172]),
            Series(_("p99"), [910, 1240, 880, 860, 7400, 902, 640, 655, 610, None, 590, 575]),
        ],
    ),
    "share": Chart(
        kind="area", head=_("Week"), labels=WEEKS, unit="percent",
        series=[Series(_("Decided with no hand"), [.81, .83, .82, .86, .71, .88, .9, .91, .92, .92, .93, .94])],
    ),
    "grades": Chart(
        kind="bar", head=_("Grade"), labels=["A", "B", "C", "D"], urls=["#a", "#b", "#c", "#d"],
        series=[Series(_("Suppliers"), [12, 31, 9, 2])],
    ),
    "lent": Chart(
        kind="stack", head=_("Week"), labels=WEEKS[-6:], unit="money", currency="CNY",
        series=[
            Series(_("Own funds"), [42_000_000, 38_500_000, 51_200_000, 47_100_000, 60_300_000, 58_000_000]),
            Series(_("Bank"), [10_000_000, 14_200_000, 9_900_000, 18_300_000, 20_100_000, 24_400_000]),
        ],
    ),
    "ages": Chart(
        kind="rows", head=_("Days past due"), labels=["0", "1-30", "31-60", "61-90", "90+"], unit="money",
        currency="CNY", series=[Series(_("Owed"), [184_000_000, 22_500_000, 4_100_000, 0, 950_000], tone="attention")],
    ),
    "nothing": Chart(kind="line", head=_("Week"), labels=[], series=[Series(_("Advances"), [])]),
}  # fmt: skip

EVENTS = [
    {"at": BEGAN, "sentence": _("Application received for CNY 120,000.00"), "actor": "Lin Yue · Hanzhou Ceramics",
     "state": "SUBMITTED"},
    {"at": BEGAN + timedelta(milliseconds=84), "sentence": _("Approved by policy 4, with no hand"), "actor": "Portolan",
     "state": "APPROVED", "detail": _("Grade B, limit CNY 500,000.00. 6 receivables assigned."), "took_ms": 84},
    {"at": BEGAN + timedelta(milliseconds=131), "sentence": _("Payment instruction sent to the bank"),
     "actor": "Portolan", "took_ms": 47, "url": "#instruction"},
    {"at": BEGAN + timedelta(milliseconds=402), "sentence": _("CNY 119,640.00 booked on account ··· 4417"),
     "actor": "Harbour Bank", "state": "ACTIVE", "detail": _("Funded 0.4 seconds after the application."),
     "took_ms": 271},
]  # fmt: skip

REASONS = [
    {"code": "THIN_HISTORY", "text": _("You have traded on the platform for 71 days; 90 are needed."),
     "remedy": _("From 11 December this no longer stands in the way.")},
    {"code": "RETURNS_HIGH", "text": _("14.2% of your sales were returned in the last 12 months."),
     "remedy": _("Below 10% your advance rate rises from 70% to 80%.")},
]  # fmt: skip
STRENGTHS = [
    {"code": "DESPATCH_ON_TIME", "text": _("98% of orders were despatched in time.")},
    {"code": "REPAID_IN_FULL", "text": _("All 12 earlier advances were repaid.")},
]

RECEIVABLES = [
    {"number": f"INV-2026-{1040 + n}", "issued": date(2026, 11, 1) + timedelta(days=n), "debtor": debtor,
     "amount_minor": amount, "currency": "CNY", "status": status, "why": why}
    for n, (debtor, amount, status, why) in enumerate([
        ("Meridian Market", 1_284_050, "ACCEPTED", ""),
        ("Meridian Market", 899_900, "ASSIGNED", ""),
        ("Meridian Market", 12_400_000, "ACCEPTED", ""),
        ("Meridian Market", 45_000, "RECEIVED", _("not accepted yet")),
        ("Meridian Market", 2_310_775, "DISPUTED", _("disputed")),
        ("Meridian Market", 760_000, "SETTLED", ""),
        ("Meridian Market", 3_125_500, "ACCEPTED", _("in the return window until 26 Nov")),
        ("Meridian Market", 98_000, "CANCELLED", _("cancelled")),
    ])
]  # fmt: skip

COLUMNS = (
    Column("number", _("Invoice"), kind="id", sort=True, url=lambda row: f"#{row['number']}"),
    Column("issued", _("Issued"), kind="day", sort=True),
    Column("debtor", _("Debtor")),
    Column("status", _("State"), kind="status", sort=True),
    Column("why", _("Why not financeable")),
    Column("amount_minor", _("Amount"), kind="money", sort=True),
)
FILTERS = (Filter("status", _("State"), (("ACCEPTED", _("Accepted")), ("DISPUTED", _("Disputed")))),)
