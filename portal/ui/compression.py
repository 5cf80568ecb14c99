"""Pages travel compressed: a table of amounts becomes a fifth of its size."""

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware


class PagesCompressed(GZipMiddleware):
    """HTML only: answers of the API keep their exact ETag, files come compressed or are so by nature.

    What a page repeats of a request cannot be used to guess a secret beside it by length: the CSRF token is masked anew
    each time, lengths are blurred (Django), and no other site can ask in somebody's name (SameSite cookies).
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)
