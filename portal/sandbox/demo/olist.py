"""A real file of order lines, month by month, with the business dates of its own time.

On the last of a month the portal learns what became known in it, and the invoices of its three decades come in. The
platform pays on the 10th, the 20th and the last of a month; an invoice is due on the first of these at least five
weeks after it was issued.
"""

import csv
import gzip
import io
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from logistics.orders.rules import MAPPINGS, Row, RowRefused, TradeLine, check
from portal.sandbox.demo.business import Business
from portal.sandbox.world import invoicing, trade
from portal.sandbox.world.founding import PLATFORM_REFERENCE, Scale
from portal.sandbox.world.invoicing import Terms, is_run, next_run

MAPPING = "olist"
SCALE = Scale(
    currency="BRL", capital_minor=300_000_000, platform_cash_minor=1_000_000_000, platform_name="Meridian Mercado",
    platform_country="BR",
)  # fmt: skip
APPLICATIONS_A_SECOND = 5
AFTER_THE_LAST_ORDER = 75
"""Days in which what is still owed is settled and repaid."""

type KnownRow = tuple[dict[str, str], TradeLine]


class TradeFile:
    """The file as it lies there, and its rows as far as they can be true."""

    def __init__(self, path: Path):
        self.name, self.content = path.name, path.read_bytes()
        unpacked = gzip.decompress(self.content) if self.content.startswith(b"\x1f\x8b") else self.content
        reader = csv.DictReader(io.StringIO(unpacked.decode("utf-8-sig"), newline=""))
        self.rows: list[KnownRow] = []
        for cells in reader:
            try:
                self.rows.append((cells, check(MAPPINGS[MAPPING].read(Row(cells, UTC)), datetime.now(UTC))))
            except RowRefused:
                continue  # the portal reports these when the file is imported
        self.columns = reader.fieldnames

    @property
    def first_day(self) -> date:
        return min(line.ordered_at for _, line in self.rows).date().replace(day=1)

    @property
    def last_day(self) -> date:
        return max(line.ordered_at for _, line in self.rows).date()

    def part(self, after: datetime, until: datetime) -> bytes:
        """The rows of which something became known in that time, as a file of the same form."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns)
        writer.writeheader()
        writer.writerows(cells for cells, line in self.rows if trade.happened(line, after, until))
        return gzip.compress(text.getvalue().encode())


def play(business: Business, file: TradeFile) -> None:
    day, last = file.first_day, file.last_day + timedelta(days=AFTER_THE_LAST_ORDER)
    by_month, known = arrivals(file), datetime(2000, 1, 1, tzinfo=UTC)
    invoiced_before: set[str] = set()
    while day < last:
        day += timedelta(days=1)
        if not is_run(day):
            continue
        business.go_to(day)
        settled = business.settle_due()
        if not is_month_end(day):
            continue
        until = end_of(day)
        first = known.year == 2000
        business.import_trade(
            file.content if first else file.part(known, until), mapping=MAPPING, known_until=until, file_name=file.name
        )
        documents = invoices_of(by_month[day.year, day.month], day)
        invoiced = {each["supplier"] for each in documents}
        business.sign_up(invoiced)
        business.hand_in_as_platform(documents)
        business.quiet.wait()
        # Whoever has invoiced in this month or the last may have something to draw on.
        asking = [each for each in business.suppliers.values() if each.reference in invoiced | invoiced_before]
        applied = business.draw(asking, a_second=APPLICATIONS_A_SECOND)
        invoiced_before = invoiced
        business.decide_referrals()
        known = until
        business.say(
            f"{day:%b %Y}  {len(documents):>4} invoices  {len(business.suppliers):>4} suppliers  "
            f"{applied:>3} applications  {settled:>4} receivables settled on the last run"
        )
    business.go_to(day)


def arrivals(file: TradeFile) -> dict[tuple[int, int], list[TradeLine]]:
    """Delivered lines by the month in which they were delivered."""
    found = defaultdict(list)
    for _, line in file.rows:
        if line.receipt and not line.cancelled_at and line.unit_price:
            found[line.receipt.at.year, line.receipt.at.month].append(line)
    return found


def invoices_of(lines: list[TradeLine], month_end: date) -> list[dict]:
    """One invoice per supplier and decade of the month."""
    terms, found = Terms(PLATFORM_REFERENCE), []
    after = end_of(month_end.replace(day=1) - timedelta(days=1))
    for issued in (month_end.replace(day=10), month_end.replace(day=20), month_end):
        until = end_of(issued)
        found += invoicing.invoices(
            lines, after=after, until=until, issued=issued, due=next_run(issued, terms.days), terms=terms
        )
        after = until
    return found


def end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)


def is_month_end(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1
