"""What a decision says, as data for whoever reads it: the supplier in plain words, the funder with the measures."""

from financing.credit import wording
from financing.credit.models import Decision
from financing.credit.rules import Base, Gain, Improvement, Result, ScoreLine, falls

REFERRING = {"GRADE_REFERRED", "AMOUNT_ABOVE_AUTHORITY", "EXPOSURE_ABOVE_AUTHORITY"}
"""Reasons why a person decides: once one has, they are the reason no more."""


def reasons(codes: tuple[str, ...] | list[str], audience: int = wording.SUPPLIER) -> list[dict]:
    """Code and sentence of each reason, the deciding one first."""
    return [{"code": code, "sentence": wording.reason(code, audience)} for code in codes]


def deciding(decision: Decision, audience: int = wording.SUPPLIER) -> list[dict]:
    """Why it was decided so: what a person gave who declined, then what the policy said.

    Why it was left to a person is the funder's to know; to the supplier it is no reason once that person has decided.
    """
    codes = [*decision.given_reasons, *decision.reasons]
    is_by_hand = decision.decided_by != "system"
    if is_by_hand and audience == wording.SUPPLIER:
        codes = [code for code in codes if code not in REFERRING]
    return reasons(list(dict.fromkeys(codes)), audience)


def improvements(found: tuple[Improvement, ...], currency: str, audience: int = wording.SUPPLIER) -> list[dict]:
    return [
        {"code": each.code, "sentence": wording.improvement(each, currency, audience), "gain_minor": each.gain_minor}
        for each in found
    ]


def gained(found: tuple[Gain, ...], currency: str, audience: int = wording.SUPPLIER) -> list[dict]:
    """Improvements with what each alone adds to availability and to the limit."""
    said = improvements(tuple(each.improvement for each in found), currency, audience)
    return [
        line | {"available_gain_minor": each.available_minor, "limit_gain_minor": each.limit_minor}
        for line, each in zip(said, found, strict=True)
    ]


def waterfall(found: Base) -> list[dict]:
    """From what is owed to what can be had, step by step."""
    return [
        {
            "code": each.code, "amount_minor": each.amount_minor, "is_total": each.is_total,
            "invoices": each.invoices,
        }
        for each in falls(found)
    ]  # fmt: skip


def score(lines: tuple[ScoreLine, ...], currency: str, audience: int = wording.SUPPLIER) -> list[dict]:
    """What was measured and how it counts. Points are the funder's own weights, and told to nobody else."""
    said = [
        {"feature": each.feature, "code": each.code, "sentence": wording.score_line(each, currency, audience)}
        for each in lines
    ]
    if audience == wording.OFFICER:
        for each, line in zip(said, lines, strict=True):
            each |= {"points": line.points, "max_points": line.max_points}
    return said


def base(found: Base, audience: int = wording.SUPPLIER) -> dict:
    """The borrowing base, line by line. Of thousands of lines a few lists of reasons are said, each once."""
    names = (
        "eligible_minor", "advance_rate", "reserve_share", "gross_minor", "reserve_minor", "base_minor", "limit_minor",
        "exposure_minor", "available_minor",
    )  # fmt: skip
    said = {codes: reasons(codes, audience) for codes in {line.reasons for line in found.lines}}
    lines = [
        {
            "receivable": line.receivable_id, "counted_minor": line.counted_minor, "due_date": line.due_date,
            "is_eligible": line.is_eligible, "is_assigned_here": line.is_assigned_here,
            "reasons": said[line.reasons],
        }
        for line in found.lines
    ]  # fmt: skip
    return {name: getattr(found, name) for name in names} | {"lines": lines}


def result(found: Result, currency: str, audience: int = wording.SUPPLIER) -> dict:
    """Outcome, reasons, grade, score, base, terms and what would raise the limit."""
    return {
        "outcome": found.outcome,
        "reasons": reasons(found.reasons, audience),
        "grade": found.grade,
        "score": score(found.score_lines, currency, audience),
        "limit_minor": found.limit_minor,
        "available_minor": found.base.available_minor,
        "base": base(found.base, audience),
        "terms": found.terms,
        "improvements": improvements(found.improvements, currency, audience),
    }
