"""Choices whose labels are read in the reader's language."""

from enum import property as enum_property

from django.db import models
from django.utils.translation import gettext_lazy


class Choices(models.TextChoices):
    """As Django's, with the label made of the member's name and translated on reading."""

    @enum_property
    def label(self):
        return gettext_lazy(self._label_)
