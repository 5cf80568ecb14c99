"""Who listens to which events. The table itself is the entrance's (`settings.SUBSCRIPTIONS`)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

APPLY, SEND = "apply", "send"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """`handler` is the dotted path of `def handler(events: list[Event]) -> None`.

    apply   touches the database only; the batch and its marks are one transaction.
    send    does I/O under a lease; nothing is locked meanwhile, and it may be called again with the same events.
    ordered events of one subject are handled one after the other, in the order of their ids.
    purpose what a payment has to be for, where the events are of payments and the rest is others' business.
    """

    name: str
    handler: str
    events: tuple[str, ...]
    kind: str = APPLY
    ordered: bool = False
    batch: int = 200
    tries: int = 8
    lease_seconds: int = 60
    queue: str = "events"
    purpose: str = ""

    def hears(self, payload: Mapping) -> bool:
        return not self.purpose or payload.get("purpose") == self.purpose

    def load(self) -> Callable[[list], None]:
        return import_string(self.handler)


@cache
def subscribers() -> dict[str, Subscriber]:
    """All subscribers by name."""
    return {subscriber.name: subscriber for subscriber in import_string(settings.SUBSCRIPTIONS)}


@cache
def listeners(event_name: str) -> tuple[Subscriber, ...]:
    return tuple(each for each in subscribers().values() if event_name in each.events)


def forget(names: Iterable[str] = ()) -> None:
    """Read the table anew: for tests that bring their own subscribers."""
    subscribers.cache_clear()
    listeners.cache_clear()
