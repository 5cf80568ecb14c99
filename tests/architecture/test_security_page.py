"""docs/security.md goes through every requirement of ASVS 5.0 of levels 1 and 2, and speaks of what there is."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "security.md").read_text()
ROW = re.compile(r"^\| V([\d.]+) \| [^|]+ \| (met|not met|does not apply)(?::[^|]+)? \|$", re.MULTILINE)
REQUIRED = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16,
    17: 7,
}  # fmt: skip
"""Requirements of levels 1 and 2 by chapter, as the standard has them: 253."""


def rows() -> list[tuple[tuple[int, ...], str]]:
    return [(tuple(int(part) for part in number.split(".")), verdict) for number, verdict in ROW.findall(PAGE)]


def test_every_requirement_has_one_line_in_its_order():
    numbers = [number for number, _ in rows()]
    assert numbers == sorted(set(numbers))
    assert {chapter: sum(each[0] == chapter for each in numbers) for chapter in REQUIRED} == REQUIRED
    assert len(numbers) == len(re.findall(r"^\| V\d", PAGE, re.MULTILINE)) == 253


def test_the_sum_at_the_top_is_that_of_the_lines():
    verdicts = [verdict for _, verdict in rows()]
    met, elsewhere, open_ = (verdicts.count(each) for each in ("met", "does not apply", "not met"))
    said = f"Of 253 requirements {met} are met, {elsewhere} do not apply, {open_} are not met."
    assert said in PAGE


def test_every_file_that_is_named_is_there():
    named = set(re.findall(r"`((?:portal|accounts|financing|logistics|tests|docs)/[\w./-]+)`", PAGE))
    assert len(named) > 40
    assert [each for each in sorted(named) if not (PROJECT / each).exists()] == []
