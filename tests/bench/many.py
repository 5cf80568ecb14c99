"""A world in which business went well for years: a million receivables and a hundred thousand advances, by SQL.

Harbour lends to 2,000 suppliers of Meridian; Amphora, whose pages are walked, has 20,000 receivables and 2,000
advances of these. A tenth of everything is open, the rest history.
"""

from time import perf_counter

import psycopg

from portal.runtime.world import World
from tests.bench.stage import Side, join
from tests.walks.stage import Stage, set_up
from tests.world import NOW

SUPPLIERS, RECEIVABLES, ADVANCES, OPEN = 2_000, 490, 49, 5
AMPHORA_RECEIVABLES, AMPHORA_ADVANCES = 20_000, 2_000
FIRST = 1_000_000
"""Quotes, decisions, applications, payments and advances of one story have one id, from here on."""


def fill(running: World) -> Stage:
    stage = set_up()
    lending = stage.lending
    join(Side(lending.cast.harbour, lending.book, lending.policy, lending.programme), SUPPLIERS)
    facts = {
        "book": lending.book.id, "funder": lending.cast.harbour.id, "policy": lending.policy.id,
        "amphora": lending.amphora_facility.id, "bellows": lending.bellows_facility.id, "receivables": RECEIVABLES,
        "amphora_receivables": AMPHORA_RECEIVABLES, "advances": ADVANCES, "amphora_advances": AMPHORA_ADVANCES,
        "open": OPEN, "first": FIRST, "now": NOW,
    }  # fmt: skip
    server, database = running.postgres.superuser_url, running.environment["DATABASE_URL"].rpartition("/")[2]
    with psycopg.connect(f"{server.rpartition('/')[0]}/{database}", autocommit=True) as superuser:
        # Neither foreign keys nor triggers: what is made here follows the rules by construction.
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("SET maintenance_work_mem = '256MB'")
        superuser.execute("SET enable_nestloop = off")  # nothing here is asked for a few rows
        indexes = superuser.execute(INDEXES).fetchall()
        for _definition, name in indexes:  # made anew at once is faster than row by row
            superuser.execute(f"DROP INDEX {name}")
        steps = STEPS | {name: definition for definition, name in indexes}
        for what, statement in steps.items():
            started = perf_counter()
            count = superuser.execute(statement, facts if what in STEPS else None).rowcount
            superuser.execute("ANALYZE")  # or the next is planned as if nothing were there
            print(f"    {what}: {count:,} in {perf_counter() - started:.1f} s", flush=True)
        superuser.execute("VACUUM ANALYZE")
        superuser.execute("CHECKPOINT")
    return stage


