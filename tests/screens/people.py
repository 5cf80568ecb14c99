"""Who looks at the pages: the people of the demo world, and one of each kind for whom nothing has happened yet."""

import json
from dataclasses import dataclass
from pathlib import Path

FULL = {
    "supplier": "ana@amphora.example",
    "platform": "maya@meridian.example",
    "funder": "hana@harbour.example",
    "funder-checker": "hugo@harbour.example",
    "bank": "cleo@crown.example",
    "supervisor": "sana@sextant.example",
    "operator": "olga@portolan.example",
    "operator-checker": "omar@portolan.example",
    "back-office": "olga@portolan.example",
}
EMPTY = {
    "newcomer": "",
    "supplier": "SUPPLIER",
    "platform": "PLATFORM",
    "funder": "FINANCIER",
    "bank": "BANK",
    "supervisor": "SUPERVISOR",
}
"""Role -> kind of the party; the newcomer has signed up and belongs to none."""

NEWCOMERS = """
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from accounts.parties.models import Membership, Party, User
for role, kind in {roles!r}.items():
    email = f"{{role}}@new.example"
    user, made = User.objects.get_or_create(email=email, defaults=dict(full_name="Nina New"))
    user.password = make_password({password!r})
    user.save()
    EmailAddress.objects.get_or_create(user=user, email=email, defaults=dict(verified=True, primary=True))
    if kind and made:
        party = Party.objects.create(kind=kind, name=f"New {{kind.title()}}", country="PT", status="ADMITTED",
                                     registration_number=f"NEW {{role}}", created_at=timezone.now())
        Membership.objects.create(user=user, party=party, role="ADMIN", created_at=timezone.now())
"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """`role` is the folder of the pictures, `first` the page from which the others are found."""

    role: str
    email: str
    password: str
    is_empty: bool = False

    @property
    def first(self) -> str:
        return "/admin/" if self.role == "back-office" else "/"


def viewers(world: Path) -> list[Viewer]:
    password = json.loads((world / "users.json").read_text(encoding="utf-8"))[0]["password"]
    full = [Viewer(role, email, password) for role, email in FULL.items()]
    return full + [Viewer(role, f"{role}@new.example", password, is_empty=True) for role in EMPTY]


def newcomers(password: str) -> str:
    """The Python that makes them, for `manage.py shell`."""
    return NEWCOMERS.format(roles=EMPTY, password=password)
