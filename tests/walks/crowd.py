"""Many more rows of everything: each row that there is, copied so and so often, with all that hangs on it.

Copies hang on copies and on originals by turns, so that there are more invoices, and more lines on one invoice. What a
new model needs is seen from its fields and constraints.
"""

import copy
import uuid
from collections.abc import Collection
from datetime import date, timedelta

from django.apps import apps
from django.db import models

STAYS = {
    # a book has as many accounts as it has kinds of them, and its entries are shown in sums
    "ledger.Account", "ledger.Balance", "ledger.Entry", "ledger.Leg",
    "contenttypes.ContentType", "auth.Permission", "auth.Group", "sessions.Session",
}  # fmt: skip
SHARED = {
    "parties.Party", "parties.User", "credit.Facility", "credit.PolicyVersion", "ledger.Book",
    "banking.BankAccount",
}  # fmt: skip
"""What copies hang on as it is, unless that may be done once only: the people who look stay the same."""


def multiply(times: int, only: Collection[str] = ()) -> None:
    """Add `times` copies of every row, or of those of some models alone."""
    chosen = [each for each in in_order() if not only or each._meta.label in only]
    rows = {model: list(model._default_manager.all()) for model in chosen}
    for turn in range(1, times + 1):
        made: dict[tuple, models.Model] = {}
        for model, originals in rows.items():
            copies = [copied(row, turn, made) for row in originals]
            model._default_manager.bulk_create(copies)
            made |= {(model, row.pk): new for row, new in zip(originals, copies, strict=True)}


def in_order() -> list[type[models.Model]]:
    """Every model, after those that it refers to."""
    waiting = [each for each in apps.get_models() if each._meta.label not in STAYS and each._meta.managed]
    ordered: list[type[models.Model]] = []
    while waiting:
        ready = [each for each in waiting if not (referred(each) - {each}) & set(waiting)]
        assert ready, f"These models refer to each other in a circle: {waiting}"
        ordered += ready
        waiting = [each for each in waiting if each not in ready]
    return ordered


def referred(model: type[models.Model]) -> set[type[models.Model]]:
    """What a row cannot be without: what it may be without can refer back to it."""
    return {field.related_model for field in model._meta.concrete_fields if field.is_relation and not field.null}


def copied(row: models.Model, turn: int, made: dict[tuple, models.Model]) -> models.Model:
    new = copy.copy(row)
    new._state = copy.copy(row._state)
    new._state.adding, new._state.fields_cache = True, {}
    key = row._meta.pk
    if isinstance(key, models.AutoField):
        new.pk = None
    changed = set()
    for group in once_only(type(row)):
        if not changed & set(group):
            changed.add(make_different(new, row, group, turn, made))
    for field in row._meta.concrete_fields:
        twin = made.get((field.related_model, getattr(row, field.attname))) if field.is_relation else None
        if twin and field.name not in changed and turn % 2 and field.related_model._meta.label not in SHARED:
            setattr(new, field.attname, twin.pk)
    return new


def once_only(model: type[models.Model]) -> list[list[str]]:
    """Groups of fields whose values may be there once, those of one field first."""
    groups = [[f.name] for f in model._meta.concrete_fields if f.unique and not isinstance(f, models.AutoField)]
    if isinstance(model._meta.pk, models.CompositePrimaryKey):
        groups.append([field.name for field in model._meta.pk.fields])
    groups += [list(together) for together in model._meta.unique_together]
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            groups.append([*constraint.fields, *names_in(constraint.expressions)])
    return groups


def names_in(expressions) -> list[str]:
    """Fields that expressions of a constraint are made of."""
    found = []
    for each in expressions:
        found += [each.name] if isinstance(each, models.F) else names_in(each.get_source_expressions())
    return found


def make_different(new, row, group: list[str], turn: int, made: dict[tuple, models.Model]) -> str:
    """Change one field of a group so that the copy may stand beside the original; its name."""
    fields = [row._meta.get_field(name) for name in group]
    for field in fields:
        value = getattr(row, field.attname)
        if not field.is_relation and not field.choices and value not in (None, ""):
            setattr(new, field.attname, other(field, value, turn))
            return field.name
    # A role of a person in a party: by turns another person, or another party.
    for field in reversed(fields) if turn % 2 else fields:
        twin = made.get((field.related_model, getattr(row, field.attname))) if field.is_relation else None
        if twin:
            setattr(new, field.attname, twin.pk)
            return field.name
    return ""


CURRENCIES = ("USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "JPY", "AUD")
"""A page that tells an amount knows its currency: one made up it could not show."""


def other(field: models.Field, value, turn: int):
    if field.attname == "currency":
        return CURRENCIES[turn % len(CURRENCIES)]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value + 1000 * turn
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, date):
        return value - timedelta(days=turn)
    mark = f"~{turn}"
    return value[: (field.max_length or 200) - len(mark)] + mark
