"""Serializers of the rows of lists, told as fast as a page of them needs.

REST framework builds all fields of a serializer anew for each request, and asks each field of each row in several
calls: for fifty receivables that took three times what the database took. A `Row` finds out once for its class how each
field is read and written, and does the same without asking. What may depend on the request is asked as before.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from inspect import getattr_static
from operator import attrgetter
from types import FunctionType
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Field, ForeignKey, Model
from django.utils import timezone
from django.utils.encoding import is_protected_type
from rest_framework import fields, relations, serializers

UTCS = {UTC, ZoneInfo("UTC")}
Told = Callable[[serializers.Serializer, Model], Any]
"""Told(serializer, row) -> the value of one field."""

PLAIN = (
    fields.BigIntegerField, fields.BooleanField, fields.CharField, fields.ChoiceField, fields.DateField,
    fields.DateTimeField, fields.DecimalField, fields.DictField, fields.EmailField, fields.FloatField,
    fields.IntegerField, fields.JSONField, fields.ListField, fields.ReadOnlyField, fields.SlugField, fields.URLField,
    fields.UUIDField,
)  # fmt: skip
"""Kinds of fields, exactly, that tell a value by itself: never by the request."""


class Row(serializers.ModelSerializer):
    """A ModelSerializer to be read from."""

    def to_representation(self, instance: Model) -> dict:
        known = type(self).__dict__.get("_told")
        if known is None:
            known = type(self)._told = _told_by(self)
        return _tell(known, self, instance)


def _tell(known: list[tuple[str, Told]], serializer: serializers.Serializer, row: Model) -> dict:
    found = {}
    for name, told in known:
        try:
            found[name] = told(serializer, row)
        except fields.SkipField:
            continue
    return found


def _told_by(serializer: Row) -> list[tuple[str, Told]]:
    return [(field.field_name, _told(serializer, field)) for field in serializer._readable_fields]


def _told(serializer: Row, field: fields.Field) -> Told:
    model = serializer.Meta.model
    if type(field) is fields.SerializerMethodField:
        method = getattr(type(serializer), field.method_name)
        return lambda asked, row: method(asked, row)
    if type(field) is relations.PrimaryKeyRelatedField and (column := _foreign_key(model, field)):
        return _plainly(attrgetter(column), lambda value: value)
    if type(field) is fields.ModelField:
        return _of_model(field.model_field)
    if isinstance(field, Row) and all(_is_plain(each) for each in field._readable_fields):
        return _nested(field)
    if not _is_plain(field):
        return _as_before(field.field_name)
    if len(field.source_attrs) != 1 or isinstance(getattr_static(model, field.source, None), FunctionType):
        return _plainly(field.get_attribute, field.to_representation)
    return _plainly(attrgetter(field.source), WRITTEN.get(type(field), field.to_representation))


def _is_plain(field: fields.Field) -> bool:
    return type(field) in PLAIN and getattr(field, "format", None) is None


def _foreign_key(model: type[Model], field: relations.PrimaryKeyRelatedField) -> str:
    """The column that holds the number of the other row; empty where none does."""
    found = next((each for each in model._meta.concrete_fields if each.name == field.source), None)
    return found.attname if isinstance(found, ForeignKey) and field.pk_field is None else ""


def _plainly(read: Callable[[Model], Any], write: Callable[[Any], Any]) -> Told:
    def told(_serializer: serializers.Serializer, row: Model) -> Any:
        value = read(row)
        return None if value is None else write(value)

    return told


def _of_model(column: Field) -> Told:
    """What the database computes, and other columns that REST framework has no kind of field for."""

    def told(_serializer: serializers.Serializer, row: Model) -> Any:
        value = getattr(row, column.attname)
        return value if is_protected_type(value) else column.value_to_string(row)

    return told


def _nested(field: Row) -> Told:
    """A row within the row, all fields of which are plain: those of one request tell it to any."""
    within, read = _told_by(field), field.get_attribute

    def told(_serializer: serializers.Serializer, row: Model) -> dict | None:
        value = read(row)
        return None if value is None else _tell(within, field, value)

    return told


def _as_before(name: str) -> Told:
    def told(serializer: serializers.Serializer, row: Model) -> Any:
        field = serializer.fields[name]
        value = field.get_attribute(row)
        is_none = value is None or (isinstance(value, relations.PKOnlyObject) and value.pk is None)
        return None if is_none else field.to_representation(value)

    return told


def _instant(value: datetime) -> str:
    zone = timezone.get_current_timezone()
    text = (value if value.tzinfo in UTCS and zone in UTCS else value.astimezone(zone)).isoformat()
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text


def _day(value: date) -> str:
    return value.isoformat()


WRITTEN: dict[type[fields.Field], Callable[[Any], Any]] = {
    fields.BigIntegerField: int, fields.CharField: str, fields.DateField: _day, fields.DateTimeField: _instant,
    fields.IntegerField: int,
}  # fmt: skip
"""As REST framework writes them (its ISO 8601), without its questions."""
