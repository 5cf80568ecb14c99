"""The policy that a funder begins with: calibrated on twenty months of a marketplace's order lines.

Amounts are in minor units of a currency with two decimals, for suppliers who sell from a few hundred to some ten
thousand a month. Points add up to 100.
"""


def _feature(feature: str, unknown: int, *bands: tuple[str, int, str]) -> dict:
    """Bands from the lowest value up; `unknown` are the points where nothing can be measured yet."""
    name = feature.upper().removesuffix("_MINOR")
    return {
        "feature": feature,
        "bands": [
            {"at_least": at_least, "points": points, "code": f"{name}_{level}"} for at_least, points, level in bands
        ],
        "unknown": {"points": unknown, "code": f"{name}_UNKNOWN"},
    }


def _grade(grade: str, min_points: int, authority: str, advance: str, multiple: str, rate_bp: int, fee_bp: int) -> dict:
    return {
        "grade": grade, "min_points": min_points, "authority": authority, "advance_rate": advance,
        "limit_multiple": multiple, "annual_rate_bp": rate_bp, "fee_bp": fee_bp,
    }  # fmt: skip


WEAK, FAIR, GOOD, STRONG = "WEAK", "FAIR", "GOOD", "STRONG"

DEFAULT_BODY: dict = {
    "eligibility": {
        "max_days_past_due": 15,
        "max_days_from_invoice": 120,
        "return_window_days": 7,
        "min_remaining_days": 2,
        "max_remaining_days": 90,
        "cross_age_days": 30,
        "cross_age_share": "0.10",
    },
    "reserves": {"dilution_free_share": "0.05", "standing_share": "0.00"},
    "score": [
        _feature("days_of_trade", 0, ("0", 0, WEAK), ("120", 4, FAIR), ("180", 8, GOOD), ("365", 12, STRONG)),
        _feature("order_lines", 0, ("0", 0, WEAK), ("20", 4, FAIR), ("40", 8, GOOD), ("80", 12, STRONG)),
        _feature(
            "monthly_delivered_3m_minor", 0,
            ("0", 0, WEAK), ("10000", 4, FAIR), ("30000", 8, GOOD), ("80000", 12, STRONG),
        ),
        _feature("trend", 4, ("0", 0, WEAK), ("0.50", 4, FAIR), ("0.80", 7, GOOD), ("1.10", 10, STRONG)),
        _feature("volatility", 0, ("0", 10, STRONG), ("0.50", 7, GOOD), ("0.80", 4, FAIR), ("1.20", 0, WEAK)),
        _feature("on_time_share", 0, ("0", 0, WEAK), ("0.80", 5, FAIR), ("0.90", 10, GOOD), ("0.97", 14, STRONG)),
        _feature("fulfilled_share", 4, ("0", 0, WEAK), ("0.90", 4, FAIR), ("0.95", 7, GOOD), ("0.99", 10, STRONG)),
        _feature("cancelled_share", 0, ("0", 5, STRONG), ("0.01", 3, GOOD), ("0.03", 1, FAIR), ("0.06", 0, WEAK)),
        _feature("return_share", 0, ("0", 5, STRONG), ("0.03", 3, GOOD), ("0.08", 1, FAIR), ("0.15", 0, WEAK)),
        _feature("top_category_share", 0, ("0", 5, STRONG), ("0.60", 3, GOOD), ("0.85", 1, FAIR), ("1", 0, WEAK)),
        _feature("late_repayment_share", 2, ("0", 5, STRONG), ("0.05", 2, FAIR), ("0.15", 0, WEAK)),
    ],
    "grades": [
        _grade("A", 78, "AUTOMATIC", "0.90", "2.0", 900, 30),
        _grade("B", 66, "AUTOMATIC", "0.85", "1.5", 1100, 50),
        _grade("C", 54, "AUTOMATIC", "0.80", "1.0", 1400, 75),
        _grade("D", 42, "REFER", "0.70", "0.5", 1800, 100),
        _grade("E", 0, "DECLINE", "0.00", "0.0", 2200, 150),
    ],
    "thin_history": {"min_days": 90, "min_lines": 10, "authority": "DECLINE", "terms_of": "D"},
    "amounts": {"max_limit_minor": 50_000_000, "min_draw_minor": 2_000, "min_fee_minor": 50, "due_grace_days": 5},
    "authority": {"max_amount_minor": 5_000_000, "max_exposure_minor": 10_000_000, "max_days_overdue": 0},
}  # fmt: skip
