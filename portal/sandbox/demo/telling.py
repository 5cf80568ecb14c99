"""The figures for people: one financing in its own time, a table, who was refused and why, and what holds."""

from collections.abc import Iterable
from datetime import datetime

from psycopg import Connection
from rich.console import Console
from rich.table import Table

from portal.sandbox.demo.business import Business
from portal.shared.money import from_minor

# The one in the middle of all that were decided with no hand, among those repaid.
ORDINARY = """
SELECT v.id, v.supplier_id FROM advances_advance v JOIN advances_application a ON a.id = v.application_id
JOIN credit_decision d ON d.id = a.decision_id
WHERE d.decided_by = 'system' AND v.funded_at IS NOT NULL
ORDER BY v.status <> 'REPAID', abs(extract(epoch FROM v.funded_at - a.submitted_at)
    - (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM w.funded_at - b.submitted_at))
       FROM advances_advance w JOIN advances_application b ON b.id = w.application_id))
LIMIT 1
"""
STATES = "SELECT status, count(*), sum(amount_minor) FROM advances_advance GROUP BY status ORDER BY count(*) DESC"
EARNED = """
SELECT coalesce(-sum(l.amount_minor), 0) FROM ledger_leg l JOIN ledger_account a ON a.id = l.account_id
WHERE a.kind IN ('INTEREST_INCOME', 'FEE_INCOME', 'PENALTY_INCOME')
"""
LINES = "SELECT count(*) FROM orders_orderline"


def tell(
    connection: Connection, business: Business, found: dict, claims: Iterable[tuple[str, bool]], seconds: float
) -> None:
    console = Console(width=110, highlight=False)
    console.print()
    tell_one(console, connection, business)
    console.print(table_of_figures(connection, business, found, seconds))
    console.print(table_of_refusals(business))
    if business.tally.rows_refused:
        rows = ", ".join(f"{count:,} {code}" for code, count in business.tally.rows_refused.most_common())
        console.print(f"Rows that no import took, with line and reason in its report: {rows}")
    documents = ", ".join(f"{count:,} {code}" for code, count in business.tally.documents.most_common())
    console.print(f"Documents: {documents}\n")
    for sentence, holds in claims:
        console.print(f"  {'[green]✓[/]' if holds else '[bold red]✗[/]'} {sentence}")


def tell_one(console: Console, connection: Connection, business: Business) -> None:
    """One ordinary financing as its supplier reads it, with milliseconds since it applied."""
    row = connection.execute(ORDINARY).fetchone()
    if row is None:
        return
    advance = business.suppliers[row[1]].caller.get(f"advances/{row[0]}/")
    amount = money(advance["amount_minor"], advance["currency"])
    title = f"{advance['supplier']['name']} borrows {amount}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("ms", "", "at (UTC)"):
        table.add_column(column, justify="right" if column == "ms" else "left")
    started = next(at(each) for each in advance["timeline"] if each["name"] == "application.submitted")
    for each in advance["timeline"]:
        milliseconds = (at(each) - started).total_seconds() * 1000
        table.add_row(f"{milliseconds:,.0f}", each["name"], f"{at(each):%H:%M:%S.%f}"[:-3])
    console.print(table, "")


def at(happening: dict) -> datetime:
    return datetime.fromisoformat(happening["at"])


def table_of_figures(connection: Connection, business: Business, found: dict, seconds: float) -> Table:
    currency = business.house.programme.currency
    grades = "  ".join(f"{grade} {count}" for grade, count in found["grades"].items())
    table = Table(title="Figures", title_justify="left", show_header=False, box=None, pad_edge=False)
    rows = {
        "Orders imported": f"{found['orders_imported']:,} ({connection.execute(LINES).fetchone()[0]:,} lines)",
        "Suppliers scored": f"{found['suppliers_scored']:,}   {grades}",
        "Financings": f"{found['financings']:,} to {found['suppliers_financed']:,} suppliers",
        "Decided with no hand": f"{found['automatic_share']:.1%}"
        + "".join(f", {count} {outcome.lower()} by hand" for outcome, count in business.tally.referrals.items()),
        "Applied to decided": spread(found["applied_to_decided_ms"]),
        "Applied to funded": spread(found["applied_to_funded_ms"]),
        "Settled by the platform": money(business.tally.settled_minor, currency),
        "Interest and fees earned": money(connection.execute(EARNED).fetchone()[0], currency),
        "Ledger imbalance": money(found["ledger_imbalance_minor"], currency),
        "Unreconciled with the bank": money(found["unreconciled_minor"], currency),
        "Realised loss": money(found["realised_loss_minor"], currency),
        "Took": f"{seconds:.0f} s",
    }
    for status, count, amount in connection.execute(STATES).fetchall():
        rows[f"Advances {status}"] = f"{count:,}, {money(amount, currency)}"
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def spread(found: dict[str, float]) -> str:
    return f"p50 {found['p50']:,.0f} ms   p99 {found['p99']:,.0f} ms"


def money(minor: int, currency: str) -> str:
    return f"{from_minor(int(minor), currency):,} {currency}"


def table_of_refusals(business: Business) -> Table:
    tally = business.tally
    title = (
        f"\nSuppliers asked {tally.asked:,} times what they can have; {tally.refused.total():,} times it was nothing"
    )
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column, justify in (("times", "right"), ("reason", "left"), ("said to the supplier", "left")):
        table.add_column(column, justify=justify)
    for code, count in tally.refused.most_common():
        table.add_row(f"{count:,}", code, tally.sentences.get(code, ""))
    return table
