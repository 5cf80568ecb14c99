from django.db import migrations

from portal.shared.database import fill

NUMBERS = """
WITH platforms AS (SELECT id, count(*) OVER () AS count FROM parties_party WHERE kind = 'PLATFORM'),
named AS (
    INSERT INTO orders_suppliernumber
        (platform_id, supplier_id, number, status, proposed_at, proposed_by, decided_at, decided_by, reason)
    SELECT p.id, s.id, s.external_reference, 'CONFIRMED', now(), '', now(), 'system', ''
    FROM parties_party s CROSS JOIN platforms p
    WHERE s.id > %(after)s AND s.id <= %(until)s AND s.kind = 'SUPPLIER' AND s.external_reference <> ''
      AND (p.count = 1
           OR EXISTS (SELECT FROM orders_purchaseorder o WHERE o.supplier_id = s.id AND o.platform_id = p.id)
           OR EXISTS (SELECT FROM receivables_receivable r WHERE r.supplier_id = s.id AND r.debtor_id = p.id))
    ON CONFLICT DO NOTHING
)
UPDATE parties_party SET external_reference = ''
WHERE id > %(after)s AND id <= %(until)s AND kind = 'SUPPLIER' AND external_reference <> ''
"""


class Migration(migrations.Migration):
    """The number of all platforms that a supplier had becomes its number at each platform that it trades with.

    Where there is one platform, it is that one's also without trade yet; where there are several, a number that no
    trade shows to be anybody's is nobody's: the next file of whose it is names the supplier anew.
    """

    atomic = False  # invoices come in meanwhile

    dependencies = [
        ("receivables", "0005_sums_from_indexes"),
        ("orders", "0003_numbers_by_platform"),
        ("parties", "0010_suppliers_by_platform"),
    ]

    operations = [
        fill("parties_party", NUMBERS),
        migrations.RunSQL(
            "ALTER TABLE parties_party VALIDATE CONSTRAINT party_supplier_by_platform", migrations.RunSQL.noop
        ),
    ]
