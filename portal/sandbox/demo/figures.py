"""What came out, by SQL from the portal's database and from the bank's book, and what has to be true of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import Connection

from portal.sandbox.bank.client import BankClient
from portal.sandbox.demo.callers import Caller

FUNDED_WITHIN_MS = 1000
MIN_DAYS, MIN_LINES = 90, 10
REPLAYED = 25

COUNTS = {
    "orders_imported": "SELECT count(*) FROM orders_purchaseorder",
    "financings": "SELECT count(*) FROM advances_advance WHERE funded_at IS NOT NULL AND status <> 'FAILED'",
    "suppliers_financed": """
        SELECT count(DISTINCT supplier_id) FROM advances_advance WHERE funded_at IS NOT NULL AND status <> 'FAILED'""",
    # Sums of entries that do not balance, and balances that differ from their legs.
    "ledger_imbalance_minor": """
        SELECT coalesce((SELECT sum(abs(s)) FROM (SELECT sum(amount_minor) s FROM ledger_leg GROUP BY entry_id) e), 0)
             + coalesce((SELECT sum(abs(coalesce(kept, 0) - coalesce(booked, 0))) FROM
                   (SELECT account_id, sum(debit_minor - credit_minor) kept FROM ledger_balance GROUP BY 1) k
                   FULL JOIN (SELECT account_id, sum(amount_minor) booked FROM ledger_leg GROUP BY 1) l
                   USING (account_id)), 0)""",
    "realised_loss_minor": """
        SELECT coalesce(sum(l.amount_minor), 0) FROM ledger_leg l JOIN ledger_account a ON a.id = l.account_id
        WHERE a.kind IN ('IMPAIRMENT_LOSS', 'RECOVERIES')""",
}

GRADES = """
SELECT grade, count(*) FROM (
    SELECT DISTINCT ON (supplier_id) supplier_id, grade FROM credit_assessment
    WHERE grade <> '' ORDER BY supplier_id, as_of DESC, id DESC) latest
GROUP BY grade ORDER BY grade
"""

# Decided for good; 'system' is the policy, with no hand.
AUTOMATIC = """
SELECT coalesce(avg((d.decided_by = 'system')::int), 0)::float FROM credit_decision d WHERE d.outcome <> 'REFERRED'
"""

LATENCIES = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) FROM (
    SELECT extract(epoch FROM {until} - a.submitted_at) * 1000 AS ms
    FROM advances_application a JOIN credit_decision d ON d.id = a.decision_id
    LEFT JOIN advances_advance v ON v.application_id = a.id
    WHERE d.decided_by = 'system' AND {until} IS NOT NULL) t
"""

CASH = """
SELECT b.iban, coalesce(sum(l.amount_minor), 0) FROM banking_bankaccount b
JOIN ledger_book k ON k.funder_id = b.party_id
JOIN ledger_account a ON a.book_id = k.id AND a.kind = 'CASH' AND a.currency = b.currency
JOIN ledger_leg l ON l.account_id = a.id
WHERE b.closed_at IS NULL GROUP BY b.iban
"""