INDEXES = """
    SELECT indexdef, i.indexrelid::regclass::text
    FROM pg_indexes JOIN pg_index i ON i.indexrelid = format('%I.%I', schemaname, indexname)::regclass
    WHERE tablename = ANY('{receivables_receivable,ledger_leg,trail_event,trail_eventparty}') AND NOT indisunique
"""
STEPS = {
    "documents": """
        INSERT INTO intake_document (party_id, kind, media_type, file_name, content, sha256, size, received_at,
            received_from, outcome, code, explanation, report)
        SELECT f.supplier_id, 'INVOICE', 'application/json', 'invoices-' || n || '.json', '{}'::bytea,
            md5(f.id || '/' || n) || md5('x'), 2, %(now)s::timestamptz - make_interval(days => n %% 300), 'bench',
            'ACCEPTED', '', '', '{"entered": 10}'
        FROM credit_facility f
        CROSS JOIN LATERAL generate_series(1, CASE WHEN f.id = %(amphora)s THEN 2000 ELSE 50 END) n
        WHERE f.funder_id = %(funder)s ORDER BY n, f.id
    """,
    "receivables": """
        INSERT INTO receivables_receivable (supplier_id, debtor_id, funder_id, assigned_facility_id, document_type,
            number, normalised_number, fiscal_year, issue_date, due_date, goods_received_date, currency, gross_minor,
            deductions_minor, credited_minor, settling_minor, settled_minor, status, match, match_note, dispute_reason,
            document_id, received_at, accepted_at, accepted_by)
        SELECT f.supplier_id, f.debtor_id,
            CASE WHEN s.status = 'ASSIGNED' OR s.status = 'SETTLED' AND n %% 2 = 0 THEN f.funder_id END,
            CASE WHEN s.status = 'ASSIGNED' OR s.status = 'SETTLED' AND n %% 2 = 0 THEN f.id END, 'INVOICE',
            'INV-' || n, 'INV' || n, extract(year FROM day), day, day + 45, day, 'EUR', gross, 0, 0, 0,
            CASE WHEN s.status = 'SETTLED' THEN gross ELSE 0 END, s.status, 'MATCHED', '', '', d.id,
            day, CASE WHEN s.status <> 'RECEIVED' THEN day END,
            CASE WHEN s.status <> 'RECEIVED' THEN 'system' ELSE '' END
        FROM credit_facility f
        CROSS JOIN LATERAL generate_series(
            1, CASE WHEN f.id = %(amphora)s THEN %(amphora_receivables)s ELSE %(receivables)s END
        ) n
        CROSS JOIN LATERAL (
            SELECT CASE WHEN n %% 100 < 85 THEN 'SETTLED' WHEN n %% 100 < 92 THEN 'ACCEPTED'
                        WHEN n %% 100 < 97 THEN 'ASSIGNED' WHEN n %% 100 < 99 THEN 'RECEIVED' ELSE 'DISPUTED' END,
                   (%(now)s::date - (CASE WHEN n %% 100 < 85 THEN 60 + n %% 600 ELSE n %% 30 END)),
                   50000 + (n * 7919 + f.id * 31) %% 200000
        ) s (status, day, gross)
        JOIN (SELECT party_id, min(id) AS id FROM intake_document GROUP BY 1) d ON d.party_id = f.supplier_id
        WHERE f.funder_id = %(funder)s ORDER BY n, f.id
    """,
    "stories": """
        CREATE TABLE story AS
        SELECT %(first)s + row_number() OVER (ORDER BY n, f.id) AS id, f.id AS facility_id, f.supplier_id, f.funder_id,
            n, n <= %(open)s AS is_open,
            %(now)s::timestamptz - make_interval(mins => (n * 400 + f.id %% 400)::int) AS at
        FROM credit_facility f
        CROSS JOIN LATERAL generate_series(
            1, CASE WHEN f.id = %(amphora)s THEN %(amphora_advances)s ELSE %(advances)s END
        ) n
        WHERE f.funder_id = %(funder)s AND f.id <> %(bellows)s
    """,
    "quotes": """
        INSERT INTO advances_quote (id, facility_id, supplier_id, funder_id, policy_id, grade, currency, amount_minor,
            available_minor, annual_rate, day_count, fee_minor, interest_minor, business_date,
            expected_settlement_date, due_date, result, created_at, created_by, valid_until)
        SELECT id, facility_id, supplier_id, funder_id, %(policy)s, (ARRAY['A', 'B', 'C'])[1 + facility_id %% 3], 'EUR',
            90000, 100000, 0.09, 'ACT/360', 270, 500, at::date, at::date + 30, at::date + 40,
            jsonb_build_object('filler', repeat(md5(id::text), 40)), at, 'bench', at
        FROM story ORDER BY id
    """,
    "decisions": """
        INSERT INTO credit_decision (id, application_id, facility_id, supplier_id, funder_id, policy_id, outcome,
            inputs, inputs_hash, result, reasons, business_date, decided_at, recommended_by, decided_by,
            given_reasons, explanation)
        SELECT id, id, facility_id, supplier_id, funder_id, %(policy)s, 'APPROVED', '{}', repeat('0', 64),
            jsonb_build_object('filler', repeat(md5(id::text), 40)), '[]', at::date, at, '', 'system',
            '[]', ''
        FROM story ORDER BY id
    """,
    "applications": """
        INSERT INTO advances_application (id, quote_id, facility_id, supplier_id, funder_id, policy_id, amount_minor,
            currency, status, decision_id, submitted_at, submitted_by, decided_at, recommendation, recommendation_note,
            recommended_by, decision_note, recommended_reasons, recommended_explanation)
        SELECT id, id, facility_id, supplier_id, funder_id, %(policy)s, 90000, 'EUR', 'APPROVED', id, at, 'bench', at,
            '', '', '', '', '[]', ''
        FROM story ORDER BY id
    """,
    "messages": """
        INSERT INTO banking_bankmessage (id, direction, kind, message_id, account_id, state, content, sha256,
            recorded_at)
        SELECT %(first)s + n, 'OUT', 'pain.001', 'M' || n, a.id, 'ANSWERED', '', repeat('0', 64), %(now)s
        FROM generate_series(0, 499) n, banking_bankaccount a WHERE a.party_id = %(funder)s
    """,
    "payments": """
        INSERT INTO banking_paymentinstruction (id, key, purpose, account_id, payee_id, creditor_name, creditor_iban,
            creditor_bic, amount_minor, currency, end_to_end_id, remittance, contra_kind, facility_id, subject_type,
            subject_id, status, message_id, reason, reason_text, created_at, sent_at, answered_at, settled_at, payer_id)
        SELECT s.id, 'advance/' || s.id, 'DISBURSEMENT', a.id, s.supplier_id, 'S', 'DE00', '', 90000, 'EUR',
            'PTL' || upper(md5(s.id::text)), 'Advance ' || s.id, 'DISBURSEMENT_CLEARING', facility_id,
            'advances.advance', s.id, 'SETTLED', %(first)s + s.id %% 500, '', '', at, at, at, at, %(funder)s
        FROM story s, banking_bankaccount a WHERE a.party_id = %(funder)s ORDER BY s.id
    """,
    "advances": """
        INSERT INTO advances_advance (id, application_id, facility_id, supplier_id, funder_id, currency, amount_minor,
            annual_rate, day_count, fee_minor, status, approved_at, approved_date, due_date, funded_at, funded_date,
            instruction_id, principal_minor, interest_minor, interest_carry, fees_minor, deferred_fee_minor,
            accrued_until, closed_at, closed_date, grade)
        SELECT id, id, facility_id, supplier_id, funder_id, 'EUR', 90000, 0.09, 'ACT/360', 270,
            CASE WHEN is_open THEN 'ACTIVE' ELSE 'REPAID' END, at, at::date, at::date + 40, at, at::date, id,
            CASE WHEN is_open THEN 90000 ELSE 0 END, CASE WHEN is_open THEN 300 ELSE 0 END, 0,
            CASE WHEN is_open THEN 270 ELSE 0 END, CASE WHEN is_open THEN 100 ELSE 0 END, %(now)s::date,
            CASE WHEN NOT is_open THEN %(now)s::timestamptz END, CASE WHEN NOT is_open THEN %(now)s::date END,
            (ARRAY['A', 'B', 'C'])[1 + facility_id %% 3]
        FROM story ORDER BY id
    """,
    "securities": """
        INSERT INTO advances_advancereceivable (advance_id, receivable_id, released_at)
        SELECT s.id, r.id, CASE WHEN NOT s.is_open THEN %(now)s::timestamptz END
        FROM story s JOIN (
            SELECT id, assigned_facility_id,
                row_number() OVER (PARTITION BY assigned_facility_id ORDER BY status, id DESC) AS n
            FROM receivables_receivable WHERE assigned_facility_id IS NOT NULL
        ) r ON r.assigned_facility_id = s.facility_id AND r.n = s.n
    """,
    "accounts": """
        INSERT INTO ledger_account (book_id, kind, currency, facility_id)
        SELECT %(book)s, kind, 'EUR', f.id FROM credit_facility f, unnest(
            ARRAY['ADVANCES', 'DISBURSEMENT_CLEARING', 'FEES_RECEIVABLE', 'DEFERRED_FEES', 'INTEREST_RECEIVABLE']
        ) kind WHERE f.funder_id = %(funder)s
        UNION ALL
        SELECT %(book)s, kind, 'EUR', NULL
        FROM unnest(ARRAY['CASH', 'INTEREST_INCOME', 'FEE_INCOME', 'SETTLEMENT_CLEARING']) kind
        ON CONFLICT DO NOTHING
    """,
    "entries": """
        INSERT INTO ledger_entry (book_id, key, kind, business_date, value_date, recorded_at, recorded_by, subject_type,
            subject_id)
        SELECT %(book)s, 'advance/' || s.id || '/' || kind, kind, at::date, at::date, at, 'system', 'advances.advance',
            s.id
        FROM story s, unnest(ARRAY['approve', 'bank', 'fee', 'accrue/1', 'accrue/2']) WITH ORDINALITY k (kind, m)
        ORDER BY s.n DESC, s.id, m
    """,
    "legs": """
        INSERT INTO ledger_leg (entry_id, account_id, amount_minor)
        SELECT e.id, a.id, l.amount FROM ledger_entry e JOIN story s ON s.id = e.subject_id
        CROSS JOIN LATERAL (VALUES
            ('approve', 'ADVANCES', s.facility_id, 90000), ('approve', 'DISBURSEMENT_CLEARING', s.facility_id, -90000),
            ('bank', 'DISBURSEMENT_CLEARING', s.facility_id, 90000), ('bank', 'CASH', NULL, -90000),
            ('fee', 'FEES_RECEIVABLE', s.facility_id, 270), ('fee', 'DEFERRED_FEES', s.facility_id, -270),
            ('accrue/1', 'INTEREST_RECEIVABLE', s.facility_id, 300), ('accrue/1', 'INTEREST_INCOME', NULL, -300),
            ('accrue/2', 'INTEREST_RECEIVABLE', s.facility_id, 300), ('accrue/2', 'INTEREST_INCOME', NULL, -300)
        ) l (entry, kind, facility, amount)
        JOIN ledger_account a
          ON a.book_id = %(book)s AND a.kind = l.kind AND coalesce(a.facility_id, 0) = coalesce(l.facility, 0)
        WHERE e.kind = l.entry AND e.book_id = %(book)s AND e.subject_type = 'advances.advance' ORDER BY e.id
    """,
    "balances": """
        INSERT INTO ledger_balance (account_id, value_date, debit_minor, credit_minor)
        SELECT l.account_id, e.value_date, sum(greatest(l.amount_minor, 0)), sum(greatest(-l.amount_minor, 0))
        FROM ledger_leg l JOIN ledger_entry e ON e.id = l.entry_id JOIN story s ON s.id = e.subject_id
        WHERE e.subject_type = 'advances.advance' GROUP BY 1, 2
        ON CONFLICT (account_id, value_date) DO NOTHING
    """,
    "facilities": """
        UPDATE credit_facility f SET status = 'ACTIVE', principal_minor = %(open)s * 90000,
            limit_minor = %(open)s * 90000 + 10000000
        WHERE funder_id = %(funder)s AND id NOT IN (%(amphora)s, %(bellows)s)
    """,
    "events": """
        WITH told AS (
            INSERT INTO trail_event (name, subject_type, subject_id, audience, payload, actor_client_id, request_id,
                recorded_at, effective_at)
            SELECT 'advance.funded', 'advances.advance', id, 'PUBLIC_TO_PARTIES',
                '{"amount_minor": 90000, "currency": "EUR"}', '', '', at, at
            FROM story ORDER BY n DESC, id RETURNING id, subject_id
        )
        INSERT INTO trail_eventparty (party_id, event_id)
        SELECT party, told.id FROM told JOIN story s ON s.id = told.subject_id,
            unnest(ARRAY[s.supplier_id, s.funder_id]) party
    """,
    "sequences": """
        SELECT setval(pg_get_serial_sequence(t, 'id'), (SELECT max(id) FROM story)) FROM unnest(ARRAY[
            'advances_quote', 'credit_decision', 'advances_application', 'banking_bankmessage',
            'banking_paymentinstruction', 'advances_advance']) t
    """,
    "the stories' end": "DROP TABLE story",
}
