"""A policy in a credit officer's words: every threshold with its name, its unit, its limits and what moving it does.

The same list makes the form in which a policy is proposed and the page on which two versions are compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from financing.credit import wording
from financing.credit.rules import policy as rules
from portal.ui import formats

MONEY, SHARE, RATE, DAYS, COUNT, MULTIPLE, POINTS, RATIO, CHOICE = (
    "money", "share", "rate", "days", "count", "multiple", "points", "ratio", "choice",
)  # fmt: skip
"""Units. A share is kept as a decimal and shown in per cent, a rate in basis points and shown in per cent."""

LOOSER, TIGHTER, NEITHER = 1, -1, 0
"""What a higher value does: more or less is lent, or lent with no hand."""

AUTHORITIES = {
    rules.AUTOMATIC: lazy("decided at once"),
    rules.REFER: lazy("a person decides"),
    rules.DECLINE: lazy("declined"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """One threshold. `place`: where it stands in the body, members of lists by their grade, feature or position."""

    place: str
    label: str | Promise
    unit: str
    help: str | Promise = ""
    higher: int = NEITHER
    lowest: Decimal | int | None = 0
    highest: Decimal | int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Terms that are read together. `folded`: seldom changed, and many."""

    title: str | Promise
    lead: str | Promise
    terms: tuple[Term, ...]
    folded: bool = False


DAY_LIMIT = 3650

AUTHORITY = (
    Term("authority.max_amount_minor", lazy("Largest amount decided at once"), MONEY,
         lazy("An application above it goes to a maker and a checker."), LOOSER),
    Term("authority.max_exposure_minor", lazy("Largest exposure decided at once"), MONEY,
         lazy("What the supplier owes already and the new amount together."), LOOSER),
    Term("authority.max_days_overdue", lazy("Arrears that are tolerated"), DAYS,
         lazy("Where an advance is overdue by more, nothing more is lent."), LOOSER, highest=DAY_LIMIT),
)  # fmt: skip
AMOUNTS = (
    Term("amounts.max_limit_minor", lazy("Largest limit of a supplier"), MONEY,
         lazy("Caps what follows from grade and trade."), LOOSER),
    Term("amounts.min_draw_minor", lazy("Smallest advance"), MONEY, lazy("Less is declined."), TIGHTER, lowest=1),
    Term("amounts.min_fee_minor", lazy("Smallest fee"), MONEY, lazy("Charged where the grade's fee would be less.")),
    Term("amounts.due_grace_days", lazy("Grace after the debtor's due date"), DAYS,
         lazy("The supplier itself owes from then on."), LOOSER, highest=DAY_LIMIT),
)  # fmt: skip
ELIGIBILITY = (
    Term("eligibility.max_days_past_due", lazy("Past due, still eligible"), DAYS,
         lazy("A receivable later than this does not count."), LOOSER, highest=DAY_LIMIT),
    Term("eligibility.max_days_from_invoice", lazy("Oldest invoice"), DAYS,
         lazy("Counted from the date of the invoice."), LOOSER, highest=DAY_LIMIT),
    Term("eligibility.return_window_days", lazy("Return window"), DAYS,
         lazy("Goods that can still be sent back do not count."), TIGHTER, highest=DAY_LIMIT),
    Term("eligibility.min_remaining_days", lazy("Shortest remaining tenor"), DAYS,
         lazy("What falls due sooner is not taken as new security."), TIGHTER, lowest=-365, highest=DAY_LIMIT),
    Term("eligibility.max_remaining_days", lazy("Longest remaining tenor"), DAYS,
         lazy("What falls due later is not taken as new security."), LOOSER, lowest=-365, highest=DAY_LIMIT),
    Term("eligibility.cross_age_days", lazy("A debtor's balance is aged after"), DAYS,
         lazy("Days past due."), LOOSER, highest=DAY_LIMIT),
    Term("eligibility.cross_age_share", lazy("Aged share from which a debtor is out"), SHARE,
         lazy("Above it nothing that the debtor owes is eligible."), LOOSER, highest=1),
)  # fmt: skip
RESERVES = (
    Term("reserves.dilution_free_share", lazy("Dilution without a reserve"), SHARE,
         lazy("Returns and credit notes up to this share are usual."), LOOSER, highest=1),
    Term("reserves.standing_share", lazy("Standing reserve"), SHARE,
         lazy("Held back from all that is eligible."), TIGHTER, highest=1),
)  # fmt: skip
THIN_HISTORY = (
    Term("thin_history.min_days", lazy("History to be scored"), DAYS, "", TIGHTER, highest=DAY_LIMIT),
    Term("thin_history.min_lines", lazy("Order lines to be scored"), COUNT, "", TIGHTER),
    Term("thin_history.authority", lazy("With less than that"), CHOICE, choices=(rules.REFER, rules.DECLINE)),
    Term("thin_history.terms_of", lazy("A referral is shown on the terms of"), CHOICE),
)  # fmt: skip


