"""Shapes of bodies: no field that there is not, and lists whose items are each answered for themselves.

class Many(serializers.Serializer):
    applications = Items(child=Asked(), max_length=200)

items = self.checked(Many)["applications"]
answers = services.apply_each(..., quote_ids=[each["quote"] for each in values(items)])
told(items, answers)  # one for each item in its place, those of the wrong shape refused
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.shared.errors import InvalidInput, Misshapen, RuleViolation


class Nothing(serializers.Serializer):
    """The body of an act that needs none: what it said would be overlooked."""


class FieldUnknown(Misshapen):
    code = "FIELD_UNKNOWN"
    sentence = "The field '{name}' is not known here. Known are: {known}."


class NoFields(FieldUnknown):
    sentence = "The field '{name}' is not known here. This takes no fields: send no body."


def refuse_unknown(shape: serializers.Field, given: object) -> None:
    """Raises FieldUnknown for whatever an object says that its shape does not, however deep; Items look themselves."""
    if isinstance(shape, serializers.Serializer) and isinstance(given, dict):
        for name, value in given.items():
            if name not in shape.fields:
                known = ", ".join(shape.fields)
                raise FieldUnknown(name=name[:40], known=known) if known else NoFields(name=name[:40], known="")
            refuse_unknown(shape.fields[name], value)
    elif isinstance(shape, serializers.ListSerializer | serializers.ListField) and isinstance(given, list):
        for each in given if not isinstance(shape, Items) else ():
            refuse_unknown(shape.child, each)


@dataclass(frozen=True, slots=True)
class Item:
    """One of many: its value in the shape that is asked for, or why it has none."""

    value: Any = None
    refusal: RuleViolation | None = None


class Items(serializers.ListField):
    """A list of which each item is read for itself, as an Item: one of the wrong shape spoils no other."""

    def run_child_validation(self, data: Iterable) -> list[Item]:
        return [self._read(each) for each in data]

    def _read(self, given: object) -> Item:
        try:
            refuse_unknown(self.child, given)
            return Item(self.child.run_validation(given))
        except Misshapen as refusal:
            return Item(refusal=refusal)
        except serializers.ValidationError as error:
            return Item(refusal=Misshapen(_faults(error.detail)))


def _faults(detail: dict | list) -> str:
    """What is wrong with an item, as the fields say it: each with its name."""
    if isinstance(detail, list):
        return " ".join(map(str, detail))
    named = _("{field}: {fault}")
    return " ".join(
        " ".join(map(str, faults)) if field == "non_field_errors" else named.format(field=field, fault=_faults(faults))
        for field, faults in detail.items()
    )


def values(items: Sequence[Item]) -> list:
    """What can be asked for: those that have the shape, in their order."""
    return [each.value for each in items if each.refusal is None]


def told(items: Sequence[Item], answers: Iterable) -> list[dict]:
    """An answer for each item in its place. `answers`: dataclasses with code and sentence, for `values(items)`."""
    left, found = iter(answers), []
    for index, item in enumerate(items):
        said = asdict(next(left)) if item.refusal is None else _refused(item.refusal)
        found.append(said | {"index": index, "done": not said["code"]})
    return found


def _refused(refusal: RuleViolation) -> dict:
    return {"code": refusal.code, "sentence": refusal.sentence}


class Answered(serializers.Serializer):
    """What became of one of many: done, or refused with code and sentence."""

    index = serializers.IntegerField(help_text="Its place among those asked for, from 0")
    done = serializers.BooleanField()
    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)


class NoneEntered(InvalidInput):
    code = "NOTHING_ENTERED"
    sentence = "None of these could be entered. Each tells why."


class NoneReadable(NoneEntered, Misshapen):
    """Nothing was tried: the key of the request is free for a better one."""


def created(said: dict, items: Sequence[Item]) -> Response:
    """The answer to many: 201 where one was entered at least. Raises NoneEntered, with each one's answer."""
    if not said["entered"]:
        raise (NoneEntered if values(items) else NoneReadable)(**said)
    return Response(said, status=201)


def counted(results: list[dict]) -> dict:
    """Results with how many were entered and how many refused."""
    entered = sum(each["done"] for each in results)
    return {"entered": entered, "refused": len(results) - entered, "results": results}
