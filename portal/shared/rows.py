"""Serializers of the rows of lists, told as fast as a page of them needs.

REST framework builds all fields of a serializer anew for each request, and asks each field of each row in several
calls: for fifty receivables that took three times what the database took. A `Row` finds out once for its class how each
field is read and written, and does the same without asking. What may depend on the request is asked as before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache, cached_property
from inspect import getattr_static
from operator import attrgetter
from types import FunctionType
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Field, ForeignKey, GeneratedField, Model, QuerySet
from django.utils import timezone
from django.utils.encoding import is_protected_type
from rest_framework import fields, relations, serializers

UTCS = {UTC, ZoneInfo("UTC")}
TEXTS = (models.CharField, models.TextField)
NUMBERS = (
    models.AutoField, models.BigAutoField, models.BigIntegerField, models.IntegerField, models.PositiveIntegerField,
    models.PositiveSmallIntegerField, models.SmallIntegerField,
)  # fmt: skip
SAME: dict[type[fields.Field], tuple[type[Field], ...]] = {
    fields.BigIntegerField: NUMBERS, fields.CharField: TEXTS, fields.ChoiceField: TEXTS, fields.IntegerField: NUMBERS,
    fields.ModelField: NUMBERS,
}  # fmt: skip
"""Fields that tell just what columns of these kinds hold."""
Told = Callable[[serializers.Serializer, Model], Any]
"""Told(serializer, row) -> the value of one field."""

PLAIN = (
    fields.BigIntegerField, fields.BooleanField, fields.CharField, fields.ChoiceField, fields.DateField,
    fields.DateTimeField, fields.DecimalField, fields.DictField, fields.EmailField, fields.FloatField,
    fields.IntegerField, fields.JSONField, fields.ListField, fields.ReadOnlyField, fields.SlugField, fields.URLField,
    fields.UUIDField,
)  # fmt: skip
"""Kinds of fields, exactly, that tell a value by itself: never by the request."""


@dataclass(frozen=True, slots=True)
class Known:
    """How the rows of a class are told: `names` in their order; `kept`, what a row holds under a name of its own and
    `read` takes all at once. Of that `written` is written in another way, and `instants` in the zone of whoever asks.
    `told` is what the serializer tells of the row."""

    names: dict[str, None]
    kept: tuple[str, ...]
    read: Callable[[Model], tuple]
    written: tuple[tuple[str, Callable[[Any], Any]], ...]
    instants: tuple[str, ...]
    told: tuple[tuple[str, Told], ...]

    def tell(self, serializer: serializers.Serializer, row: Model) -> dict:
        found = self.names.copy()
        found.update(zip(self.kept, self.read(row), strict=True))
        for name, write in self.written:
            if (value := found[name]) is not None:
                found[name] = write(value)
        if self.instants:
            zone = serializer.zone
            for name in self.instants:
                if (value := found[name]) is not None:
                    found[name] = _instant(value, zone)
        for name, told in self.told:
            try:
                found[name] = told(serializer, row)
            except fields.SkipField:
                del found[name]
        return found


class Row(serializers.ModelSerializer):
    """A ModelSerializer to be read from.

    `reads`: columns that its methods read. Where they are named (no column at all is a name, too), the rows of a list
    are read as plain values, and no models are made of them: that took longer than to tell them.
    """

    reads: tuple[str, ...] | None = None

    @cached_property
    def zone(self) -> tzinfo:
        """Of all instants that this serializer tells: to ask for it costs more than to write one."""
        zone = timezone.get_current_timezone()
        return UTC if zone == ZoneInfo("UTC") else zone

    def to_representation(self, instance: Model | tuple) -> dict:
        kept = "_known" if isinstance(instance, Model) else "_plainly_known"
        known = type(self).__dict__.get(kept)
        if known is None:
            known = _known(self, _nested if kept == "_known" else _nested_in_columns)
            setattr(type(self), kept, known)
        return known.tell(self, instance)

    @classmethod
    def in_columns(cls, *others: str) -> QuerySet:
        """All rows as a serializer with `reads` reads them: with the columns that it tells, and others."""
        return _in_columns(cls, others).all()  # what was asked stays with whoever asked


@cache
def _in_columns(shown: type[Row], others: tuple[str, ...]) -> QuerySet:
    """Put together once: to find the columns of a list takes as long as to write its statement down."""
    return shown.Meta.model.objects.values_list(*dict.fromkeys((*_columns(shown()), *others)), named=True)


def _columns(serializer: Row) -> Iterator[str]:
    for field in serializer._readable_fields:
        if isinstance(field, Row):
            yield from (f"{field.source}__{each}" for each in _columns(field))
        elif type(field) is relations.PrimaryKeyRelatedField:
            yield _foreign_key(serializer.Meta.model, field)
        elif type(field) is not fields.SerializerMethodField:
            yield field.source
    yield from serializer.reads or ()


def _known(serializer: Row, nested: Callable[[Row], Told]) -> Known:
    named = {field.field_name: field for field in serializer._readable_fields}
    sources, written, instants, told = {}, [], [], []
    for name, field in named.items():
        if source := _source(serializer, field):
            sources[name] = source
            if type(field) is fields.DateTimeField:
                instants.append(name)
            elif write := _write(serializer, field):
                written.append((name, write))
        else:
            told.append((name, _told(serializer, field, nested)))
    return Known(
        dict.fromkeys(named), tuple(sources), _reading(*sources.values()), *map(tuple, (written, instants, told))
    )


def _reading(*sources: str) -> Callable[[Any], tuple]:
    """Reads a tuple of what stands under these names, however few they are."""
    return attrgetter(*sources) if len(sources) > 1 else lambda row: tuple(getattr(row, source) for source in sources)


def _source(serializer: Row, field: fields.Field) -> str:
    """The name under which the row holds what the field tells; empty where it takes more to find than that."""
    model = serializer.Meta.model
    if type(field) is relations.PrimaryKeyRelatedField:
        return _foreign_key(model, field)
    if _is_same(serializer, field):
        return field.source
    is_there = _is_plain(field) and len(field.source_attrs) == 1
    return field.source if is_there and not isinstance(getattr_static(model, field.source, None), FunctionType) else ""


def _write(serializer: Row, field: fields.Field) -> Callable[[Any], Any] | None:
    """How a value that is there is written; None where it is told as it is."""
    if type(field) is relations.PrimaryKeyRelatedField or _is_same(serializer, field):
        return None
    return WRITTEN.get(type(field), field.to_representation)


def _is_same(serializer: Row, field: fields.Field) -> bool:
    """Whether what the model holds is text or a whole number, and told as that."""
    if type(field) not in SAME or len(field.source_attrs) != 1:
        return False
    columns = {each.name: each for each in serializer.Meta.model._meta.concrete_fields}
    column = columns.get(field.source)
    if isinstance(column, GeneratedField):
        column = column.output_field
    return type(column) in SAME[type(field)]


def _told(serializer: Row, field: fields.Field, nested: Callable[[Row], Told]) -> Told:
    if type(field) is fields.SerializerMethodField:
        method = getattr(type(serializer), field.method_name)
        return lambda asked, row: method(asked, row)
    if type(field) is fields.ModelField:
        return _of_model(field.model_field)
    if isinstance(field, Row) and all(_is_plain(each) for each in field._readable_fields):
        return nested(field)
    if not _is_plain(field):
        return _as_before(field.field_name)
    return _plainly(field.get_attribute, field.to_representation)


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
    within, read = _known(field, _nested), field.get_attribute

    def told(serializer: serializers.Serializer, row: Model) -> dict | None:
        value = read(row)
        return None if value is None else within.tell(serializer, value)

    return told


def _nested_in_columns(field: Row) -> Told:
    """The same, whose columns stand among those of the row. Only what is told as it is: names and numbers."""
    within = _known(field, _nested_in_columns)
    if within.written or within.instants or within.told:
        raise TypeError(f"{type(field).__name__} is not told by its columns alone.")
    read = _reading(*(f"{field.source}__{field.fields[name].source}" for name in within.kept))

    def told(_serializer: serializers.Serializer, row: tuple) -> dict | None:
        values = read(row)
        return None if values[0] is None else dict(zip(within.kept, values, strict=True))

    return told


def _as_before(name: str) -> Told:
    def told(serializer: serializers.Serializer, row: Model) -> Any:
        field = serializer.fields[name]
        value = field.get_attribute(row)
        is_none = value is None or (isinstance(value, relations.PKOnlyObject) and value.pk is None)
        return None if is_none else field.to_representation(value)

    return told


def _instant(value: datetime, zone: tzinfo) -> str:
    """As ISO 8601, in this zone."""
    if value.tzinfo is zone is UTC:  # as the database gives them, and machines read them
        return f"{value.isoformat()[:-6]}Z"
    text = value.astimezone(zone).isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


WRITTEN: dict[type[fields.Field], Callable[[Any], Any]] = {
    fields.BigIntegerField: int, fields.CharField: str, fields.DateField: date.isoformat, fields.IntegerField: int,
}  # fmt: skip
"""As REST framework writes them, without its questions."""