# Receipts that nobody could be told of, days on which bank and ledger differ, entries that only one side knows.
OPEN_ITEMS = """
SELECT (SELECT coalesce(abs(sum(l.amount_minor)), 0) FROM ledger_leg l JOIN ledger_account a ON a.id = l.account_id
        WHERE a.kind = 'UNAPPLIED_RECEIPTS')
     + (SELECT coalesce(sum(abs(closing_minor - ledger_minor)), 0) FROM banking_statement
        WHERE ledger_minor IS NOT NULL)
     + (SELECT coalesce(sum(abs(e.amount_minor)), 0) FROM banking_bankentry e WHERE e.statement_id IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Needs:
    financings: int
    suppliers: int


def collect(connection: Connection, bank: BankClient) -> dict:
    """The content of var/demo.json."""
    one = {name: int(connection.execute(sql).fetchone()[0]) for name, sql in COUNTS.items()}
    grades = dict(connection.execute(GRADES).fetchall())
    return {
        "orders_imported": one["orders_imported"],
        "suppliers_scored": sum(grades.values()),
        "grades": grades,
        "financings": one["financings"],
        "suppliers_financed": one["suppliers_financed"],
        "automatic_share": round(float(connection.execute(AUTOMATIC).fetchone()[0]), 4),
        "applied_to_decided_ms": latency(connection, "a.decided_at"),
        "applied_to_funded_ms": latency(connection, "v.funded_at"),
        "ledger_imbalance_minor": one["ledger_imbalance_minor"],
        "unreconciled_minor": unreconciled(connection, bank),
        "realised_loss_minor": one["realised_loss_minor"],
    }


def latency(connection: Connection, until: str) -> dict[str, float]:
    """Of what was decided with no hand: a person takes the time that a person takes."""
    p50, p99 = connection.execute(LATENCIES.format(until=until)).fetchone()
    return {"p50": round(float(p50 or 0), 1), "p99": round(float(p99 or 0), 1)}


def unreconciled(connection: Connection, bank: BankClient) -> int:
    """Bank's own balance against the ledger's cash, account by account, and everything that is left open."""
    told = {each["iban"]: each["balance_minor"] for each in bank.control("GET", "/accounts")}
    cash = connection.execute(CASH).fetchall()
    return int(connection.execute(OPEN_ITEMS).fetchone()[0]) + sum(abs(told[iban] - int(minor)) for iban, minor in cash)


TOO_YOUNG = f"""
SELECT count(*) FROM advances_advance v JOIN advances_application a ON a.id = v.application_id
JOIN credit_decision d ON d.id = a.decision_id
WHERE (d.inputs #>> '{{features,days_of_trade}}')::int < {MIN_DAYS}
   OR (d.inputs #>> '{{features,order_lines}}')::int < {MIN_LINES}
"""
OWED_OTHERWISE = """
SELECT abs((SELECT coalesce(sum(principal_minor + interest_minor + fees_minor), 0) FROM advances_advance)
     - (SELECT coalesce(sum(l.amount_minor), 0) FROM ledger_leg l JOIN ledger_account a ON a.id = l.account_id
        WHERE a.kind IN ('ADVANCES', 'INTEREST_RECEIVABLE', 'FEES_RECEIVABLE')))
"""
LEFT_IN_CLEARING = """
SELECT coalesce(sum(abs(s)), 0) FROM (
    SELECT sum(l.amount_minor) s FROM ledger_leg l JOIN ledger_account a ON a.id = l.account_id
    WHERE a.kind IN ('DISBURSEMENT_CLEARING', 'SETTLEMENT_CLEARING', 'DUE_TO_SUPPLIER') GROUP BY a.id) t
"""
REPAID = "SELECT count(*) FROM advances_advance WHERE status = 'REPAID'"
UNDELIVERED = "SELECT count(*) FROM trail_delivery WHERE state <> 'DONE'"


def claims(connection: Connection, found: dict, needs: Needs) -> Iterator[tuple[str, bool]]:
    """Sentences, and whether they hold."""

    def count(sql: str) -> int:
        return connection.execute(sql).fetchone()[0]

    scored, grades = found["suppliers_scored"], found["grades"]
    yield f"at least {needs.financings} financings", found["financings"] >= needs.financings
    yield f"of at least {needs.suppliers} suppliers", found["suppliers_financed"] >= needs.suppliers
    yield "99 of 100 are on the account within a second", 0 < found["applied_to_funded_ms"]["p99"] < FUNDED_WITHIN_MS
    yield "the ledger balances to the cent", found["ledger_imbalance_minor"] == 0
    yield "bank and ledger agree to the cent", found["unreconciled_minor"] == 0
    yield "no grade holds more than half of the scored", scored > 0 and max(grades.values()) * 2 <= scored
    yield f"nobody was financed before {MIN_DAYS} days and {MIN_LINES} lines of trade", count(TOO_YOUNG) == 0
    yield "advances were repaid as the platform settled", count(REPAID) > 0
    yield "what advances owe is what the ledger says", count(OWED_OTHERWISE) == 0
    yield "nothing is left on a clearing account", count(LEFT_IN_CLEARING) == 0
    yield "every event has reached its subscribers", count(UNDELIVERED) == 0


def asked_again(connection: Connection, funder: Caller) -> Iterator[tuple[str, bool]]:
    """Decisions decided again from what was kept of them."""
    ids = connection.execute("SELECT id FROM credit_decision ORDER BY md5(id::text) LIMIT %s", [REPLAYED]).fetchall()
    same = [funder.get(f"decisions/{decision}/replay/")["identical"] for (decision,) in ids]
    yield f"{len(same)} decisions replayed bit for bit", bool(same) and all(same)
