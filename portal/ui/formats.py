"""How amounts and instants are written for a person, in the language of the page (CLDR through Babel)."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError, dates, numbers
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from portal.shared.money import exponent


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def locale() -> Locale:
    """The page's locale; plain English where the language is unknown to CLDR."""
    return _locale(get_language() or "en")


def amount(amount_minor: int, currency: str) -> str:
    """As "1,234.56": exactly the currency's decimals, grouped as the locale does, a true minus sign."""
    decimals, (group, point) = exponent(currency), _marks(locale())
    whole, part = divmod(abs(int(amount_minor)), 10**decimals)
    text = f"{whole:,}".replace(",", group) + (f"{point}{part:0{decimals}d}" if decimals else "")
    return f"\N{MINUS SIGN}{text}" if amount_minor < 0 else text


@cache
def _marks(locale: Locale) -> tuple[str, str]:
    """What stands between thousands, and before decimals."""
    return numbers.get_group_symbol(locale), numbers.get_decimal_symbol(locale)


def money(amount_minor: int, currency: str) -> str:
    """As "CNY 1,234.56": the ISO code first, since ¥ and $ name several currencies. One line of plain text."""
    return f"{currency}\N{NO-BREAK SPACE}{amount(amount_minor, currency)}"


def percent(ratio, decimals: int = 1) -> str:
    """As "12.5%" from Decimal("0.125")."""
    return numbers.format_percent(ratio, format=f"#,##0.{'0' * decimals}%" if decimals else "#,##0%", locale=locale())


def hundredths(share: Decimal) -> str:
    """As "60%" from Decimal("60.00"), and "33.25%"."""
    return percent(share / 100, 0 if share == int(share) else 2)


def country(code: str) -> str:
    """As "Germany" from "DE"."""
    return locale().territories.get(code, code)


def number(value) -> str:
    """A count, grouped as the locale does."""
    return numbers.format_decimal(value, locale=locale())


def day(value: date) -> str:
    """As "22 Nov 2026" in the locale's order."""
    return _day(value, locale())


@lru_cache(4000)
def _day(value: date, locale: Locale) -> str:
    """Kept: a table names the same few days over and over."""
    return dates.format_date(value, format="medium", locale=locale)


def short_day(value: date) -> str:
    """As "22 Nov", for the axis of a chart."""
    return dates.format_skeleton("MMMd", value, locale=locale())


def month(value: date) -> str:
    """As "November 2026"."""
    return dates.format_skeleton("yMMMM", value, locale=locale())


def short_month(value: date) -> str:
    """As "Nov", for the axis of a chart."""
    return dates.format_skeleton("MMM", value, locale=locale())


def instant(value: datetime, *, seconds: bool = False) -> str:
    """Date and time in the current time zone (the user's, where the middleware has activated it)."""
    here = timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    return _instant(here if seconds else here.replace(second=0), locale(), seconds)


@lru_cache(4000)
def _instant(here: datetime, locale: Locale, seconds: bool) -> str:
    clock = dates.format_time(here, format="medium" if seconds else "short", locale=locale)
    return locale.datetime_formats["medium"].format(clock, _day(here.date(), locale))


def moment(iso: str) -> str:
    """A day or an instant that ISO 8601 writes; any other text as it is."""
    try:
        return day(date.fromisoformat(iso)) if len(iso) == len("2026-11-22") else instant(datetime.fromisoformat(iso))
    except ValueError:
        return iso


def iban(value: str) -> str:
    """In groups of four, as it stands on paper; it breaks between them."""
    return " ".join(value[start : start + 4] for start in range(0, len(value), 4))


def clock(value: datetime, *, milliseconds: bool = False) -> str:
    """As "2:03:07 PM" or "2:03:07.412 PM" in the locale's way, for events of one day."""
    pattern = locale().time_formats["medium"].pattern
    pattern = pattern.replace("ss", "ss.SSS") if milliseconds else pattern
    whole = value.microsecond // 1000 * 1000  # rounded up it might be a thousand milliseconds
    here = timezone.localtime(value).replace(tzinfo=None, microsecond=whole)
    return dates.format_time(here, format=pattern, locale=locale())


def elapsed(milliseconds: int) -> str:
    """As "84 ms", "0.4 s", "12 s", "3 min", "2 h", "5 d": a duration at a glance."""
    if milliseconds < 100:
        return _("{n} ms").format(n=milliseconds)
    seconds = milliseconds / 1000
    if seconds < 60:
        return _("{n} s").format(n=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")
    if seconds < 3600:
        return _("{n} min").format(n=f"{seconds / 60:.0f}")
    if seconds < 86400:
        return _("{n} h").format(n=f"{seconds / 3600:.0f}")
    return _("{n} d").format(n=f"{seconds / 86400:.0f}")


def age(since: datetime, now: datetime) -> str:
    """Whole days; hours where there is not yet a day, minutes where there is not yet an hour."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes) if minutes else _("just now")
    hours = minutes // 60
    if hours < 24:
        return ngettext("{n} hour", "{n} hours", hours).format(n=hours)
    return ngettext("{n} day", "{n} days", hours // 24).format(n=hours // 24)
