"""Filters of the back office's templates."""

from django import template
from django.db.models import Model
from django.utils.text import capfirst

from portal.backoffice import names

register = template.Library()


@register.filter
def named(title: object) -> str:
    """A row by its name, exactly as it is written; the name of a model with a capital."""
    return names.named(title) if isinstance(title, Model) else capfirst(str(title))
