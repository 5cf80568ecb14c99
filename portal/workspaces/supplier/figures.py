"""What a supplier is shown of an offer: the base as a waterfall, the slider's reach, reasons with the next step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from financing.advances.pricing import least_of
from financing.advances.services.quote import OF_THE_AMOUNT, Counted, Offer
from financing.credit import saying, wording
from financing.credit.models import Decision
from financing.credit.rules import Base, BaseLine, Fall, Gain, Inputs, Result, falls, gains
from portal.shared.money import exponent
from portal.ui.charts import Step
from portal.ui.formats import amount, money, number, percent

SHOWN_IMPROVEMENTS = 5
FINANCEABLE, SECURES, OTHER_CURRENCY = "FINANCEABLE", "SECURES", "OTHER_CURRENCY"

SHORT = {
    FINANCEABLE: gettext_lazy("Can be financed"),
    SECURES: gettext_lazy("Secures your advances"),
    "NOT_ACCEPTED": gettext_lazy("Not accepted yet"),
    "IN_DISPUTE": gettext_lazy("In dispute"),
    "NOT_AVAILABLE_AS_SECURITY": gettext_lazy("Not available as security"),
    OTHER_CURRENCY: gettext_lazy("Another currency"),
    "NOTHING_OPEN": gettext_lazy("Being paid"),
    "PAST_DUE": gettext_lazy("The platform is late"),
    "TOO_OLD": gettext_lazy("Too old"),
    "IN_RETURN_WINDOW": gettext_lazy("Can still be returned"),
    "DUE_TOO_SOON": gettext_lazy("Paid within days anyway"),
    "DUE_TOO_LATE": gettext_lazy("Due too late"),
    "DEBTOR_CROSS_AGED": gettext_lazy("The platform pays late"),
}
"""What an invoice is good for, in two or three words; `wording` has the sentence."""

NEXT_STEPS = {
    "SUPPLIER_NOT_ADMITTED": gettext_lazy("Hand in your verification, or wait for its outcome: see Verification."),
    "VERIFICATION_NOT_VALID": gettext_lazy("Hand in your verification anew: see Verification."),
    "FACILITY_NOT_ACTIVE": gettext_lazy("Ask your funder what is needed; what you owe stays as it is."),
    "ADVANCE_OVERDUE": gettext_lazy("It is repaid from the platform's next payment; your advances tell how much."),
    "THIN_HISTORY_DAYS": gettext_lazy("Go on selling; nothing else needs to be done."),
    "THIN_HISTORY_LINES": gettext_lazy("Go on selling; nothing else needs to be done."),
    "NO_ELIGIBLE_RECEIVABLE": gettext_lazy("Hand in invoices for what you delivered, and the platform accepts them."),
    "AMOUNT_TOO_LARGE": gettext_lazy("Ask for less."),
    "EXPOSURE_TOO_LARGE": gettext_lazy("Ask for less, or again once the platform has paid what you owe."),
    "TRADE_TOO_WEAK": gettext_lazy("Go on selling; your first page tells what would raise your limit."),
    "REPAID_LATE": gettext_lazy("Ask again once what you owe is repaid."),
    "INVOICES_UNCLEAR": gettext_lazy("Ask your funder which, and hand in what is missing."),
    "FUNDS_SHORT": gettext_lazy("Nothing is held against you: ask again later."),
    "NO_LONGER_CARRIED": gettext_lazy("See what you can have now, and ask anew."),
    "ABOVE_LIMIT": gettext_lazy("Ask for less."),
    "ABOVE_BASE": gettext_lazy("Ask for less, or wait until more of your invoices are accepted."),
}


@dataclass(frozen=True, slots=True)
class Slider:
    """Whole round amounts in minor units; the amount box beside it takes any. `value`: where it stands."""

    minimum: int
    maximum: int
    step: int
    decimals: int
    value: int
    said: str


def slider(least_minor: int, most_minor: int, currency: str, at_minor: int) -> Slider | None:
    """From the least to the most that can be had in about two hundred round steps; None where there is no choice."""
    unit = 10 ** exponent(currency)
    step = unit
    for factor in (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000):
        if (most_minor - least_minor) // step > 200:
            step = unit * factor
    minimum, maximum = -(-least_minor // step) * step, most_minor // step * step
    if minimum >= maximum:
        return None
    value = min(max(at_minor // step * step, minimum), maximum)
    return Slider(minimum, maximum, step, exponent(currency), value, amount(value, currency))


def use_of(line: BaseLine) -> str:
    """What an invoice is good for: FINANCEABLE, SECURES, or the first reason why it is not."""
    if line.reasons:
        return line.reasons[0]
    return SECURES if line.is_assigned_here else FINANCEABLE


def waterfall(offer: Offer) -> list[Step]:
    """From what the platform owes to what can be had now, each step a link to what it is made of."""
    base = offer.result.base
    return [_step(each, base) for each in falls(base, offer.alike)]


def _step(fall: Fall, base: Base) -> Step:
    label, explanation, url = _words(fall, base)
    if fall.invoices is not None:
        explanation = ngettext("{count} invoice", "{count} invoices", fall.invoices).format(count=fall.invoices)
    return Step(str(label), fall.amount_minor, total=fall.is_total, explanation=str(explanation), url=url)


def _words(fall: Fall, base: Base) -> tuple[str | Promise, str | Promise, str]:
    """What a step is called, what explains it, and where it leads."""
    page = reverse("supplier:receivables")
    known = {
        "OPEN_INVOICES": (gettext_lazy("Open invoices"), "", page),
        "ELIGIBLE": (gettext_lazy("Invoices that count"), "", f"{page}?receivables-counts=yes"),
        "NOT_LENT": (
            gettext_lazy("Not lent"), _("{share} is lent of each").format(share=percent(base.advance_rate, 0)), "",
        ),
        "RESERVE": (
            gettext_lazy("Reserve"),
            _("{share} is held back for returns and credit notes").format(share=percent(base.reserve_share)), "",
        ),
        "CARRIED": (gettext_lazy("Your invoices carry"), "", ""),
        "OVER_LIMIT": (gettext_lazy("Above your limit"), gettext_lazy("Your limit comes from your trade"), "#score"),
        "OWED_ALREADY": (
            gettext_lazy("You owe already"), gettext_lazy("with interest, fees and what is on its way"),
            reverse("supplier:advances"),
        ),
        "AVAILABLE": (gettext_lazy("Available"), "", ""),
    }  # fmt: skip
    return known.get(fall.code) or (SHORT.get(fall.code, fall.code), "", f"{page}?receivables-use={fall.code}")


def reasons(codes: Iterable[str], *, least: str = "") -> list[dict]:
    """Codes as the reasons component takes them, each with the next step. `least`: the smallest advance, as text."""
    said = []
    for each in saying.reasons(list(codes)):
        remedy = NEXT_STEPS.get(each["code"], "")
        if each["code"] == "BELOW_MINIMUM" and least:
            remedy = _("The smallest advance is {least}.").format(least=least)
        said.append({"code": each["code"], "text": each["sentence"], "remedy": remedy})
    return said


def against(codes: Iterable[str], *, least: str = "") -> list[dict]:
    """Why it is not to be had, without the reasons why a person would have decided it."""
    return reasons((code for code in codes if code not in saying.REFERRING), least=least)


def why_decided(decision: Decision) -> list[dict]:
    """Why it was decided so. What a person has decided was not decided by the reasons for which it was referred."""
    if decision.decided_by == "system" or decision.outcome == Decision.Outcome.REFERRED:
        return reasons(decision.reasons)
    if decision.outcome == Decision.Outcome.APPROVED:
        text = _("Somebody at your funder looked at your request and approved it.")
        return [{"code": "DECIDED_BY_HAND", "text": text}, *against(decision.reasons)]
    text = _("Somebody at your funder looked at your request and declined it.")
    said = [{"code": "DECIDED_BY_HAND", "text": text}]
    if decision.explanation:
        said.append({"code": "EXPLAINED", "text": _("Your funder writes: “{text}”").format(text=decision.explanation)})
    return [*said, *reasons(each["code"] for each in saying.deciding(decision))]


def why_nothing(offer: Offer) -> list[dict]:
    """Why nothing can be had, the deciding reason first."""
    codes = list(offer.result.reasons)
    least = money(least_of(offer), offer.facility.currency)
    if offer.result.base.available_minor == 0:
        codes = [code for code in codes if code not in OF_THE_AMOUNT]  # nobody asked for an amount
    if not set(codes) - saying.REFERRING:
        return [{
            "code": "NOTHING_LEFT", "text": _("You have drawn all that your invoices and your limit carry now."),
            "remedy": _("More comes with the next accepted invoice, or when the platform pays."),
        }]  # fmt: skip
    said = against(codes, least=least)
    if offer.result.base.lines:
        for each in said:
            if each["code"] == "NO_ELIGIBLE_RECEIVABLE":
                each["remedy"] = _("Under Receivables each one tells why, and when it will count.")
    return said


def improvements(inputs: Inputs, result: Result, currency: str) -> list[dict]:
    """What would raise limit or availability and by how much, as the reasons component takes it.

    The figures come of the same decision with that fact alone changed, and are rounded by nobody.
    """
    said = []
    for each in gains(inputs, result)[:SHOWN_IMPROVEMENTS]:
        plain = replace(each.improvement, gain_minor=0)
        text = wording.improvement(plain, currency, wording.SUPPLIER)
        said.append({"code": plain.code, "text": text, "remedy": _brings(each, currency)})
    return said


def _brings(gain: Gain, currency: str) -> str:
    available, limit = money(gain.available_minor, currency), money(gain.limit_minor, currency)
    if gain.available_minor and gain.limit_minor:
        text = _("That alone would add {available} to what you can have now, and {limit} to your limit.")
    elif gain.available_minor:
        text = _("That alone would add {available} to what you can have now.")
    elif gain.limit_minor:
        text = _("That alone would raise your limit by {limit}; for more at once you need more invoices.")
    else:
        text = _("That alone changes nothing yet; together with others it does.")
    return text.format(available=available, limit=limit)


def uses(counted: Iterable[Counted], currency: str) -> list[dict]:
    """What open invoices of a currency are good for: of each use how many and how much, financeable first."""
    sums: dict[str, tuple[int, int]] = {}
    for each in counted:
        line, use = each.line, use_of(each.line)
        if line.counted_minor and OTHER_CURRENCY not in line.reasons:
            count, minor = sums.get(use, (0, 0))
            sums[use] = count + len(each.ids), minor + line.counted_minor
    page = reverse("supplier:receivables")
    rank = {FINANCEABLE: 0, SECURES: 1}
    return [
        {
            "use": use, "label": SHORT.get(use, use), "count": count, "amount_minor": minor,
            "currency": currency, "url": f"{page}?receivables-use={use}",
            "tone": "good" if use == FINANCEABLE else "",
        }
        for use, (count, minor) in sorted(sums.items(), key=lambda item: (rank.get(item[0], 2), -item[1][1]))
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that was read from the supplier's trade: what, how good, and what was measured (empty: nothing)."""

    label: str
    level: str
    measured: str


def score(found: Result, currency: str) -> list[Reading]:
    """What was read from the supplier's trade, without the funder's weights."""
    return [
        Reading(
            str(wording.FEATURES[line.feature][wording.SUPPLIER]),
            str(wording.LEVELS[line.code.rsplit("_", 1)[-1]][wording.SUPPLIER]),
            "" if line.value is None else _measured(line.feature, line.value, currency),
        )
        for line in found.score_lines
    ]


def _measured(feature: str, value: Decimal, currency: str) -> str:
    if feature == "trend":
        return _("{change} against the three months before").format(change=f"{(value - 1) * 100:+.0f}%")
    if feature == "volatility":
        return _("months differ by {share} from the mean").format(share=percent(value, 0))
    if feature.endswith("_minor"):
        return money(int(value), currency)
    if feature == "days_of_trade":
        return ngettext("{count} day", "{count} days", int(value)).format(count=number(int(value)))
    return wording.measured(feature, value, currency)
