"""Figures of the first pages answer "why this figure?" with parts that add up to them."""

from tests import world
from tests.pages.supplier.conftest import browser_of


def parts(page: str, label: str) -> list[str]:
    """Amounts as written in the explanation of a figure, the last being the figure itself."""
    after = page.split(f'aria-label="How this is made: {label}"')[1].split("</dl>")[0]
    return [each.split("</span>")[0] for each in after.split('class="money-amount">')[1:]]


def minor(text: str) -> int:
    return int(text.replace(",", "").replace(".", "").replace("−", "-"))


def test_what_is_available_follows_from_base_limit_and_debt(trading):
    page = browser_of("ana@amphora.example").get("/supplier/").content.decode()
    said = parts(page, "Available now")
    assert said[-1] in page.split("figure-hero")[1].split("</div>\n</div>")[0]
    assert "By the policy of Harbour, version 1" in page


def test_what_is_still_open_is_the_invoice_less_what_was_taken_off(trading):
    row = world.receivable(
        trading.cast.amphora, trading.cast.meridian, "A-9", 2_000_00, deductions_minor=150_00, credited_minor=50_00
    )
    page = browser_of("ana@amphora.example").get(f"/supplier/receivables/{row.id}/").content.decode()
    amounts = [minor(each) for each in parts(page, "Still open")]
    assert amounts == [2_000_00, -150_00, -50_00, 1_800_00]
