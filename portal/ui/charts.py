"""Geometry of the charts that the server draws: numbers in, places on a line out. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 1000
"""Length of the drawing's line; the browser stretches it to the room there is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a waterfall. `total` states a sum afresh; otherwise the amount is added to what came before."""

    label: str
    amount_minor: int
    total: bool = False
    explanation: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A drawn step: where its bar begins, how long it is, where the running sum stands before and after it."""

    step: Step
    x: int
    width: int
    before: int | None
    after: int
    tone: str


def waterfall(steps: Iterable[Step | dict]) -> list[Bar]:
    """Bars of a horizontal waterfall on one common scale that includes zero."""
    steps = [step if isinstance(step, Step) else Step(**step) for step in steps]
    spans, running = [], 0
    for step in steps:
        start = 0 if step.total else running
        running = step.amount_minor if step.total else running + step.amount_minor
        spans.append((start, running))
    low = min((min(span) for span in spans), default=0)
    high = max((max(span) for span in spans), default=0)
    scale = WIDTH / ((high - low) or 1)

    def place(minor: int) -> int:
        return round((minor - low) * scale)

    bars, before = [], None
    for step, (start, end) in zip(steps, spans, strict=True):
        left, right = sorted((place(start), place(end)))
        tone = "total" if step.total else "plus" if step.amount_minor >= 0 else "minus"
        # A step too small to see is still a step: it is drawn four thousandths wide.
        width = max(right - left, 4) if step.amount_minor else 0
        x = min(left, WIDTH - width)
        bars.append(Bar(step=step, x=x, width=width, before=before, after=place(end), tone=tone))
        before = place(end)
    return bars
