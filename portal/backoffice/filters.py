"""Narrowing a list: whole days, who acted, what agrees."""

import re
from copy import copy
from datetime import datetime, time, timedelta

from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateFilter,
    TextFilter,
)

from accounts.parties.models import User
from financing.banking.models import DIFFERS
from portal.backoffice.columns import STATES, of_model
from portal.ui.states import state

__all__ = ["ActedBy", "Agrees", "SubjectNumber", "SubjectType", "choice", "party", "period", "yes_or_no"]

ACTOR = re.compile(r"(user|party|client):(\S+)")
NUMBER = re.compile(r"\d{1,18}")


class Choices(ChoicesDropdownFilter):
    """States are called as in the list."""

    def __init__(self, field: models.Field, *arguments, **named):
        super().__init__(field, *arguments, **named)
        if field.name in STATES:
            self.field = copy(field)
            self.field.choices = [(code, state(code, of=of_model(field.model)).label) for code, _ in field.flatchoices]


def choice(name: str) -> tuple:
    return (name, Choices)


def yes_or_no(name: str) -> tuple:
    return (name, BooleanRadioFilter)


def party(name: str) -> tuple:
    """One party, found by typing: there may be thousands."""
    return (name, AutocompleteSelectFilter)


class Period(RangeDateFilter):
    """From one day to another in the operator's zone, both included."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        first, last = (self._day(end) for end in ("from", "to"))
        name, is_instant = self.parameter_name, isinstance(self.field, models.DateTimeField)
        if first:
            queryset = queryset.filter(**{f"{name}__gte": midnight(first) if is_instant else first})
        if last:
            following = last + timedelta(days=1)
            queryset = queryset.filter(**{f"{name}__lt": midnight(following) if is_instant else following})
        return queryset

    def _day(self, end: str):
        try:
            return parse_date(self.used_parameters.get(f"{self.parameter_name}_{end}") or "")
        except ValueError:
            return None


def midnight(day) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def period(name: str) -> tuple:
    return (name, Period)


class SubjectType(DropdownFilter):
    title, parameter_name = _("kind of subject"), "subject_type__exact"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        labels = sorted(model._meta.label_lower for model in model_admin.admin_site._registry)
        return [(label, label) for label in labels if not label.startswith("trail.")]

    def queryset(self, request, queryset):
        return queryset.filter(subject_type=self.value()) if self.value() else queryset


class SubjectNumber(TextFilter):
    title, parameter_name = _("number of subject"), "subject_id__exact"

    def queryset(self, request, queryset):
        value = (self.value() or "").strip()
        if not value:
            return queryset
        return queryset.filter(subject_id=int(value)) if NUMBER.fullmatch(value) else queryset.none()


class ActedBy(TextFilter):
    """An e-mail address, or user:12, party:3, client:ab12, system."""

    title, parameter_name = _("actor: e-mail, user:1, system"), "actor"

    def queryset(self, request, queryset):
        value = (self.value() or "").strip()
        return queryset.filter(self._condition(value)) if value else queryset

    def _condition(self, value: str) -> Q:
        if value == "system":
            return Q(actor_user_id=None, actor_client_id="", actor_party_id=None)
        if "@" in value:
            return Q(actor_user_id__in=list(User.objects.filter(email__iexact=value).values_list("id", flat=True)))
        found = ACTOR.fullmatch(value)
        if found is None or (found[1] != "client" and not NUMBER.fullmatch(found[2])):
            return Q(pk__in=[])
        kind, named = found.groups()
        return Q(actor_client_id=named) if kind == "client" else Q(**{f"actor_{kind}_id": int(named)})


class Agrees(DropdownFilter):
    """Whether bank and book agree on a day."""

    title, parameter_name = _("bank and book"), "agrees"

    def lookups(self, request, model_admin):
        return [("no", _("do not agree")), ("yes", _("agree"))]

    def queryset(self, request, queryset):
        asked = {"no": queryset.filter(DIFFERS), "yes": queryset.exclude(DIFFERS)}
        return asked.get(self.value(), queryset)
