"""How bodies of requests are read: JSON that can be kept, and documents as they came."""

import json

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.utils.json import strict_constant

from portal.shared.errors import InvalidInput, Misshapen, TooLarge


class FieldTwice(Misshapen):
    """Which of the two was meant nobody can tell."""

    code = "FIELD_TWICE"
    sentence = "The field '{name}' appears twice in one object."


class JsonBody(JSONParser):
    """JSON whose text the database can hold (no NUL, no half of a character), nested within measure, no field twice.

    In UTF-8, as RFC 8259 has it, whatever is said of it.
    Ten thousand lines of a settlement are half of the limit; what is larger would only keep a thread busy.
    """

    limit = 2 * 1024**2

    def parse(self, stream, media_type=None, parser_context=None):
        content = stream.read(self.limit + 1)
        if len(content) > self.limit:
            raise TooLarge(limit_megabytes=self.limit // 1024**2)
        try:
            text = content.decode()
            parsed = json.loads(text, parse_constant=strict_constant, object_pairs_hook=_each_once)
            _refuse_unkeepable(parsed)
            return parsed
        except RecursionError:
            raise ParseError(_("This is nested too deeply.")) from None
        except json.JSONDecodeError as error:
            raise ParseError(_("This is not JSON: {error}.").format(error=error)) from None
        except UnicodeDecodeError:
            raise ParseError(_("This is not text in UTF-8.")) from None
        except ValueError:
            # NaN and Infinity, and integers of thousands of digits.
            raise ParseError(_("A number is none that can be read.")) from None


def _each_once(pairs: list[tuple]) -> dict:
    found: dict = {}
    for name, value in pairs:
        if name in found:  # the first that is met: to count them all would take hours of a long body
            raise FieldTwice(name=name[:40])
        found[name] = value
    return found


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


def canonical(body: bytes) -> bytes:
    """The same for JSON that says the same in another order or with other blanks; anything else as it came."""
    if body[:1] not in (b"{", b"["):
        return body
    try:
        # Numbers are told apart as they are written, texts as what they say.
        read = json.loads(body, parse_float=_written, parse_int=_written, object_pairs_hook=_each_once)
        return json.dumps(read, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError, InvalidInput):
        return body


def _written(number: str) -> list[str]:
    return ["number", number]
