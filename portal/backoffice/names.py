"""What a row is called, in the reader's language: as title of its page, and wherever another row refers to it.

A model's own `__str__` is for logs and stays English.
"""

from collections.abc import Callable

from django.db.models import Model
from django.utils.translation import gettext as _

NUMBERED = {
    "advances.advance", "advances.application", "credit.policyreplay", "notices.mailing", "notices.notice",
    "notices.preferences", "parties.invitation",
}  # fmt: skip
"""Known by their number alone, as every model without words of its own."""


def _account(row: Model) -> str:
    if row.facility_id is None:
        return f"{row.get_kind_display()} {row.currency}"
    words = _("{kind} {currency}, facility {facility}")
    return words.format(kind=row.get_kind_display(), currency=row.currency, facility=row.facility_id)


NAMED: dict[str, Callable[[Model], str]] = {
    "clients.partyclient": lambda row: _("{client} for {party}").format(client=row.client_id, party=row.party),
    "credit.facility": lambda row: _("{programme} for {supplier}").format(
        programme=row.programme, supplier=row.supplier
    ),
    "credit.policyversion": lambda row: _("Policy {number} of {funder}").format(number=row.number, funder=row.funder),
    "intake.document": lambda row: f"{row.get_kind_display()} {row.file_name or row.sha256[:12]}",
    "ledger.account": _account,
    "ledger.book": lambda row: _("Book of {funder}").format(funder=row.funder),
    "parties.businessverification": lambda row: _("Verification of {party}").format(party=row.legal_name),
    "parties.membership": lambda row: _("{person}, {role} of {party}").format(
        person=row.user, role=row.get_role_display(), party=row.party
    ),
    "trail.delivery": lambda row: _("{subscriber}, event {event}").format(
        subscriber=row.subscriber, event=row.event_id
    ),
}


def named(row: Model) -> str:
    label = row._meta.label_lower
    if label in NAMED:
        return NAMED[label](row)
    if label in NUMBERED or type(row).__str__ is Model.__str__:
        thing = str(row._meta.verbose_name)
        return _("{thing} {number}").format(thing=thing[:1].upper() + thing[1:], number=row.pk)
    return str(row)
