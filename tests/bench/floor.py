"""The same work in hand-written SQL: prepared statements over one connection, one transaction at a time.

It writes to the portal's own tables with their indexes and guards. It judges nothing: it takes the oldest receivables
that cover the amount and keeps the offer's figures. So it does less than the portal, and is the harder to reach.
"""

import json
import os
import random
from collections.abc import Iterator
from hashlib import sha256

import psycopg

from portal.shared import wall

SUBSCRIBER = "floor.decide"
LENDING_SHARE = 0.8
EVENT = """
INSERT INTO trail_event (name, subject_type, subject_id, audience, payload, actor_client_id, request_id, recorded_at,
                         effective_at)
VALUES (%s, %s, %s, 'PUBLIC_TO_PARTIES', %s, '', '', now(), now()) RETURNING id
"""
PARTIES = "INSERT INTO trail_eventparty (party_id, event_id) SELECT unnest(%s::bigint[]), %s"
ENTRY = """
WITH entry AS (
    INSERT INTO ledger_entry (book_id, key, kind, business_date, value_date, recorded_at, recorded_by, subject_type,
                              subject_id)
    VALUES (%s, %s, %s, %s, %s, now(), 'floor', %s, %s) RETURNING id
)
INSERT INTO ledger_leg (entry_id, account_id, amount_minor)
SELECT entry.id, leg.account_id, leg.amount_minor FROM entry, (VALUES (%s, %s), (%s, %s)) leg (account_id, amount_minor)
"""
ACCOUNT = "SELECT id FROM ledger_account WHERE book_id = %s AND kind = %s AND currency = %s AND facility_id = %s"
BALANCE = """
INSERT INTO ledger_balance AS kept (account_id, value_date, debit_minor, credit_minor) VALUES (%s, %s, %s, %s)
ON CONFLICT (account_id, value_date) DO UPDATE
SET debit_minor = kept.debit_minor + excluded.debit_minor, credit_minor = kept.credit_minor + excluded.credit_minor
"""


class Client:
    """One connection that counts its statements."""

    def __init__(self):
        url = os.environ["DATABASE_URL"]
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=1, **wall.AS_THE_PORTAL)
        self.statements = 0

    def transaction(self):
        return self._connection.transaction()

    def run(self, statement: str, *values) -> psycopg.Cursor:
        self.statements += 1
        return self._connection.execute(statement, values)

    def tell(self, name: str, subject: str, subject_id: int, parties: list[int], /, **facts) -> int:
        event_id = self.run(EVENT, name, subject, subject_id, json.dumps(facts)).fetchone()[0]
        self.run(PARTIES, sorted(set(parties)), event_id)
        return event_id

    def account(self, book_id: int, kind: str, currency: str, facility_id: int) -> int:
        wanted = (book_id, kind, currency, facility_id)
        found = self.run(ACCOUNT, *wanted).fetchone() or self._open_account(wanted)
        return found[0]

    def _open_account(self, wanted: tuple) -> tuple:
        self.run("INSERT INTO ledger_account (book_id, kind, currency, facility_id) VALUES (%s, %s, %s, %s) "
                 "ON CONFLICT DO NOTHING", *wanted)  # fmt: skip
        return self.run(ACCOUNT, *wanted).fetchone()

    def book(self, book_id: int, day, key: str, kind: str, currency: str, legs: list[tuple[str, int, int]],
             subject: tuple[str, int | None] = ("", None)) -> None:  # fmt: skip
        """`legs`: two of (account kind, facility id, amount)."""
        accounts = [(self.account(book_id, name, currency, facility), amount) for name, facility, amount in legs]
        self.run(ENTRY, book_id, key, kind, day, day, *subject, *accounts[0], *accounts[1])
        for account_id, amount in sorted(accounts):
            self.run(BALANCE, account_id, day, max(amount, 0), max(-amount, 0))


