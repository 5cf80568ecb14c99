"""Columns of a kind of our own."""

import json
from typing import Any

from django.db import models

from portal.shared.sentences import Said, Sentence, kept, told


class SentenceField(models.TextField):
    """A sentence or several, as text in the database; `Sentence` or `Sentences` when read."""

    def from_db_value(self, value: str | None, expression, connection) -> Said | None:
        return self.to_python(value)

    def to_python(self, value: Any) -> Said | None:
        if not isinstance(value, str):
            return value
        return told(json.loads(value)) if value.startswith(('{"text": ', "[")) else Sentence(value)

    def get_prep_value(self, value: Any) -> str | None:
        data = kept(value)
        return data if data is None or isinstance(data, str) else json.dumps(data, ensure_ascii=False)

    def deconstruct(self):
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs
