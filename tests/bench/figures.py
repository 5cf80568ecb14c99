"""What was measured: figures against their floor, as a file for machines and a table for people."""

import json
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """`floor` is what hand-written SQL reached in the same run, or what is promised where there is no such thing.

    `ratio` above 1 is better than the floor, always. Neither where a figure is only told. `note` names what it is of.
    """

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    note: str = ""


def rate(name: str, pairs: Iterable[tuple[float, float]], unit: str = "1/s") -> Figure:
    """A figure of which more is better, from pairs (ours, floor) that were measured one after the other."""
    return _figure(name, unit, list(pairs), lambda ours, floor: ours / floor)


def cost(name: str, pairs: Iterable[tuple[float, float]], unit: str) -> Figure:
    """A figure of which less is better."""
    return _figure(name, unit, list(pairs), lambda ours, floor: floor / ours)


def _figure(name: str, unit: str, pairs: list[tuple[float, float]], ratio: Callable[[float, float], float]) -> Figure:
    """Medians; the ratio is the median of the pairs' own, since a busy machine slows both halves of a pair."""
    ours, floors = zip(*pairs, strict=True)
    return Figure(
        name, round(statistics.median(ours), 2), unit, round(statistics.median(floors), 2),
        round(statistics.median(ratio(*pair) for pair in pairs), 2),
    )  # fmt: skip


def within(name: str, value: float, unit: str, promised: float | None, note: str = "") -> Figure:
    """A figure that has to stay below what is promised."""
    return Figure(name, round(value, 2), unit, promised, round(promised / value, 2) if promised else None, note)


def held(name: str, value: float, unit: str, before: float) -> Figure:
    """A figure that has to stay what it was."""
    return Figure(name, round(value, 1), unit, round(before, 1), round(before / value, 2))


def percentile(values: Iterable[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def alternate(ours: Callable[[], float], floor: Callable[[], float], rounds: int = ROUNDS) -> list[tuple[float, float]]:
    """Measure A B A B, so that what else the machine does meets both."""
    return [(ours(), floor()) for _ in range(rounds)]


def write(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in figures], indent=2) + "\n", encoding="utf-8")


def table(figures: list[Figure]) -> str:
    lines = [f"{'':36}{'value':>12}{'floor':>12}  {'unit':12}{'ratio':>6}"]
    for each in figures:
        floor, ratio = (f"{number:,.2f}" if number is not None else "" for number in (each.floor, each.ratio))
        lines.append(f"{each.name:36}{each.value:>12,.2f}{floor:>12}  {each.unit:12}{ratio:>6}  {each.note}".rstrip())
    return "\n".join(lines)
