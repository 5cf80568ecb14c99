"""Plain words for what the rules say in codes: for the supplier who wants to know why, and for the funder's officer."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from financing.credit.rules import Improvement, ScoreLine
from portal.shared.money import from_minor

SUPPLIER, OFFICER = 0, 1
"""Who reads: the place of the sentence in each pair."""

REASONS: dict[str, tuple] = {
    "WITHIN_AUTHORITY": (
        gettext_lazy("Your request is within what is decided at once."),
        gettext_lazy("Within the policy's automatic authority."),
    ),
    "SUPPLIER_NOT_ADMITTED": (
        gettext_lazy("Your business verification is not approved yet."),
        gettext_lazy("The supplier is not admitted."),
    ),
    "VERIFICATION_NOT_VALID": (
        gettext_lazy("Your business verification has expired. Please renew it."),
        gettext_lazy("No approved business verification covers this business date."),
    ),
    "FACILITY_NOT_ACTIVE": (
        gettext_lazy("Your facility is suspended. Your funder can tell you more."),
        gettext_lazy("The facility is suspended or closed."),
    ),
    "QUOTE_OUTDATED": (
        gettext_lazy("What you were quoted would be due by now. Ask for a new quote."),
        gettext_lazy("The quoted due date has passed."),
    ),
    "ADVANCE_OVERDUE": (
        gettext_lazy("An earlier advance is overdue. Once it is repaid you can ask again."),
        gettext_lazy("An advance of this facility is overdue beyond what the policy allows."),
    ),
    "THIN_HISTORY_DAYS": (
        gettext_lazy("You have not traded on the platform for long enough yet."),
        gettext_lazy("Thin history: fewer days of trade than the policy asks for. Not scored."),
    ),
    "THIN_HISTORY_LINES": (
        gettext_lazy("You have not sold enough orders on the platform yet."),
        gettext_lazy("Thin history: fewer order lines than the policy asks for. Not scored."),
    ),
    "GRADE_DECLINED": (
        gettext_lazy("Your trade on the platform does not carry a limit at present. See below what would change that."),
        gettext_lazy("The policy declines suppliers of this grade."),
    ),
    "GRADE_REFERRED": (
        gettext_lazy("Somebody at your funder looks at your request."),
        gettext_lazy("The policy refers suppliers of this grade."),
    ),
    "AMOUNT_ABOVE_AUTHORITY": (
        gettext_lazy("The amount is large enough that somebody at your funder looks at it."),
        gettext_lazy("The amount is above the automatic authority."),
    ),
    "EXPOSURE_ABOVE_AUTHORITY": (
        gettext_lazy("With what you owe already, somebody at your funder looks at your request."),
        gettext_lazy("The exposure after this advance is above the automatic authority."),
    ),
    "NO_ELIGIBLE_RECEIVABLE": (
        gettext_lazy("There is no invoice of yours that can be financed now."),
        gettext_lazy("No eligible receivable in the borrowing base."),
    ),
    "BELOW_MINIMUM": (
        gettext_lazy("The amount is below the smallest advance."),
        gettext_lazy("Below the policy's minimum draw."),
    ),
    "ABOVE_LIMIT": (
        gettext_lazy("With what you owe already, the amount is above your limit."),
        gettext_lazy("Exposure and amount are above the limit."),
    ),
    "ABOVE_BASE": (
        gettext_lazy("Your accepted invoices do not carry this amount."),
        gettext_lazy("Exposure and amount are above the borrowing base."),
    ),
    # Given by a person who declines
    "AMOUNT_TOO_LARGE": (
        gettext_lazy("The amount is more than your funder lends you at once at present."),
        gettext_lazy("The amount is more than we lend this supplier at once."),
    ),
    "EXPOSURE_TOO_LARGE": (
        gettext_lazy("With what you owe already, it is more than your funder lends you at present."),
        gettext_lazy("With what is lent already, it is more than we lend this supplier."),
    ),
    "TRADE_TOO_WEAK": (
        gettext_lazy("Your recent trade on the platform does not carry this amount."),
        gettext_lazy("Recent trade does not carry this amount."),
    ),
    "REPAID_LATE": (
        gettext_lazy("Earlier advances were repaid late."),
        gettext_lazy("Earlier advances were repaid late."),
    ),
    "INVOICES_UNCLEAR": (
        gettext_lazy("Something about the invoices behind your request is not clear."),
        gettext_lazy("Something about the invoices offered is not clear."),
    ),
    "FUNDS_SHORT": (
        gettext_lazy("Your funder has no more to lend in this programme at present."),
        gettext_lazy("No more to lend in this programme at present."),
    ),
    "NO_LONGER_CARRIED": (
        gettext_lazy("What you can have changed since you asked, and no longer carries the amount."),
        gettext_lazy("Availability has changed and no longer carries the amount."),
    ),
    # Receivables
    "NOT_ACCEPTED": (
        gettext_lazy("The platform has not accepted this invoice yet."),
        gettext_lazy("Not accepted by the debtor."),
    ),
    "IN_DISPUTE": (gettext_lazy("The platform disputes this invoice."), gettext_lazy("Disputed by the debtor.")),
    "NOT_AVAILABLE_AS_SECURITY": (
        gettext_lazy("This invoice is not available as security."),
        gettext_lazy("Not available as security."),
    ),
    "OTHER_CURRENCY": (
        gettext_lazy("This invoice is in another currency than the facility."),
        gettext_lazy("Other currency than the programme's."),
    ),
    "NOTHING_OPEN": (
        gettext_lazy("Nothing is left to be paid on this invoice, or its payment is under way."),
        gettext_lazy("Nothing open, or settlement instructed."),
    ),
    "PAST_DUE": (
        gettext_lazy("The platform is late in paying this invoice."),
        gettext_lazy("Past due beyond what the policy allows."),
    ),
    "TOO_OLD": (
        gettext_lazy("This invoice is too old."),
        gettext_lazy("More days from invoice than the policy allows."),
    ),
    "IN_RETURN_WINDOW": (
        gettext_lazy("The goods can still be returned; after that this invoice counts."),
        gettext_lazy("Goods still in the return window."),
    ),
    "DUE_TOO_SOON": (
        gettext_lazy("The platform pays this invoice within days anyway."),
        gettext_lazy("Remaining tenor below the policy's minimum."),
    ),
    "DUE_TOO_LATE": (
        gettext_lazy("This invoice is due too far in the future."),
        gettext_lazy("Remaining tenor above the policy's or the programme's maximum."),
    ),
    "DEBTOR_CROSS_AGED": (
        gettext_lazy("Invoices to this platform are not financed at present."),
        gettext_lazy("Debtor cross-aged: too much of its balance is past due."),
    ),
}

FEATURES: dict[str, tuple] = {
    "days_of_trade": (gettext_lazy("How long you have been selling"), gettext_lazy("Days of trade")),
    "order_lines": (gettext_lazy("How many orders you have sold"), gettext_lazy("Order lines")),
    "active_months": (gettext_lazy("In how many months you sold"), gettext_lazy("Active months of twelve")),
    "monthly_delivered_3m_minor": (
        gettext_lazy("What you deliver in a month (last three)"),
        gettext_lazy("Monthly delivered amount, 3 months"),
    ),
    "monthly_delivered_6m_minor": (
        gettext_lazy("What you deliver in a month (last six)"),
        gettext_lazy("Monthly delivered amount, 6 months"),
    ),
    "monthly_accepted_3m_minor": (
        gettext_lazy("What the platform accepts in a month"),
        gettext_lazy("Monthly accepted amount, 3 months"),
    ),
    "monthly_amount": (
        gettext_lazy("What you sell in a month (the lower of the last three and six months)"),
        gettext_lazy("Monthly amount"),
    ),
    "trend": (gettext_lazy("Whether your sales grow"), gettext_lazy("Trend, last 3 to previous 3 months")),
    "volatility": (gettext_lazy("How even your sales are"), gettext_lazy("Volatility of six months")),
    "return_share": (gettext_lazy("Goods sent back"), gettext_lazy("Return rate")),
    "dispute_share": (gettext_lazy("Disputed invoices"), gettext_lazy("Dispute rate")),
    "cancelled_share": (gettext_lazy("Cancelled orders"), gettext_lazy("Cancellation rate")),
    "on_time_share": (gettext_lazy("Orders sent in time"), gettext_lazy("On-time despatch")),
    "fulfilled_share": (gettext_lazy("Orders that arrived"), gettext_lazy("Fulfilment")),
    "top_category_share": (
        gettext_lazy("How much depends on one kind of goods"),
        gettext_lazy("Largest category's share"),
    ),
    "dilution": (gettext_lazy("Returns and credit notes against sales"), gettext_lazy("Dilution")),
    "late_repayment_share": (gettext_lazy("Earlier advances repaid late"), gettext_lazy("Late repayment")),
    "receivables": (gettext_lazy("Your invoices"), gettext_lazy("Receivables")),
}

LEVELS: dict[str, tuple] = {
    "STRONG": (gettext_lazy("very good"), gettext_lazy("strong")),
    "GOOD": (gettext_lazy("good"), gettext_lazy("good")),
    "FAIR": (gettext_lazy("could be better"), gettext_lazy("fair")),
    "WEAK": (gettext_lazy("holds you back"), gettext_lazy("weak")),
    "UNKNOWN": (gettext_lazy("too early to say"), gettext_lazy("not measured")),
}


def reason(code: str, audience: int = SUPPLIER) -> str:
    """Sentence for a reason code; a code that has none stays as it is."""
    return str(REASONS[code][audience]) if code in REASONS else code


def score_line(line: ScoreLine, currency: str, audience: int = SUPPLIER) -> str:
    """ "Orders sent in time: 95.0 %, good", as somebody reads it who is not from the trade."""
    level = line.code.rsplit("_", 1)[-1]
    word = str(LEVELS[level][audience]) if level in LEVELS else line.code
    if line.value is None:
        return _("{feature}: {level}").format(feature=FEATURES[line.feature][audience], level=word)
    return _("{feature}: {value}, {level}").format(
        feature=FEATURES[line.feature][audience], value=measured(line.feature, line.value, currency), level=word
    )


def measured(feature: str, value: Decimal, currency: str) -> str:
    """A feature's value with its unit."""
    if feature.endswith("_minor") or feature in ("monthly_amount", "receivables"):
        return _amount(int(value), currency)
    if feature.endswith("_share") or feature == "dilution":
        return f"{value * 100:.1f}%"
    return f"{value.normalize():f}" if value == value.to_integral_value() else f"{value:.2f}"


