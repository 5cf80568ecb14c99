from django.db import migrations, models
from django.db.models import Count, Q

from accounts.parties.models import RegistrationKey


def refuse_duplicates(apps, schema_editor):
    """Which of two is the company nobody but the operator can tell: name them, and change nothing."""
    parties = apps.get_model("parties", "Party").objects.exclude(registration_number="")
    parties = parties.annotate(key=RegistrationKey("registration_number"))
    twice = parties.values("kind", "country", "key").annotate(count=Count("id")).filter(count__gt=1).order_by("key")
    found = [
        f"{each['kind']} {each['country']} {each['key']}: parties " + ", ".join(str(pk) for pk in _ids(parties, each))
        for each in twice
    ]
    if found:
        raise RuntimeError(
            "These parties are registered under one number, written in different ways. Correct or empty the number of "
            "those that are not the company, and migrate again. " + "; ".join(found)
        )


def _ids(parties, found: dict):
    same = parties.filter(kind=found["kind"], country=found["country"], key=found["key"])
    return same.order_by("id").values_list("id", flat=True)


class Migration(migrations.Migration):
    dependencies = [
        ("parties", "0007_letters_of_invitations"),
    ]

    operations = [
        migrations.RunPython(refuse_duplicates, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="party", name="party_registration_once"),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.UniqueConstraint(
                "kind",
                "country",
                RegistrationKey("registration_number"),
                condition=~Q(registration_number=""),
                name="party_registration_once",
            ),
        ),
    ]
