"""Sixty suppliers who are nobody real: half a year of trade, then five weeks of financing."""

from datetime import UTC, date, datetime, time, timedelta

from portal.sandbox.demo.business import Business, days
from portal.sandbox.world import characters, invoicing, trade
from portal.sandbox.world.founding import PLATFORM_REFERENCE, Scale
from portal.sandbox.world.invoicing import Terms

SUPPLIERS, MONTHS, WEEKS = 60, 6, 5
SCALE = Scale(capital_minor=2_000_000_000)
APPLICATIONS_A_SECOND = 5
DUE_DAYS = 28


def first_day(today: date) -> date:
    return today - timedelta(weeks=WEEKS)


def part(party_id: int) -> float:
    """Of what they can have, some take all and some a part."""
    return (1, 0.6, 0.9)[party_id % 3]


def play(business: Business, today: date) -> None:
    lines = trade.trade_of(characters.suppliers(SUPPLIERS, MONTHS), until=today, currency=SCALE.currency)
    terms, known, invoiced = Terms(PLATFORM_REFERENCE), datetime(2000, 1, 1, tzinfo=UTC), {}
    for week, day in enumerate(days(first_day(today), today, 7)):
        business.go_to(day)
        until = datetime.combine(day, time(6), UTC)
        new = [line for line in lines if trade.happened(line, known, until)]
        report = business.import_trade(
            trade.to_csv(new, until), mapping="portolan", known_until=until, file_name=f"orders-{day}.csv"
        )
        business.sign_up({line.supplier for line in new})
        since = until - timedelta(days=7)
        documents = invoicing.invoices(
            lines, after=since, until=until, issued=day, due=day + timedelta(days=DUE_DAYS), terms=terms
        )
        notes = invoicing.credit_notes(
            lines, after=since, until=until, issued=day, terms=terms,
            invoice_of=invoiced.get,
        )  # fmt: skip
        invoiced |= {(row["order"], row["order_line"]): each["number"] for each in documents for row in each["lines"]}
        business.hand_in_as_suppliers(documents)
        business.hand_in_as_suppliers(notes)
        business.quiet.wait()
        settled = business.settle_due()
        # In the first week nothing is out of its return window yet.
        applied = business.draw(business.suppliers.values(), a_second=APPLICATIONS_A_SECOND, share=part) if week else 0
        business.decide_referrals()
        business.say(
            f"{day:%d %b %Y}  {report['new']:>6,} order lines  {len(documents):>3} invoices  "
            f"{applied:>3} applications  {settled:>3} receivables settled"
        )
        known = until
    business.go_to(today)
