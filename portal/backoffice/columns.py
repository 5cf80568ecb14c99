"""How a field of a row is shown: amounts with their currency, states in their colour, references as links.

One column serves list and page: a callable that takes the row, as Django's admin asks for.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.trail.doers import MACHINE, PERSON
from portal.backoffice.names import named
from portal.backoffice.site import site
from portal.ui import formats
from portal.ui.states import state
from portal.ui.tables import look_up

STATES = {"status", "state", "outcome", "screening", "match", "recommendation"}
KINDS = {"paymentinstruction": "payment"}
"""What portal.ui.states calls a kind of thing, where its model has another name."""
CODES = re.compile(r"(^|_)(hash|sha256|iban|bic|key|sku|client_id|request_id|end_to_end_id|message_id|reference)$")
ACRONYMS = re.compile(r"\b(iban|bic|sku|ip|sha256)\b")
SUBJECT = re.compile(r"([a-z]+\.[a-z]+):(\d+)")
IDENTITIES = re.compile(r"_by$|^received_from$")
"""Fields of letters that hold who did something, as `Actor.identity` says it."""
SHOWN_IN_LISTS = 80


def column(model: type[models.Model], name: str, admin, *, whole: bool = False) -> Callable:
    """The callable for a field, or for "subject", the pair of subject_type and subject_id. `whole`: not cut short."""
    shown = _shown(model, name, admin, whole)

    def cell(row):
        return shown(row)

    cell.__name__ = name
    cell.short_description = lazy(label, str)(model, name)  # the column is kept for readers of every language
    field = _field(model, name)
    if field is not None and not isinstance(field, models.JSONField | models.BinaryField):
        cell.admin_order_field = name
    if isinstance(field, models.BooleanField):
        cell.boolean = True
    return cell


def label(model: type[models.Model], name: str) -> str:
    field = _field(model, name)
    words = _words(field) if field is not None else _(name.replace("_", " "))
    # An amount is shown in its currency's own unit. Many things have a number of their own beside that of their row.
    words = ACRONYMS.sub(lambda found: found[0].upper(), words)
    return words.removesuffix(" minor").replace(" id", "") if name != "id" else _("ID")


def _words(field: models.Field) -> str:
    other = field.related_model if field.related_model in site._registry else None
    is_named_so = other is not None and field.verbose_name == other._meta.verbose_name_raw
    return str(other._meta.verbose_name) if is_named_so else _(str(field.verbose_name))


def _field(model: type[models.Model], name: str) -> models.Field | None:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _shown(model, name: str, admin, whole: bool) -> Callable:
    field = _field(model, name)
    if name in admin.refers:
        return lambda row: link(admin.refers[name], getattr(row, name), getattr(row, name))
    if field is None:
        return (lambda row: subject(f"{row.subject_type}:{row.subject_id}")) if name == "subject" else _of(name)
    if field.is_relation:
        return lambda row: related(row, field)
    if name.endswith("_minor"):
        return lambda row: money(getattr(row, name), look_up(row, admin.currency.replace("__", ".")))
    if name in STATES and field.choices:
        return lambda row: badge(getattr(row, name), of_model(model))
    if field.choices:
        return lambda row: look_up(row, f"get_{name}_display") or "–"
    if isinstance(field, models.BooleanField):
        return lambda row: getattr(row, name)
    if holds_identity(field):
        return lambda row: identity(getattr(row, name), row.doers)
    return lambda row: plain(name, getattr(row, name), whole)


def _of(name: str) -> Callable:
    return lambda row: look_up(row, name)


def plain(name: str, value: object, whole: bool) -> object:
    """A value without a meaning of its own here."""
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.instant(value, seconds=True))
    if isinstance(value, date):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day(value))
    if isinstance(value, dict | list):
        text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
        return format_html('<pre class="bo-json">{}</pre>', text) if whole else Truncator(text).chars(SHOWN_IN_LISTS)
    if isinstance(value, str) and (found := SUBJECT.fullmatch(value)):
        return link(found[1], found[2], value)
    text = str(value) if whole else Truncator(str(value)).chars(SHOWN_IN_LISTS)
    return format_html("<code>{}</code>", text) if CODES.search(name) else text


def of_model(model: type[models.Model]) -> str:
    """What portal.ui.states calls a kind of thing."""
    return KINDS.get(model._meta.model_name, model._meta.model_name)


def subject(value: str) -> object:
    found = SUBJECT.fullmatch(value)
    return link(found[1], found[2], value) if found else "–"


def link(label_of_model: str, pk: object, shown: object) -> object:
    """A link to the row's page, or only its text where it has none."""
    if pk is None or pk == "":
        return "–"
    url = site.address(label_of_model, pk)
    return format_html('<a class="bo-link" href="{}">{}</a>', url, shown) if url else shown


def related(row: models.Model, field: models.Field) -> object:
    """Who or what a row refers to. What is not there any more is a dash."""
    other = getattr(row, field.name, None)
    return link(other._meta.label_lower, other.pk, Truncator(named(other)).chars(SHOWN_IN_LISTS)) if other else "–"


def holds_identity(field: models.Field) -> bool:
    return isinstance(field, models.CharField) and IDENTITIES.search(field.name) is not None


def identity(value: str, names: Mapping[str, str]) -> object:
    """Who did something by name, a person with a link; the portal itself, where nobody did."""
    kind, _sep, key = value.partition(":")
    if not value or kind not in (PERSON, MACHINE):
        return _("the portal") if value else "–"
    return link("parties.user", key, names.get(value, value)) if kind == PERSON else names.get(value, value)


def money(amount_minor: int | None, currency: str | None) -> str:
    if amount_minor is None or not currency:
        return "–" if amount_minor is None else str(amount_minor)
    return format_html('<span class="bo-money">{}</span>', formats.money(amount_minor, currency))


def badge(code: str, of: str = "") -> str:
    if not code:
        return "–"
    shown = state(code, of=of)
    return format_html('<span class="bo-state bo-{}">{}</span>', shown.tone, shown.label)
