"""What is being worked on here: a request, or events on their way to a subscriber.

Log lines name it (portal.logs), and news that follow from it bear the number of the request that they go back to
(accounts.trail.services.record): so one request id finds an application in the log of every process.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from portal.shared.access import Actor


@dataclass(frozen=True, slots=True)
class Work:
    """`request_ids`: one for a request, several for a batch of events. `of`: request id by subject, as in "party:7"."""

    request_ids: tuple[str, ...] = ()
    event_ids: tuple[int, ...] = ()
    subscriber: str = ""
    actor: Callable[[], Actor | None] = lambda: None
    of: dict[str, str] = field(default_factory=dict)

    def request_id_of(self, subjects: Iterable[str]) -> str:
        """Of news about the first of these subjects, which come from it; empty where it goes back to nobody known."""
        if len(self.request_ids) == 1:
            return self.request_ids[0]
        subjects = list(subjects)
        found = next((self.of[each] for each in subjects if each in self.of), "")
        if found:
            self.of.setdefault(subjects[0], found)
        return found


NOTHING = Work()
_current: ContextVar[Work] = ContextVar("work", default=NOTHING)


def current() -> Work:
    return _current.get()


def narrow(to: Work) -> None:
    """What is worked on is known better by now: until the innermost `working` ends."""
    _current.set(to)


@contextmanager
def working(on: Work) -> Iterator[None]:
    """Within, `current()` is this work."""
    token = _current.set(on)
    try:
        yield
    finally:
        _current.reset(token)
