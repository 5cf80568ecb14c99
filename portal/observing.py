"""Every request is counted, timed and told to the log, under its number."""

import logging
from time import perf_counter

from django.http import HttpRequest, HttpResponse

from portal.measures import counting
from portal.shared.tracing import Work, working

logger = logging.getLogger(__name__)

BEGAN = "portolan.began"
"""In the environment of a request: when it was whole (perf_counter), so that waiting for a thread counts, too."""


class ObservedMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = request.META.get(BEGAN) or perf_counter()
        with working(Work((request.request_id,), actor=lambda: getattr(request, "actor", None))):
            response = self.get_response(request)
            seconds, route = perf_counter() - began, route_of(request)
            if counting.is_wanted:
                counting.count(route, request.method, response.status_code, seconds)
            level = logging.WARNING if response.status_code >= 500 else logging.INFO
            if logger.isEnabledFor(level):
                told = {
                    "method": request.method, "path": shown_path(request), "route": route,
                    "status": response.status_code, "milliseconds": round(seconds * 1000, 1),
                }  # fmt: skip
                logger.log(level, "%(method)s %(path)s %(status)s in %(milliseconds)s ms", told, extra=told)
        return response


def route_of(request: HttpRequest) -> str:
    """The name of the route; of what has none its pattern. Never the address, of which there is no end."""
    match = request.resolver_match
    return (match.view_name if match.url_name else match.route) if match else "unmatched"


def shown_path(request: HttpRequest) -> str:
    """The address without its secrets: what stands in it besides numbers may open a door (invitations, passwords)."""
    match = request.resolver_match
    if match is None:
        first = request.path.strip("/").partition("/")
        return f"/{first[0]}/…" if first[2] else request.path
    path = request.path
    for value in (str(each) for each in [*match.args, *match.kwargs.values()]):
        if value and not value.isdigit():
            path = path.replace(value, "…")
    return path
