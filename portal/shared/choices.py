"""Choices whose labels are read in the reader's language."""

from enum import property as enum_property
from types import MappingProxyType

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy


class Choices(models.TextChoices):
    """As Django's, with the label made of the member's name and translated on reading.

    `__contexts__`: member's name -> context, of words that mean another thing elsewhere.
    """

    __contexts__ = MappingProxyType({})

    @enum_property
    def label(self):
        context = self.__contexts__.get(self.name)
        return pgettext_lazy(context, self._label_) if context else gettext_lazy(self._label_)
