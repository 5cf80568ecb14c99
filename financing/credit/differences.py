"""Where two policies differ, place by place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from financing.credit.models import PolicyVersion
from portal.shared.access import Actor


@dataclass(frozen=True, slots=True)
class Changed:
    """`place` as in grades.A.advance_rate; None: there was no such place, or is none any more."""

    place: str
    before: Any
    after: Any


def differences(before: Any, after: Any, place: str = "") -> Iterator[Changed]:
    """Every place in which two bodies differ; members of lists are told by the name they carry."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from differences(before.get(name), after.get(name), f"{place}.{name}" if place else name)
    elif isinstance(before, list) and isinstance(after, list):
        yield from differences(_by_name(before), _by_name(after), place)
    elif before != after:
        yield Changed(place, before, after)


def _by_name(members: list) -> dict:
    def name(position: int, member: Any) -> str:
        return str(next((member[key] for key in ("feature", "grade") if key in member), position))

    return {name(position, member): member for position, member in enumerate(members)}


def followed(actor: Actor, version: PolicyVersion) -> PolicyVersion | None:
    """The version that this one follows: in force when it takes effect."""
    return (
        PolicyVersion.objects.visible_to(actor)
        .filter(status=PolicyVersion.Status.APPROVED, effective_from__lte=version.effective_from)
        .filter(number__lt=version.number)
        .order_by("-effective_from", "-number")
        .first()
    )
