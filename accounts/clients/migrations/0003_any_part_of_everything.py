from django.db import migrations

from portal.shared.scopes import EVERYTHING, SCOPES


class Migration(migrations.Migration):
    dependencies = [("clients", "0002_secrets")]

    operations = [
        # A client that is trusted with everything may ask for a token of any part of it.
        migrations.RunSQL(
            [
                (
                    "UPDATE allauth_idp_oidc_client SET scopes = %s WHERE default_scopes = %s"
                    " AND id IN (SELECT client_id FROM clients_partyclient)",
                    ["\n".join(SCOPES), EVERYTHING],
                )
            ],
            migrations.RunSQL.noop,
        ),
    ]