def sections(body: dict) -> list[Section]:
    """All terms of a body, in the order in which an officer reads them."""
    return [
        Section(lazy("Authority"), lazy("What is decided without a person."), AUTHORITY),
        *(_grade(each["grade"]) for each in body["grades"]),
        Section(lazy("Amounts"), lazy("Limits, fees and grace for all grades."), AMOUNTS),
        Section(lazy("Eligibility"), lazy("Which receivables count in the borrowing base."), ELIGIBILITY),
        Section(lazy("Reserves"), lazy("What is held back from the borrowing base."), RESERVES),
        _thin_history(body),
        *(_feature(each) for each in body["score"]),
    ]


def _thin_history(body: dict) -> Section:
    grades = tuple(each["grade"] for each in body["grades"])
    *terms, shown_as = THIN_HISTORY
    return Section(
        lazy("Thin history"),
        lazy("Suppliers who are too little known to be scored."),
        (*terms, replace(shown_as, choices=grades)),
    )


def _grade(name: str) -> Section:
    place = f"grades.{name}"
    return Section(
        _("Grade {grade}").format(grade=name),
        "",
        (
            Term(f"{place}.min_points", lazy("From points"), POINTS, "", TIGHTER, highest=rules.MAX_POINTS),
            Term(f"{place}.authority", lazy("Decision"), CHOICE, choices=tuple(AUTHORITIES)),
            Term(f"{place}.advance_rate", lazy("Advance rate"), SHARE, "", LOOSER, highest=1),
            Term(f"{place}.limit_multiple", lazy("Limit, months of trade"), MULTIPLE, "", LOOSER, highest=24),
            Term(f"{place}.annual_rate_bp", lazy("Interest a year"), RATE, highest=10_000),
            Term(f"{place}.fee_bp", lazy("Fee, once"), RATE, highest=10_000),
        ),
    )


def _feature(rule: dict) -> Section:
    name = rule["feature"]
    unit = (
        MONEY if name.endswith("_minor") else SHARE if name.endswith("_share") or name == "dilution"
        else RATIO if name in ("trend", "volatility") else COUNT
    )  # fmt: skip
    terms: list[Term] = []
    for number, _band in enumerate(rule["bands"]):
        place, band = f"score.{name}.bands.{number}", number + 1
        terms += [
            Term(f"{place}.at_least", _("Band {n} from").format(n=band), unit, lowest=None),
            Term(f"{place}.points", _("Points of band {n}").format(n=band), POINTS, "", LOOSER,
                 highest=rules.MAX_POINTS),
        ]  # fmt: skip
    terms.append(
        Term(f"score.{name}.unknown.points", lazy("Points where not measured"), POINTS, "", LOOSER,
             highest=rules.MAX_POINTS)
    )  # fmt: skip
    return Section(wording.FEATURES[name][wording.OFFICER], "", tuple(terms), folded=True)


# ── values in a body ─────────────────────────────────────────────────────────────────────────────────────────────────
def value_at(body: dict, place: str) -> Any:
    """None where the body has no such place: a grade or a band that only another version knows."""
    found: Any = body
    for name in place.split("."):
        found = _member(found, name)
    return found


