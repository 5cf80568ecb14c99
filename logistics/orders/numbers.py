"""By which number a platform's documents name a supplier: brought by its own trade, or said by a supplier that came by
itself and known by the platform.

What a confirmed number brings with it is taken over in financing.receivables.services.recognising, a floor above.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from accounts.parties.models import Party
from accounts.trail.services import News, record
from logistics.orders.models import SupplierNumber
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound, RuleViolation

NUMBERS = "orders.supplier_numbers"
"""Name of a platform's lock: held while a number goes from one supplier to another."""
LONGEST = 80
Status = SupplierNumber.Status


class NumberKnown(RuleViolation):
    code, status = "SUPPLIER_NUMBER_KNOWN", 409
    sentence = "The platform knows you by a number already."


class NumberAsked(RuleViolation):
    code, status = "SUPPLIER_NUMBER_ASKED", 409
    sentence = "The platform is asked already. Withdraw that before you name another number."


def known_by(*, platform_id: int, numbers: Iterable[str]) -> dict[str, int]:
    """Ids of suppliers by the numbers under which the platform knows them: the only way to find a supplier that a
    platform's document names. One statement, whatever the count."""
    rows = SupplierNumber.objects.in_force().filter(platform=platform_id, number__in=set(numbers))
    return dict(rows.values_list("number", "supplier_id"))


def enter_numbers(*, actor: Actor, platform_id: int, suppliers: Mapping[str, Party], now: datetime) -> None:
    """What a platform's own trade names its suppliers by, by number: its word from the start, proposed by nobody.

    The caller holds the platform's lock of imports.
    """
    SupplierNumber.objects.bulk_create(
        SupplierNumber(
            platform_id=platform_id, supplier=supplier, number=number, status=Status.CONFIRMED, proposed_at=now,
            decided_at=now, decided_by=actor.identity,
        )
        for number, supplier in suppliers.items()
    )  # fmt: skip


def propose_number(*, actor: Actor, platform_id: int, number: str, now: datetime) -> SupplierNumber:
    """The supplier names its number at a platform, which is asked whether it is true.

    Nothing is told of whether there is trade under the number: anybody could ask. Said again, it is the same.
    Raises NotFound, Forbidden, InvalidInput (SUPPLIER_NUMBER_INVALID), NumberKnown, NumberAsked.
    """
    number = " ".join(number.split())
    with acting(actor):
        require(actor, "orders.propose_number")
        platform = _platform(actor, platform_id)
        if not number.isprintable() or not 0 < len(number) <= LONGEST:
            raise InvalidInput(
                "The number is as it stands on the platform's orders, of {most} characters at most.",
                code="SUPPLIER_NUMBER_INVALID", most=LONGEST,
            )  # fmt: skip
        supplier = Party.objects.select_for_update(no_key=True).get(id=actor.party_id)
        there = supplier.supplier_numbers.filter(platform=platform)
        if there.in_force().exists():
            raise NumberKnown()
        open_one = there.filter(status=Status.PROPOSED).first()
        if open_one:
            if open_one.number == number:
                return open_one
            raise NumberAsked()
        asked = SupplierNumber.objects.create(
            platform=platform, supplier=supplier, number=number, proposed_at=now, proposed_by=actor.identity
        )
        record(actor, now, [news("supplier_number.proposed", asked)])
        return asked


def withdraw_number(*, actor: Actor, number_id: int, now: datetime) -> SupplierNumber:
    """The supplier takes back what it said. Repeatable. Raises NotFound, Forbidden, InvalidTransition."""
    with acting(actor):
        asked = locked(actor, number_id)
        if asked.supplier_id != actor.party_id:
            raise NotFound()
        require(actor, "orders.propose_number")
        if asked.status != Status.WITHDRAWN:
            decide(actor, asked, Status.WITHDRAWN, now)
            record(actor, now, [news("supplier_number.withdrawn", asked)])
        return asked


def refuse_number(*, actor: Actor, number_id: int, reason: str, now: datetime) -> SupplierNumber:
    """The platform does not know the supplier by this number; the supplier reads why. Repeatable.

    Raises NotFound, Forbidden, InvalidInput (REASON_MISSING), InvalidTransition.
    """
    with acting(actor):
        asked = asked_of(actor, number_id)
        require(actor, "orders.confirm_number")
        if not reason.strip():
            raise InvalidInput("Say why: the supplier reads it.", code="REASON_MISSING")
        if asked.status != Status.REFUSED:
            asked.reason = reason.strip()[:280]
            decide(actor, asked, Status.REFUSED, now)
            record(actor, now, [news("supplier_number.refused", asked, reason=asked.reason)])
        return asked


def asked_of(actor: Actor, number_id: int) -> SupplierNumber:
    """A number about which the actor's platform is asked, locked. Raises NotFound."""
    asked = locked(actor, number_id)
    if asked.platform_id != actor.party_id:
        raise NotFound()
    return asked


def locked(actor: Actor, number_id: int) -> SupplierNumber:
    rows = SupplierNumber.objects.visible_to(actor).select_for_update(no_key=True, of=("self",))
    found = rows.select_related("supplier", "platform").filter(id=number_id).first()
    if found is None:
        raise NotFound()
    return found


def decide(actor: Actor, asked: SupplierNumber, status: str, now: datetime) -> None:
    """Write the decision. Raises InvalidTransition."""
    asked.move_to(status)
    asked.decided_at, asked.decided_by = now, actor.identity
    asked.save(update_fields=["status", "decided_at", "decided_by", "reason", "taken_over"])


def news(name: str, asked: SupplierNumber, **more) -> News:
    return News(name, asked, (asked.supplier_id, asked.platform_id), {"number": asked.number, **more})


def _platform(actor: Actor, platform_id: int) -> Party:
    platforms = Party.objects.visible_to(actor).filter(kind=Party.Kind.PLATFORM, status=Party.Status.ADMITTED)
    found = platforms.filter(id=platform_id).first()
    if found is None:
        raise NotFound()
    return found
