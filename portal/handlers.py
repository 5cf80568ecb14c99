"""What is answered where no view answers: as a page for people, as a problem document below /api/."""

import sys
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from portal.middleware import too_large
from portal.shared.database import is_blameless
from portal.shared.errors import Forbidden, NotFound, RuleViolation
from portal.shared.http import BadRequest, Unavailable, Unexpected, problem_document


def _of(page: Callable[..., HttpResponse], refusal: type[RuleViolation]) -> Callable[..., HttpResponse]:
    def handler(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.path.startswith("/api/"):
            return problem_document(request, refusal())
        return page(request, *args, **kwargs)

    return handler


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Forms above DATA_UPLOAD_MAX_MEMORY_SIZE are not read; files are not counted."""
    if isinstance(exception, RequestDataTooBig):
        return too_large(request, settings.MAX_DOCUMENT_BYTES)
    return _bad_request(request, exception)


_bad_request = _of(defaults.bad_request, BadRequest)
permission_denied = _of(defaults.permission_denied, Forbidden)
page_not_found = _of(defaults.page_not_found, NotFound)
_our_fault = _of(defaults.server_error, Unexpected)
_nobodys_fault = _of(partial(defaults.server_error, template_name="503.html"), Unavailable)


def server_error(request: HttpRequest) -> HttpResponse:
    """Where the database restarts, or two waited for each other, the same request may simply be made again."""
    if not is_blameless(sys.exception()):
        return _our_fault(request)
    response = _nobodys_fault(request)
    response.status_code = Unavailable.status
    response.headers["Retry-After"] = str(Unavailable.wait)
    return response
