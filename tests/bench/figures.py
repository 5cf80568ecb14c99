"""What was measured: figures against their floor, as a file for machines and a table for people."""

import json
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """`floor` is what hand-written SQL reached in the same run; `ratio` above 1 is better than the floor, always."""

    name: str
    value: float
    unit: str
    floor: float
    ratio: float


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


def alternate(ours: Callable[[], float], floor: Callable[[], float], rounds: int = ROUNDS) -> list[tuple[float, float]]:
    """Measure A B A B, so that what else the machine does meets both."""
    return [(ours(), floor()) for _ in range(rounds)]


def write(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in figures], indent=2) + "\n", encoding="utf-8")


def table(figures: list[Figure]) -> str:
    lines = [f"{'':36}{'value':>12}{'floor':>12}  {'unit':12}{'ratio':>6}"]
    lines += [f"{f.name:36}{f.value:>12,.2f}{f.floor:>12,.2f}  {f.unit:12}{f.ratio:>6.2f}" for f in figures]
    return "\n".join(lines)
