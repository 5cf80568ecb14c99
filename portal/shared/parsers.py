"""How bodies of requests are read: JSON that can be kept, and documents as they came."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser


class JsonBody(JSONParser):
    """JSON whose text the database can hold (no NUL, no half of a character), nested within measure."""

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            parsed = super().parse(stream, media_type, parser_context)
            _refuse_unkeepable(parsed)
            return parsed
        except RecursionError:
            raise ParseError(_("This is nested too deeply.")) from None


def _refuse_unkeepable(value) -> None:
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ParseError(_("Text holds NUL or half of a character."))
    elif isinstance(value, dict):
        for name, each in value.items():
            _refuse_unkeepable(name)
            _refuse_unkeepable(each)
    elif isinstance(value, list):
        for each in value:
            _refuse_unkeepable(each)


class RawParser(BaseParser):
    """The body as it came, up to `limit` and one byte more: the service keeps it, and refuses what is too much."""

    limit = 12 * 1024**2

    def parse(self, stream: HttpRequest, media_type=None, parser_context=None) -> bytes:
        return stream.read(self.limit + 1)
