"""A Django project of hordak alone. It books as its documentation says: by `transfer_to`, which is one transaction."""

import os
import random
from collections.abc import Iterator

import dj_database_url
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="of a bench",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
    DATABASES={"default": dj_database_url.parse(os.environ["HORDAK_DATABASE_URL"], conn_max_age=None)},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DEFAULT_CURRENCY="EUR",
    HORDAK_CURRENCIES=["EUR"],
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from hordak.models import Account  # noqa: E402
from moneyed import Money  # noqa: E402


def open_accounts(count: int) -> Iterator[int | None]:
    """Two for each facility, as the portal's ledger has them."""
    call_command("migrate", verbosity=0)
    kinds = [Account.TYPES.asset] * count + [Account.TYPES.liability] * count
    for number, kind in enumerate(kinds):
        Account.objects.create(name=f"Account {number}", type=kind, code=f"{number:03d}", currencies=["EUR"])
    yield None
    yield count


def book_entries(client_number: int, entries: int) -> Iterator[int | None]:
    """Entries of two legs, one in each transaction, spread over the accounts."""
    chance = random.Random(client_number)
    debited = list(Account.objects.filter(type=Account.TYPES.asset))
    credited = list(Account.objects.filter(type=Account.TYPES.liability))
    yield None
    for _ in range(entries):
        chance.choice(credited).transfer_to(chance.choice(debited), Money(100, "EUR"), description="bench")
    yield entries
