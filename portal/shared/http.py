"""Refusals as problem+json documents (RFC 9457)."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal.shared.errors import Forbidden, NotFound, RuleViolation, TooLarge

MEDIA_TYPE = "application/problem+json"


class Unexpected(RuleViolation):
    """Ours to mend: the log knows more under the number of the request."""

    code, status = "INTERNAL_ERROR", 500
    sentence = "Something went wrong on our side. Tell us the number of the request, or try again."


class Unavailable(RuleViolation):
    """The database is away for a moment, or two requests waited for each other. `wait` is in seconds."""

    code, status, wait = "UNAVAILABLE", 503, 2
    sentence = "The portal cannot answer at this moment. Try again in a few seconds, under the same Idempotency-Key."


class BadRequest(RuleViolation):
    code, status = "BAD_REQUEST", 400
    sentence = "This request cannot be read."


def problem(refusal: RuleViolation) -> dict[str, Any]:
    """The document of a refusal; the number of the request is added where it is answered."""
    return {
        "type": f"urn:portolan:problem:{refusal.code.lower().replace('_', '-')}",
        "title": refusal.code.replace("_", " ").capitalize(),
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.sentence,
        **({"facts": refusal.facts} if refusal.facts else {}),
    }


def problem_response(error: Exception, context: dict) -> Response | None:
    """DRF's exception handler: every refusal of the API is a problem+json document with a stable code."""
    refusal = _refusal(error)
    if refusal is None:
        return None
    set_rollback()
    response = Response(problem(refusal), status=refusal.status, content_type=MEDIA_TYPE)
    for header, attribute in (("WWW-Authenticate", "auth_header"), ("Retry-After", "wait")):
        if value := getattr(error, attribute, None):
            response[header] = str(int(value)) if attribute == "wait" else value
    return response


def _refusal(error: Exception) -> RuleViolation | None:
    if isinstance(error, RuleViolation):
        return error
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return Forbidden()
    if isinstance(error, RequestDataTooBig):
        return TooLarge(limit_megabytes=settings.MAX_DOCUMENT_BYTES // 1024**2)
    if isinstance(error, exceptions.ValidationError):
        return _from_drf(error, "INVALID_INPUT", "Some fields are not valid.", 422, errors=error.get_full_details())
    if isinstance(error, exceptions.APIException):
        return _from_drf(error, str(error.default_code).upper(), str(error.detail), error.status_code)
    return None


def _from_drf(error: exceptions.APIException, code: str, sentence: str, status: int, **facts) -> RuleViolation:
    refusal = RuleViolation(sentence, code=code, **facts)
    refusal.status = status
    return refusal


def problem_document(request: HttpRequest, refusal: RuleViolation) -> JsonResponse:
    """A refusal outside of the views of the API: before one was found, or after one failed."""
    said = problem(refusal) | {"request_id": getattr(request, "request_id", "")}
    return JsonResponse(said, status=refusal.status, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
