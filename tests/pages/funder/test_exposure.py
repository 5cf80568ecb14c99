"""What is lent and earned, and the ledger from an account down to an advance."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.trail.models import Event
from financing.advances import services
from financing.advances.exposure import lent
from financing.advances.models import Advance
from financing.credit.models import Facility
from financing.ledger.models import Account, Entry
from financing.ledger.queries import earned
from financing.ledger.services import advance_business_date
from portal.shared.access import SYSTEM_ACTOR
from tests.api.conftest import caller_for
from tests.pages.funder.test_funder import applied, lending  # noqa: F401 (a fixture)
from tests.world import NOW, TODAY, as_member, noon

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(lending):  # noqa: F811
    """Two advances of 400.00 and 100.00, paid out; one is ten days late."""
    applied(lending, 400_00), applied(lending, 100_00)
    rows = list(Advance.objects.order_by("id"))
    services.confirm_funding(actor=SYSTEM_ACTOR, value_dates={each.id: TODAY for each in rows}, now=NOW)
    Advance.objects.filter(id=rows[0].id).update(status="OVERDUE", due_date=TODAY - timedelta(days=10))
    Advance.objects.filter(id=rows[1].id).update(due_date=TODAY + timedelta(days=20))
    return lending


def sums(shares) -> dict[str, int]:
    return {each.key: each.principal_minor for each in shares if each.principal_minor}


def test_what_is_lent_is_the_same_sum_whatever_it_is_summed_by(drawn):
    found = lent(actor=as_member("hana@harbour.example"), book=drawn.book, currency="EUR")
    assert (found.total.count, found.total.principal_minor, found.on_its_way_minor) == (2, 500_00, 0)
    assert sums(found.by["supplier"]) == {str(drawn.cast.amphora.id): 500_00}
    assert sums(found.by["debtor"]) == {str(drawn.cast.meridian.id): 500_00}
    assert sums(found.by["programme"]) == {str(drawn.programme.id): 500_00}
    assert list(sums(found.by["grade"]).values()) == [500_00]
    assert sums(found.by["bucket"]) == {"OVER_1_30": 400_00, "IN_8_30": 100_00}
    assert (found.overdue_minor, found.largest_share) == (400_00, 1.0)


def test_the_first_screen_says_what_is_overdue_and_leads_there(drawn, as_user):
    late = Advance.objects.get(status="OVERDUE")
    for status in ("OVERDUE", "DEFAULTED", "ACTIVE"):  # the last: the day's work has not come to it yet
        Advance.objects.filter(id=late.id).update(status=status)
        page = as_user("hana@harbour.example").get(reverse("funder:home"))
        assert [each["overdue"] for each in page.context["positions"]] == [400_00]
        assert lent(actor=as_member("hana@harbour.example"), book=drawn.book, currency="EUR").overdue_minor == 400_00
        behind = f"{reverse('funder:advances')}?advances-late=yes"
        assert behind in page.text
        rows = as_user("hana@harbour.example").get(behind).context["table"].rows
        assert [row.record.id for row in rows] == [late.id]


def test_a_second_funder_sees_nothing_of_it(drawn):
    assert lent(actor=as_member("cleo@crown.example"), book=drawn.book, currency="EUR").total.count == 0


@pytest.mark.parametrize(
    ("asked", "count"),
    [("bucket=OVER_1_30", 1), ("bucket=IN_0_7", 0), ("status=OVERDUE", 1), ("grade=E", 0), ("", 2)],
)
def test_a_figure_leads_to_the_advances_that_it_is_made_of(drawn, as_user, asked, count):
    page = as_user("hana@harbour.example").get(f"{reverse('funder:advances')}?advances-{asked}").content.decode()
    assert page.count('class="cell-id"') == count


def test_income_is_told_by_month_of_value_date(drawn):
    day = TODAY + timedelta(days=40)
    hugo = as_member("hugo@harbour.example")
    advance_business_date(actor=hugo, book_id=drawn.book.id, to_date=day, now=noon(day))
    services.accrue_book(actor=SYSTEM_ACTOR, book_id=drawn.book.id, now=NOW)
    drawn.book.refresh_from_db()
    found = earned(book_id=drawn.book.id, currency="EUR", until=drawn.book.business_date)
    assert sum(each.amount_minor for each in found) > 0
    assert {each.kind for each in found} <= {"INTEREST_INCOME", "FEE_INCOME", "PENALTY_INCOME"}


def test_the_ledger_leads_from_an_account_to_an_entry_to_its_advance(drawn, as_user):
    hana = as_user("hana@harbour.example")
    account = Account.objects.get(kind="ADVANCES", facility_id=drawn.amphora_facility.id)
    assert reverse("funder:ledger_account", args=[account.id]) in hana.get(reverse("funder:ledger")).content.decode()
    movements = hana.get(reverse("funder:ledger_account", args=[account.id])).content.decode()
    entry = Entry.objects.filter(kind="advance.approved").earliest("id")
    assert reverse("funder:ledger_entry", args=[entry.id]) in movements
    shown = hana.get(reverse("funder:ledger_entry", args=[entry.id])).content.decode()
    assert reverse("funder:advance", args=[entry.subject_id]) in shown
    assert "400.00" in shown
    later = (TODAY + timedelta(days=1)).isoformat()
    assert (
        "No movement"
        in hana.get(f"{reverse('funder:ledger_account', args=[account.id])}?since={later}").content.decode()
    )


def test_a_checker_shares_the_totals_and_withholds_them_and_the_debtor_is_told(drawn, as_user):
    address = reverse("funder:share_figures", args=[drawn.programme.id])
    assert as_user("hana@harbour.example").post(address, {"shared": "yes"}).status_code == 403
    hugo = as_user("hugo@harbour.example")
    assert hugo.post(address, {"shared": "yes"}).status_code == 302
    drawn.programme.refresh_from_db()
    assert drawn.programme.figures_shared
    page = hugo.get(reverse("funder:programme", args=[drawn.programme.id])).content.decode()
    assert "Meridian sees these totals on its first page." in page and "too few to tell" in page
    hugo.post(address, {"shared": "no"})
    drawn.programme.refresh_from_db()
    assert not drawn.programme.figures_shared
    told = Event.objects.filter(subject_type="credit.programme").order_by("id").values_list("name", flat=True)
    assert list(told) == ["programme.figures_shared", "programme.figures_withheld"]


def test_a_machine_reads_exposure_and_shares_figures(drawn):
    told = caller_for(drawn.cast.harbour, "VIEWER").get("book/exposure/").json()
    assert (told["total"]["principal_minor"], told["overdue_minor"]) == (500_00, 400_00)
    assert told["limit_minor"] == sum(Facility.objects.values_list("limit_minor", flat=True))
    answer = caller_for(drawn.cast.harbour, "CHECKER").post(
        f"programmes/{drawn.programme.id}/figures/", {"shared": True}
    )
    drawn.programme.refresh_from_db()
    assert answer.status_code == 200 and drawn.programme.figures_shared
