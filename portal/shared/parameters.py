"""Query parameters of the API: those that an address declares, each once, and no others; and who takes no body.

A misspelt filter that is overlooked would answer with everything. What is known is read from where it is declared for
the OpenAPI document: `extend_schema(parameters=...)` beside the method, and the filters and pages of a list.
"""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.shared.errors import InvalidInput

FORMAT = "format"
_KNOWN: dict[tuple[type, str, str], tuple[str, ...]] = {}
_BODILESS: dict[tuple[type, str, str], bool] = {}


class ParameterUnknown(InvalidInput):
    code = "PARAMETER_UNKNOWN"
    sentence = "This address takes no parameter '{parameter}'. It takes: {known}."


class ParameterTwice(InvalidInput):
    code = "PARAMETER_TWICE"
    sentence = "The parameter '{parameter}' was given more than once."


def check(request: Request, view: APIView) -> None:
    """Raises ParameterUnknown, ParameterTwice."""
    if not request.query_params:
        return
    known = known_to(view, request.method)
    for parameter, values in request.query_params.lists():
        if parameter not in known:
            raise ParameterUnknown(parameter=parameter[:40], known=", ".join(known) or "-")
        if len(values) > 1:
            raise ParameterTwice(parameter=parameter)


def known_to(view: APIView, method: str) -> tuple[str, ...]:
    """Names of the parameters that this view takes for this method."""
    method = "GET" if method == "HEAD" else method
    key = (type(view), getattr(view, "action", None) or method.lower(), method)
    if key not in _KNOWN:
        _KNOWN[key] = tuple(dict.fromkeys([*_of_list(view, key[1]), *_declared(view, key[1], method)]))
    return _KNOWN[key] if method != "GET" else (*_KNOWN[key], FORMAT)


def takes_nothing(view: APIView, method: str) -> bool:
    """Whether this method is declared to have no body: `extend_schema(request=None)`."""
    action = getattr(view, "action", None) or method.lower()
    key = (type(view), action, method)
    if key not in _BODILESS:
        described = getattr(getattr(view, action, None), "kwargs", {}).get("schema")
        schema = described() if described else None
        if schema:
            schema.view, schema.method = view, method
        _BODILESS[key] = schema is not None and schema.get_request_serializer() is None
    return _BODILESS[key]


def _of_list(view: APIView, action: str) -> list[str]:
    """Filters and pages, of the lists and of what else is shown in pages."""
    if action not in getattr(view, "in_pages", ()):
        return []
    sources = [*(each() for each in view.filter_backends), view.pagination_class()]
    return [each["name"] for source in sources for each in source.get_schema_operation_parameters(view)]


def _declared(view: APIView, action: str, method: str) -> list[str]:
    described = getattr(getattr(view, action, None), "kwargs", {}).get("schema")
    if described is None:
        return []
    schema = described()
    schema.view, schema.method = view, method
    found = [each for each in schema.get_override_parameters() if isinstance(each, OpenApiParameter)]
    return [each.name for each in found if each.location == OpenApiParameter.QUERY]
