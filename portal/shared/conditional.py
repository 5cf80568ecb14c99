"""Requests that hold only for what the asker saw: ETag, If-None-Match, If-Match (RFC 9110).

The tag is the hash of the answer as this asker reads it, so it changes exactly when something that it is told does.
"""

import hashlib

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags, quote_etag
from rest_framework.request import Request
from rest_framework.response import Response

from portal.shared.errors import RuleViolation

KEPT_HEADERS = ("ETag", "Vary", "Cache-Control", "RateLimit", "RateLimit-Policy", "Content-Language")


class PreconditionFailed(RuleViolation):
    code, status = "PRECONDITION_FAILED", 412
    sentence = "This has changed since you read it. Nothing was done: read it again, and send its new ETag."


class PreconditionRequired(RuleViolation):
    code, status = "PRECONDITION_REQUIRED", 428
    sentence = "Name what you saw: send the ETag of the answer to your GET as If-Match."


def tag(content: bytes) -> str:
    return quote_etag(hashlib.blake2b(content, digest_size=16).hexdigest())


def tagged(response: Response) -> HttpResponse | None:
    """Once rendered: the answer with its ETag, or 304 for who has it already."""
    response["ETag"] = tag(response.content)
    request = response.renderer_context["request"]
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" not in known and response["ETag"] not in {each.removeprefix("W/") for each in known}:
        return None
    unchanged = HttpResponseNotModified()
    for header in KEPT_HEADERS:
        if header in response:
            unchanged[header] = response[header]
    return unchanged


def check(request: Request, current: str, required: bool = False) -> None:
    """Raises PreconditionFailed unless If-Match names the tag `current`, PreconditionRequired where it has to be."""
    given = request.headers.get("If-Match")
    if given is None:
        if required:
            raise PreconditionRequired()
        return
    wanted = parse_etags(given)
    if "*" not in wanted and current not in wanted:
        raise PreconditionFailed()
