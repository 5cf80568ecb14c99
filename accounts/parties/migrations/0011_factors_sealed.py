from django.db import migrations

from accounts.parties.factors import sealed_anew


def seal(apps, schema_editor):
    """Second factors that lay open. Those who sign in meanwhile are not held up: either way is read."""
    authenticators = apps.get_model("mfa", "Authenticator").objects
    for each in authenticators.select_for_update(no_key=True).order_by("pk").iterator():
        if changed := sealed_anew(each.data):
            authenticators.filter(pk=each.pk).update(data=each.data | changed)


class Migration(migrations.Migration):
    dependencies = [("parties", "0010_suppliers_by_platform"), ("mfa", "0003_authenticator_type_uniq")]

    operations = [migrations.RunPython(seal, migrations.RunPython.noop)]
