"""Frozen dataclasses to JSON data and back, exactly: decimals as strings, dates as ISO 8601, tuples as lists."""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from hashlib import sha256
from typing import Any, Union, get_args, get_origin, get_type_hints

from portal.shared.sentences import Sentence, Sentences


class Misshapen(ValueError):
    """Data that does not have the shape of its dataclass. `faults`: one sentence for each fault, with its place."""

    def __init__(self, faults: list[Sentence]):
        self.faults = faults
        super().__init__(str(Sentences(faults)))


_NOT_SUCH = {
    int: Sentence("{place} is not a whole number."),
    str: Sentence("{place} is not text."),
    bool: Sentence("{place} is not true or false."),
    Decimal: Sentence("{place} is not a decimal as text."),
    date: Sentence("{place} is not a date."),
}


def to_plain(value: Any) -> Any:
    kind = type(value)
    return value if kind in _PLAIN else _writer(kind)(value)  # plain is most of what there is


_PLAIN = frozenset({int, str, bool, type(None)})


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, Decimal | date):
        return str
    if issubclass(kind, tuple | list):
        return lambda values: [to_plain(each) for each in values]
    if is_dataclass(kind):
        names = _names(kind)
        return lambda value: {name: to_plain(getattr(value, name)) for name in names}
    return lambda value: value


def from_plain(cls: type, data: Any, **built: Any) -> Any:
    """The dataclass that `data` describes. Raises Misshapen with every fault found.

    `built`: fields of it that are there already, and that the data need not hold.
    """
    faults: list[Sentence] = []
    made = _read_dataclass(cls, data, "", faults, built) if built else _read(cls, data, "", faults)
    if faults:
        raise Misshapen(faults)
    return made


def canonical_json(data: Any) -> str:
    """One text for equal data: keys sorted, no spaces."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=to_plain)


def content_hash(data: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return sha256(canonical_json(data).encode()).hexdigest()


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cls))


@cache
def _shape(cls: type) -> tuple[dict[str, Any], frozenset[str]]:
    """Types of the fields, and which of them have to be there."""
    hints = get_type_hints(cls)
    needed = {each.name for each in fields(cls) if each.default is MISSING and each.default_factory is MISSING}
    return {name: hints[name] for name in _names(cls)}, frozenset(needed)


def _read(kind: Any, data: Any, place: str, faults: list[Sentence]) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = next(each for each in get_args(kind) if each is not type(None))
        return None if data is None else _read(inner, data, place, faults)
    if origin is tuple:
        if not isinstance(data, list | tuple):
            faults.append(Sentence("{place} is not a list.", place=place or "body"))
            return ()
        inner = get_args(kind)[0]
        return tuple(_read(inner, each, f"{place}[{index}]", faults) for index, each in enumerate(data))
    if is_dataclass(kind):
        return _read_dataclass(kind, data, place, faults)
    return _read_scalar(kind, data, place, faults)


def _read_dataclass(
    cls: type, data: Any, place: str, faults: list[Sentence], built: Mapping[str, Any] = types.MappingProxyType({})
) -> Any:
    if not isinstance(data, Mapping):
        faults.append(Sentence("{place} is not an object.", place=place or "body"))
        return None
    shape, needed = _shape(cls)
    before = len(faults)
    missing = sorted(needed - data.keys() - built.keys())
    faults.extend(Sentence("{place} is missing.", place=_under(place, name)) for name in missing)
    unknown = sorted(data.keys() - shape.keys())
    faults.extend(Sentence("{place} is not known.", place=_under(place, name)) for name in unknown)
    values = {
        name: _read(kind, data[name], _under(place, name), faults) for name, kind in shape.items() if name in data
    }
    return cls(**values | built) if len(faults) == before else None


def _read_scalar(kind: type, data: Any, place: str, faults: list[Sentence]) -> Any:
    if kind in (int, str, bool):
        if type(data) is kind:
            return data
    elif isinstance(data, str):
        try:
            value = Decimal(data) if kind is Decimal else date.fromisoformat(data)
        except (InvalidOperation, ValueError):
            value = None
        if value is not None and (kind is date or value.is_finite()):
            return value
    faults.append(Sentence(_NOT_SUCH[kind].text, place=place))
    return None


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