def quote(client: Client, facility_id: int, amount: int) -> None:
    """What a quote reads, and an offer that repeats the supplier's last one."""
    with client.transaction():
        supplier, funder, debtor, currency, minutes, _principal, _reserved = client.run(
            "SELECT f.supplier_id, f.funder_id, f.debtor_id, f.currency, p.quote_valid_minutes, f.principal_minor, "
            "f.reserved_minor FROM credit_facility f JOIN credit_programme p ON p.id = f.programme_id WHERE f.id = %s",
            facility_id,
        ).fetchone()
        day = client.run("SELECT business_date FROM ledger_book WHERE funder_id = %s", funder).fetchone()[0]
        policy = client.run(
            "SELECT id, body::text FROM credit_policyversion WHERE funder_id = %s AND status = 'APPROVED' "
            "AND effective_from <= %s ORDER BY effective_from DESC, number DESC LIMIT 1", funder, day,
        ).fetchone()  # fmt: skip
        client.run(
            "SELECT grade, limit_minor, features::text FROM credit_assessment WHERE supplier_id = %s "
            "AND debtor_id = %s AND policy_id = %s AND currency = %s AND as_of = %s",
            supplier, debtor, policy[0], currency, day,
        ).fetchone()  # fmt: skip
        client.run(
            "SELECT id, open_minor, issue_date, due_date, status FROM receivables_receivable WHERE supplier_id = %s "
            "AND debtor_id = %s AND status IN ('RECEIVED', 'ACCEPTED', 'ASSIGNED', 'DISPUTED')", supplier, debtor,
        ).fetchall()  # fmt: skip
        client.run(
            "SELECT interest_minor, fees_minor, due_date FROM advances_advance WHERE facility_id = %s "
            "AND status IN ('ACTIVE', 'OVERDUE', 'DEFAULTED')", facility_id,
        ).fetchall()  # fmt: skip
        client.run(
            "SELECT p.status, max(v.expires_on) FROM parties_party p JOIN parties_businessverification v "
            "ON v.party_id = p.id AND v.status = 'APPROVED' WHERE p.id = %s GROUP BY p.id", supplier,
        ).fetchone()  # fmt: skip
        quote_id = client.run(
            "INSERT INTO advances_quote (facility_id, supplier_id, funder_id, policy_id, grade, currency, "
            "amount_minor, available_minor, annual_rate, day_count, fee_minor, interest_minor, business_date, "
            "expected_settlement_date, due_date, result, created_at, created_by, valid_until) "
            "SELECT facility_id, supplier_id, funder_id, policy_id, grade, currency, %s, available_minor, annual_rate, "
            "day_count, fee_minor, interest_minor, business_date, expected_settlement_date, due_date, result, now(), "
            "created_by, now() + make_interval(mins => %s) FROM advances_quote WHERE facility_id = %s "
            "ORDER BY id DESC LIMIT 1 RETURNING id", amount, minutes, facility_id,
        ).fetchone()[0]  # fmt: skip
        client.tell("quote.given", "advances.quote", quote_id, [supplier, funder], amount_minor=amount)


def finance_next(client: Client) -> bool:
    """Decide, book and instruct the next application that waits; False where none does."""
    with client.transaction():
        delivery = client.run(
            "SELECT d.id, e.subject_id FROM trail_delivery d JOIN trail_event e ON e.id = d.event_id "
            "WHERE d.subscriber = %s AND d.state = 'WAITING' AND d.due_at <= now() "
            "ORDER BY d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED", SUBSCRIBER,
        ).fetchone()  # fmt: skip
        if delivery is None:
            return False
        _finance(client, delivery[1])
        client.run("UPDATE trail_delivery SET state = 'DONE', done_at = now() WHERE id = %s", delivery[0])
    return True


