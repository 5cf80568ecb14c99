"""The database's own word on the books: what is booked balances, enters whole, in an open day, and stays.

Statement triggers with transition tables: one check for however many entries a statement books.
"""

from django.db import migrations

from portal.shared.database import append_only

OPEN_DAY = """
CREATE FUNCTION ledger_open_day(wanted bigint) RETURNS date LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- Whoever books holds the day open until the transaction ends; whoever advances it waits for them (exclusive lock).
    -- The date is read by a statement of its own, after the lock: in the caller's snapshot it could be yesterday's.
    PERFORM pg_advisory_xact_lock_shared(710100, wanted::int);
    RETURN (SELECT business_date FROM ledger_book WHERE id = wanted);
END $$;
"""

ENTRIES = """
CREATE FUNCTION ledger_entries_are_sound() RETURNS trigger LANGUAGE plpgsql
-- Subqueries per entry and no joins of whole tables: a plan is kept for the session, and one that was made for an empty
-- ledger or a single entry has to serve a full one and ten thousand.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE bad text;
BEGIN
    PERFORM ledger_open_day(book_id) FROM (SELECT DISTINCT book_id FROM new_entry ORDER BY book_id) books;
    SELECT string_agg(key, ', ') INTO bad FROM (
        SELECT key FROM new_entry e
        WHERE business_date IS DISTINCT FROM (SELECT b.business_date FROM ledger_book b WHERE b.id = e.book_id)
        LIMIT 5) found;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'Not of the open business date: %', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_in_open_day';
    END IF;

    SELECT string_agg(key, ', ') INTO bad FROM (
        SELECT e.key
        FROM new_entry e
        CROSS JOIN LATERAL (
            SELECT count(*) AS legs, sum(l.amount_minor) AS total,
                   min(a.book_id) AS first_book, max(a.book_id) AS last_book,
                   min(a.currency) AS first_currency, max(a.currency) AS last_currency
            FROM ledger_leg l JOIN ledger_account a ON a.id = l.account_id
            WHERE l.entry_id = e.id
        ) sums
        WHERE sums.legs < 2 OR sums.total <> 0
           OR sums.first_book <> e.book_id OR sums.last_book <> e.book_id
           OR sums.first_currency <> sums.last_currency LIMIT 5) found;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'Not balanced in one currency of one book by legs of the same statement: %', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_balances';
    END IF;

    SELECT string_agg(key, ', ') INTO bad FROM (
        SELECT key FROM new_entry e
        WHERE reverses_id IS NOT NULL AND (
            (SELECT original.book_id FROM ledger_entry original
             WHERE original.id = e.reverses_id AND original.reverses_id IS NULL) IS DISTINCT FROM e.book_id
            OR EXISTS (SELECT account_id FROM ledger_leg WHERE entry_id IN (e.id, e.reverses_id)
                       GROUP BY account_id HAVING sum(amount_minor) <> 0))
        LIMIT 5) found;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'Not the mirror of what it reverses: %', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_reversal_mirrors';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_are_sound AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS new_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_are_sound();
"""

LEGS = """
CREATE FUNCTION ledger_legs_are_of_new_entries() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE bad text;
BEGIN
    -- No entry is ever without legs, so an older entry has legs that are not of this statement.
    SELECT string_agg(entry_id::text, ', ') INTO bad FROM (
        SELECT n.entry_id
        FROM (SELECT entry_id, count(*) AS legs FROM new_leg GROUP BY entry_id) n
        CROSS JOIN LATERAL (SELECT count(*) AS legs FROM ledger_leg l WHERE l.entry_id = n.entry_id) every
        WHERE every.legs <> n.legs LIMIT 5) found;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'Legs added to entries that were booked before: %', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_leg_of_new_entry';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_legs_are_of_new_entries AFTER INSERT ON ledger_leg
    REFERENCING NEW TABLE AS new_leg FOR EACH STATEMENT EXECUTE FUNCTION ledger_legs_are_of_new_entries();
"""

DAY = """
CREATE FUNCTION ledger_day_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.business_date < OLD.business_date THEN
        RAISE EXCEPTION 'Business date % of book % is closed', NEW.business_date, NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_day_only_forward';
    END IF;
    PERFORM pg_advisory_xact_lock(710100, NEW.id::int);
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_day_only_forward BEFORE UPDATE OF business_date ON ledger_book
    FOR EACH ROW EXECUTE FUNCTION ledger_day_only_forward();
"""

DROP = """
DROP FUNCTION ledger_day_only_forward() CASCADE;
DROP FUNCTION ledger_legs_are_of_new_entries() CASCADE;
DROP FUNCTION ledger_entries_are_sound() CASCADE;
DROP FUNCTION ledger_open_day(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        append_only("ledger_entry", "ledger_leg"),
        append_only("ledger_account"),
        append_only("ledger_balance", but="debit_minor, credit_minor"),
        append_only("ledger_book", but="business_date, time_zone, calendar"),
        migrations.RunSQL(OPEN_DAY + ENTRIES + LEGS + DAY, DROP),
    ]
