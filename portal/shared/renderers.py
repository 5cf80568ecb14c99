"""How answers are written, and how one is chosen."""

from collections.abc import Iterable

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer


class Json(JSONRenderer):
    """One way to write an answer, whatever parameters of the media type are asked for: its hash is its ETag."""

    def get_indent(self, accepted_media_type: str, renderer_context: dict) -> None:
        return None


class Csv(BaseRenderer):
    """A list as a file, written by sheets.py."""

    media_type, format, charset = "text/csv", "csv", "utf-8"

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        return b""


class Negotiated(DefaultContentNegotiation):
    """By `Accept`, or by `?format=`: one that there is not is refused like a media type that there is not."""

    def filter_renderers(self, renderers: Iterable[BaseRenderer], format: str) -> list[BaseRenderer]:
        found = [each for each in renderers if each.format == format]
        if not found:
            raise NotAcceptable(available_renderers=renderers)
        return found