def _finance(client: Client, application_id: int) -> None:
    facility_id, amount, currency, supplier, funder, policy, quoted, rate, count, fee, due, grade = client.run(
        "SELECT a.facility_id, a.amount_minor, a.currency, a.supplier_id, a.funder_id, a.policy_id, q.result::text, "
        "q.annual_rate, q.day_count, q.fee_minor, q.due_date, q.grade FROM advances_application a "
        "JOIN advances_quote q ON q.id = a.quote_id WHERE a.id = %s FOR UPDATE OF a", application_id,
    ).fetchone()  # fmt: skip
    debtor, limit, agreement = client.run(
        "SELECT f.debtor_id, f.limit_minor, p.agreement FROM credit_facility f "
        "JOIN credit_programme p ON p.id = f.programme_id WHERE f.id = %s FOR UPDATE OF f", facility_id,
    ).fetchone()  # fmt: skip
    book_id, day = client.run("SELECT id, business_date FROM ledger_book WHERE funder_id = %s", funder).fetchone()
    receivables = client.run(
        "SELECT id, open_minor, number FROM receivables_receivable WHERE supplier_id = %s AND debtor_id = %s "
        "AND status = 'ACCEPTED' ORDER BY id FOR NO KEY UPDATE", supplier, debtor,
    ).fetchall()  # fmt: skip
    scored, features, policy_hash = client.run(
        "SELECT s.limit_minor, s.features::text, p.body_hash FROM credit_assessment s "
        "JOIN credit_policyversion p ON p.id = s.policy_id WHERE s.supplier_id = %s AND s.debtor_id = %s "
        "AND s.policy_id = %s AND s.currency = %s AND s.as_of = %s", supplier, debtor, policy, currency, day,
    ).fetchone()  # fmt: skip
    security = _covering(receivables, amount)
    inputs = f'{{"policy": "{policy_hash}", "features": {features}, "receivables": {json.dumps(receivables)}}}'
    decision_id = client.run(
        "INSERT INTO credit_decision (application_id, facility_id, supplier_id, funder_id, policy_id, outcome, inputs, "
        "inputs_hash, result, reasons, business_date, decided_at, recommended_by, decided_by, given_reasons, "
        "explanation) VALUES (%s, %s, %s, %s, %s, 'APPROVED', %s, %s, %s, '[\"WITHIN_AUTHORITY\"]', %s, now(), '', "
        "'system', '[]', '') RETURNING id",
        application_id, facility_id, supplier, funder, policy, inputs, sha256(inputs.encode()).hexdigest(), quoted, day,
    ).fetchone()[0]  # fmt: skip
    client.run(
        "UPDATE advances_application SET status = 'APPROVED', decision_id = %s, decided_at = now() WHERE id = %s",
        decision_id, application_id,
    )  # fmt: skip
    client.run(
        "UPDATE credit_facility SET limit_minor = %s, reserved_minor = reserved_minor + %s WHERE id = %s",
        max(scored, limit), amount, facility_id,
    )  # fmt: skip
    both = [supplier, funder]
    client.tell("application.approved", "advances.application", application_id, both, amount_minor=amount)
    advance_id = client.run(
        "INSERT INTO advances_advance (application_id, facility_id, supplier_id, funder_id, currency, amount_minor, "
        "annual_rate, day_count, fee_minor, grade, status, approved_at, approved_date, due_date, principal_minor, "
        "interest_minor, interest_carry, fees_minor, deferred_fee_minor) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, "
        "%s, 'APPROVED', now(), %s, %s, 0, 0, 0, 0, 0) RETURNING id",
        application_id, facility_id, supplier, funder, currency, amount, rate, count, fee, grade, day, due,
    ).fetchone()[0]  # fmt: skip
    client.tell("advance.approved", "advances.advance", advance_id, both, amount_minor=amount, currency=currency)
    for receivable_id, open_minor, number in security:
        _assign(client, receivable_id, facility_id, funder, agreement, advance_id)
        client.tell("receivable.assigned", "receivables.receivable", receivable_id, [*both, debtor], funder=funder,
                    facility=facility_id, number=number, open_minor=open_minor)  # fmt: skip
    _instruct(client, advance_id, facility_id, both, amount, currency)
    client.book(
        book_id, day, f"advance/{advance_id}/approve", "advance.approved", currency,
        [("ADVANCES", facility_id, amount), ("DISBURSEMENT_CLEARING", facility_id, -amount)],
        ("advances.advance", advance_id),
    )  # fmt: skip