def _member(part: Any, name: str) -> Any:
    if isinstance(part, dict):
        return part.get(name)
    if isinstance(part, list):
        if name.isdecimal() and not any("grade" in each or "feature" in each for each in part):
            return part[int(name)] if int(name) < len(part) else None
        return next((each for each in part if name in (each.get("grade"), each.get("feature"))), None)
    return None


def put(body: dict, place: str, value: Any) -> None:
    """Write a value; one that is equal keeps the text in which it was written."""
    way, last = place.rsplit(".", 1)
    part = value_at(body, way)
    if _is_other(part[last], value):
        part[last] = value


def _is_other(kept: Any, value: Any) -> bool:
    return Decimal(kept) != Decimal(value) if isinstance(kept, str) and _is_number(value) else kept != value


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdigit()


def in_words(term: Term, value: Any, currency: str) -> str:
    """A value as an officer reads it, with its unit."""
    if value is None:
        return "–"
    if term.unit == CHOICE:
        return str(AUTHORITIES.get(value) or _("grade {grade}").format(grade=value))
    if term.unit == MONEY:
        return formats.money(int(Decimal(value)), currency)
    if term.unit == SHARE:
        return formats.percent(Decimal(value), _decimals(Decimal(value) * 100))
    if term.unit == RATE:
        return formats.percent(Decimal(value).scaleb(-4), 2)
    number = formats.number(Decimal(value))
    many = 1 if Decimal(value) == 1 else 2
    words = {
        DAYS: ngettext("{n} day", "{n} days", many),
        MULTIPLE: ngettext("{n} month", "{n} months", many),
        POINTS: ngettext("{n} point", "{n} points", many),
    }
    return words[term.unit].format(n=number) if term.unit in words else number


def _decimals(value: Decimal) -> int:
    return min(4, max(0, -value.normalize().as_tuple().exponent))


# ── two versions side by side ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Line:
    """A threshold in two versions. `effect`: what the change does, where that is certain."""

    label: str | Promise
    before: str
    after: str
    is_changed: bool
    effect: int = NEITHER


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the comparison: lines that differ, and those that do not."""

    title: str | Promise
    lead: str | Promise
    changed: tuple[Line, ...]
    same: tuple[Line, ...]


def comparison(before: dict, after: dict, currency: str) -> list[Part]:
    """Every threshold of either version; parts without a change are there too, with nothing in `changed`."""
    return [
        Part(section.title, section.lead, *_split(_line(term, before, after, currency) for term in section.terms))
        for section in _of_both(before, after)
    ]


def changed(before: dict, after: dict) -> int:
    """How many thresholds differ."""
    return sum(len(part.changed) for part in comparison(before, after, "XXX"))


def _of_both(before: dict, after: dict) -> Iterator[Section]:
    """Sections of the new version, with the terms, grades and features that only the old one has."""
    old, new = ({str(s.title): s for s in sections(body)} for body in (before, after))
    for title in [*new, *(title for title in old if title not in new)]:
        one, other = new.get(title), old.get(title)
        if one and other and len(other.terms) > len(one.terms):
            one = other
        yield one or other


def _split(lines: Iterator[Line]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    all_lines = list(lines)
    return tuple(each for each in all_lines if each.is_changed), tuple(
        each for each in all_lines if not each.is_changed
    )


def _line(term: Term, before: dict, after: dict, currency: str) -> Line:
    old, new = value_at(before, term.place), value_at(after, term.place)
    is_changed = old != new if None in (old, new) else _is_other(old, new)
    return Line(
        term.label, in_words(term, old, currency), in_words(term, new, currency), is_changed, _effect(term, old, new)
    )


def _effect(term: Term, old: Any, new: Any) -> int:
    if None in (old, new):
        return NEITHER
    if old in AUTHORITIES and new in AUTHORITIES:
        return _sign(_STRICTNESS.index(old) - _STRICTNESS.index(new))
    return NEITHER if term.unit == CHOICE else term.higher * _sign(Decimal(new) - Decimal(old))


_STRICTNESS = list(AUTHORITIES)


def _sign(difference: Decimal | int) -> int:
    return (difference > 0) - (difference < 0)