_IMPROVEMENTS: dict[str, tuple] = {
    "TRADE_MORE": (gettext_lazy("{feature}: {now} now, {wanted} needed."),) * 2,
    "RAISE_FEATURE": (gettext_lazy("{feature}: {now} now, better from {wanted}."),) * 2,
    "LOWER_FEATURE": (gettext_lazy("{feature}: {now} now, better below {wanted}."),) * 2,
    "SELL_MORE": (gettext_lazy("{feature}: {now} now, {wanted} would carry more."),) * 2,
    "GET_ACCEPTED": (
        gettext_lazy("Invoices over {wanted} wait for the platform's acceptance."),
        gettext_lazy("{wanted} not accepted yet."),
    ),
    "SETTLE_DISPUTE": (
        gettext_lazy("Invoices over {wanted} are disputed by the platform: settle that with it."),
        gettext_lazy("{wanted} in dispute."),
    ),
    "WAIT_RETURN_WINDOW": (
        gettext_lazy("Invoices over {wanted} count as soon as the goods can no longer be returned."),
        gettext_lazy("{wanted} in the return window."),
    ),
}


def improvement(found: Improvement, currency: str, audience: int = SUPPLIER) -> str:
    """What would raise the limit or the availability, and by how much where it does so by itself."""
    sentence = str(_IMPROVEMENTS[found.code][audience]).format(
        feature=FEATURES[found.feature][audience],
        now=measured(found.feature, found.now or Decimal(0), currency),
        wanted=measured(found.feature, found.wanted, currency),
    )
    if not found.gain_minor:
        return sentence
    gain = _amount(found.gain_minor, currency)
    return sentence + " " + _("That alone brings {gain} more.").format(gain=gain)


def _amount(minor: int, currency: str) -> str:
    """On one line, wherever the sentence is broken."""
    return f"{currency}\N{NO-BREAK SPACE}{from_minor(minor, currency):,}"
