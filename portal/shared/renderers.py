"""How answers are written."""

from rest_framework.renderers import JSONRenderer


class Json(JSONRenderer):
    """One way to write an answer, whatever parameters of the media type are asked for: its hash is its ETag."""

    def get_indent(self, accepted_media_type: str, renderer_context: dict) -> None:
        return None