def _covering(receivables: list[tuple], amount: int) -> list[tuple]:
    chosen, covered = [], 0.0
    for each in receivables:
        if covered >= amount:
            break
        chosen.append(each)
        covered += each[1] * LENDING_SHARE
    return chosen


def _assign(client: Client, receivable_id: int, facility_id: int, funder: int, agreement: str, advance_id: int) -> None:
    client.run(
        "UPDATE receivables_receivable SET status = 'ASSIGNED', funder_id = %s, assigned_facility_id = %s "
        "WHERE id = %s", funder, facility_id, receivable_id,
    )  # fmt: skip
    client.run(
        "INSERT INTO receivables_assignment (receivable_id, facility_id, funder_id, agreement, assigned_at, "
        "notified_at, acknowledged_at, registry_reference) VALUES (%s, %s, %s, %s, now(), now(), now(), '')",
        receivable_id, facility_id, funder, agreement,
    )  # fmt: skip
    client.run(
        "INSERT INTO advances_advancereceivable (advance_id, receivable_id) VALUES (%s, %s)", advance_id, receivable_id
    )


def _instruct(client: Client, advance_id: int, facility_id: int, both: list[int], amount: int, currency: str) -> None:
    supplier, funder = both
    accounts = {row[0]: row[1:] for row in client.run(
        "SELECT party_id, id, holder, iban, bic FROM banking_bankaccount WHERE party_id = ANY(%s) AND currency = %s "
        "AND closed_at IS NULL", both, currency,
    )}  # fmt: skip
    key = f"by-hand/{advance_id}"  # never one of the portal's, which count by application
    reference = "PTL" + sha256(key.encode()).hexdigest()[:32].upper()
    instruction_id = client.run(
        "INSERT INTO banking_paymentinstruction (key, purpose, account_id, payer_id, payee_id, creditor_name, "
        "creditor_iban, creditor_bic, amount_minor, currency, end_to_end_id, remittance, contra_kind, facility_id, "
        "subject_type, subject_id, status, created_at, reason, reason_text) "
        "VALUES (%s, 'DISBURSEMENT', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'DISBURSEMENT_CLEARING', %s, "
        "'advances.advance', %s, 'DUE', now(), '', '') RETURNING id",
        key, accounts[funder][0], funder, supplier, *accounts[supplier][1:], amount, currency, reference,
        f"Advance {advance_id}", facility_id, advance_id,
    ).fetchone()[0]  # fmt: skip
    client.run("UPDATE advances_advance SET status = 'DISBURSING', instruction_id = %s WHERE id = %s",
               instruction_id, advance_id)  # fmt: skip
    event_id = client.tell(
        "payment.due", "banking.paymentinstruction", instruction_id, both, purpose="DISBURSEMENT",
        subject_type="advances.advance", subject_id=advance_id, amount_minor=amount, currency=currency,
        end_to_end_id=reference,
    )  # fmt: skip
    client.run(
        "INSERT INTO trail_delivery (event_id, subscriber, subject, state, attempts, due_at, last_error) "
        "VALUES (%s, 'banking.send', %s, 'WAITING', 0, now(), '')",
        event_id, f"banking.paymentinstruction:{instruction_id}",
    )  # fmt: skip


# ── Work for a crowd ─────────────────────────────────────────────────────────────────────────────────────────────────
def finance_all() -> Iterator[int | None]:
    client = Client()
    client.run("SELECT 1")
    yield None
    done = 0
    while finance_next(client):
        done += 1
    yield done


def book_entries(book_id: int, day: str, client_number: int, entries: int, accounts: int, run: str) -> Iterator:
    """Entries one transaction at a time, spread over the accounts of many facilities."""
    client, chance = Client(), random.Random(client_number)
    yield None
    for number in range(entries):
        facility = chance.randrange(1, accounts + 1)
        with client.transaction():
            client.book(
                book_id, day, f"{run}/{client_number}/{number}", "bench", "EUR",
                [("ADVANCES", facility, 100), ("DISBURSEMENT_CLEARING", facility, -100)],
            )  # fmt: skip
    yield entries
