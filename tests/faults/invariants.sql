-- What is true of every portal at rest. Each statement names what it looks for and finds nothing.

-- an application without exactly one outcome
SELECT a.id, a.status, count(d.id) FILTER (WHERE d.outcome <> 'REFERRED') AS outcomes
FROM advances_application a LEFT JOIN credit_decision d ON d.application_id = a.id
GROUP BY a.id
HAVING count(d.id) FILTER (WHERE d.outcome <> 'REFERRED') <> CASE WHEN a.status IN ('APPROVED', 'DECLINED') THEN 1 ELSE 0 END
    OR a.status = 'SUBMITTED';

-- an approved application without exactly one advance, or another one with any
SELECT a.id, a.status, count(v.id) AS advances
FROM advances_application a LEFT JOIN advances_advance v ON v.application_id = a.id
GROUP BY a.id
HAVING count(v.id) <> CASE WHEN a.status = 'APPROVED' THEN 1 ELSE 0 END;

-- an advance without exactly one payment order
SELECT v.id, v.status, count(i.id) AS payments
FROM advances_advance v
LEFT JOIN banking_paymentinstruction i ON i.purpose = 'DISBURSEMENT' AND i.subject_id = v.id
GROUP BY v.id HAVING count(i.id) <> 1;

-- a funded advance whose payment is not booked, or one that is on its way still
SELECT v.id, v.status, i.status AS payment
FROM advances_advance v LEFT JOIN banking_paymentinstruction i ON i.id = v.instruction_id
WHERE v.status IN ('APPROVED', 'DISBURSING')
   OR (v.status IN ('ACTIVE', 'OVERDUE', 'DEFAULTED', 'REPAID') AND i.status IS DISTINCT FROM 'SETTLED')
   OR (v.status = 'FAILED' AND i.status NOT IN ('REJECTED', 'RETURNED'));

-- a payment that has not ended
SELECT id, end_to_end_id, status FROM banking_paymentinstruction
WHERE status NOT IN ('SETTLED', 'REJECTED', 'RETURNED');

-- a receivable that secures two advances, or is assigned twice
SELECT receivable_id, count(*) FROM advances_advancereceivable WHERE released_at IS NULL
GROUP BY receivable_id HAVING count(*) > 1
UNION ALL
SELECT receivable_id, count(*) FROM receivables_assignment WHERE released_at IS NULL
GROUP BY receivable_id HAVING count(*) > 1;

-- a receivable paid or credited beyond its amount, or being paid while nothing is on its way
SELECT r.id, r.open_minor, r.settling_minor FROM receivables_receivable r
WHERE r.open_minor < 0 OR r.settling_minor <> 0;

-- a facility above its limit, or with money reserved for nobody
SELECT id, limit_minor, principal_minor, reserved_minor FROM credit_facility
WHERE principal_minor + reserved_minor > limit_minor OR reserved_minor <> 0;

-- a facility that does not owe what its advances owe
SELECT f.id, f.principal_minor, coalesce(sum(v.principal_minor), 0) AS advances
FROM credit_facility f LEFT JOIN advances_advance v ON v.facility_id = f.id
GROUP BY f.id HAVING f.principal_minor <> coalesce(sum(v.principal_minor), 0);

-- a facility that does not owe what the ledger says
SELECT f.id, f.principal_minor, coalesce(sum(b.debit_minor - b.credit_minor), 0) AS ledger
FROM credit_facility f
LEFT JOIN ledger_account a ON a.facility_id = f.id AND a.kind = 'ADVANCES'
LEFT JOIN ledger_balance b ON b.account_id = a.id
GROUP BY f.id HAVING f.principal_minor <> coalesce(sum(b.debit_minor - b.credit_minor), 0);

-- an entry that does not balance
SELECT entry_id, sum(amount_minor) FROM ledger_leg GROUP BY entry_id HAVING sum(amount_minor) <> 0;

-- a kept balance that is not the sum of its legs
SELECT account_id, value_date, kept.minor, booked.minor
FROM (SELECT account_id, value_date, debit_minor - credit_minor AS minor FROM ledger_balance) kept
FULL JOIN (
    SELECT g.account_id, e.value_date, sum(g.amount_minor) AS minor
    FROM ledger_leg g JOIN ledger_entry e ON e.id = g.entry_id GROUP BY g.account_id, e.value_date
) booked USING (account_id, value_date)
WHERE coalesce(kept.minor, 0) <> coalesce(booked.minor, 0);

-- money in a clearing account while nothing is on its way, or due from a supplier other than what it was paid too much
SELECT a.book_id, a.kind, sum(b.debit_minor - b.credit_minor) AS minor, f.overpaid_minor
FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
LEFT JOIN credit_facility f ON f.id = a.facility_id
WHERE a.kind IN ('DISBURSEMENT_CLEARING', 'SETTLEMENT_CLEARING', 'UNAPPLIED_RECEIPTS', 'DUE_TO_SUPPLIER')
GROUP BY a.book_id, a.kind, f.id
HAVING sum(b.debit_minor - b.credit_minor)
    <> CASE WHEN a.kind = 'DUE_TO_SUPPLIER' THEN coalesce(f.overpaid_minor, 0) ELSE 0 END;

-- a booking that was counted for two payments, or a payment counted twice on one account
SELECT instruction_id, account_id, return_reason, count(*) FROM banking_bankentry
WHERE instruction_id IS NOT NULL GROUP BY instruction_id, account_id, return_reason HAVING count(*) > 1;

-- news that waits for somebody, and is not somebody's to mend
SELECT id, subscriber, subject, last_error FROM trail_delivery WHERE state = 'WAITING';

-- news that was not brought to everybody, or was brought twice
SELECT event_id, subscriber, count(*) FROM trail_delivery GROUP BY event_id, subscriber HAVING count(*) > 1;

-- an advance that was funded, repaid or failed, and was not told of it exactly as often
SELECT v.id, v.status, count(e.id) FILTER (WHERE e.name = 'advance.funded') AS funded,
       count(e.id) FILTER (WHERE e.name = 'advance.approved') AS approved
FROM advances_advance v
LEFT JOIN trail_event e ON e.subject_type = 'advances.advance' AND e.subject_id = v.id
GROUP BY v.id
HAVING count(e.id) FILTER (WHERE e.name = 'advance.approved') <> 1
    OR count(e.id) FILTER (WHERE e.name = 'advance.funded') <> CASE WHEN v.funded_at IS NULL THEN 0 ELSE 1 END;
