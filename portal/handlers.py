"""What is answered where no view answers: as a page for people, as a problem document below /api/."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from portal.shared.errors import Forbidden, NotFound, RuleViolation
from portal.shared.http import BadRequest, Unexpected, problem_document


def _of(page: Callable[..., HttpResponse], refusal: type[RuleViolation]) -> Callable[..., HttpResponse]:
    def handler(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.path.startswith("/api/"):
            return problem_document(request, refusal())
        return page(request, *args, **kwargs)

    return handler


bad_request = _of(defaults.bad_request, BadRequest)
permission_denied = _of(defaults.permission_denied, Forbidden)
page_not_found = _of(defaults.page_not_found, NotFound)
server_error = _of(defaults.server_error, Unexpected)
