"""What charts are made of, and the geometry of those that the server draws itself. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

WIDTH = 1000
"""Length of the drawing's line; the browser stretches it to the room there is."""


KINDS = ("line", "area", "bar", "stack", "rows")
"""Lines; lines with the area below; columns side by side; columns on top of each other; bars from left to right."""
UNITS = ("number", "money", "percent", "elapsed")


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one set of bars. `values` stand in the order of the chart's labels; None is a gap.

    `tone`: sea, ochre, soft, or a tone of portal/ui/states.py; empty takes the next of its own.
    """

    name: str
    values: Sequence[int | float | Decimal | None]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """What `{% chart %}` draws. All series share one unit: minor units of `currency`, ratios, milliseconds or counts.

    `head` says what the labels are ("Week"); labels are words or days, `by_month` the first days of months. `urls`, one
    to a label, lead to what a label's numbers are made of. `is_log` is for values of many magnitudes, all above zero.
    """

    kind: str
    head: str
    labels: Sequence[str | date]
    series: Sequence[Series]
    unit: str = "number"
    currency: str = ""
    urls: Sequence[str] = ()
    is_log: bool = False
    by_month: bool = False

    def __post_init__(self):
        if self.kind not in KINDS or self.unit not in UNITS:
            raise ValueError(f"no such chart: {self.kind} of {self.unit}")
        if (self.unit == "money") != bool(self.currency):
            raise ValueError("an amount has a currency, and nothing else has one")
        if any(len(each.values) != len(self.labels) for each in self.series):
            raise ValueError("every series has one value for each label")

    @property
    def is_empty(self) -> bool:
        return all(value is None for each in self.series for value in each.values)


PALETTE = ("sea", "ochre", "soft", "good", "progress", "bad")


def tones(series: Sequence[Series]) -> list[str]:
    """The tone of each series: its own, or the first of the palette that nobody has taken."""
    taken = {each.tone for each in series}
    free = [tone for tone in PALETTE if tone not in taken]
    return [each.tone or (free.pop(0) if free else PALETTE[0]) for each in series]


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
