"""What the OpenAPI document says of every operation: scopes, every status with its codes, conditions, examples.

A view adds to it by `@refuses("CODE", ...)` beside the method that may be refused so, and by docstrings: the first line
is the summary of the operation.
"""

import inspect
from collections.abc import Callable
from http import HTTPStatus

from drf_spectacular.openapi import AutoSchema

from portal.shared.paging import FILE_ROWS
from portal.shared.problems import PROBLEMS
from portal.shared.renderers import Csv
from portal.shared.samples import sample

ANYWHERE = (
    "NOT_AUTHENTICATED", "TOKEN_INVALID", "FORBIDDEN", "INSUFFICIENT_SCOPE", "NOT_ACCEPTABLE", "RATE_LIMITED",
    "INTERNAL_ERROR", "UNAVAILABLE", "PARAMETER_UNKNOWN", "PARAMETER_TWICE",
)  # fmt: skip
LISTED = ("LIMIT_INVALID", "CURSOR_INVALID", "SORT_INVALID", "FILTER_INVALID")
SHEET = {"schema": {"type": "string"}, "example": "id,number,amount_minor,currency\n17,A-1001,90000,EUR\n"}
"""A list as CSV: see sheets.py."""
CHANGED = ("NOT_FOUND", "PERMISSION_DENIED", "SECOND_FACTOR_REQUIRED", "PRECONDITION_FAILED", "TOO_LARGE")
REPEATED = ("IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_IN_FLIGHT")
OF_BODIES = ("PARSE_ERROR", "UNSUPPORTED_MEDIA_TYPE", "INVALID_INPUT", "FIELD_UNKNOWN", "FIELD_TWICE")
PROBLEM = "#/components/schemas/Problem"
PLAIN = {"id": "Number of the one that is asked for", "format": "`csv`: the list as a file"}
VERBS = {"list": "List {}", "retrieve": "Read one of {}", "create": "Add to {}"}


def refuses(*codes: str) -> Callable:
    """The codes with which this method may be refused, besides those of any request of its kind."""

    def marked(method: Callable) -> Callable:
        method.refuses = codes
        return method

    return marked


class Described(AutoSchema):
    """An operation with its scope, its problems by status, and its conditional headers."""

    def get_operation(self, *args, **kwargs) -> dict | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is None or not operation["responses"]:
            return operation
        operation.setdefault("parameters", []).extend(self._conditions())
        for parameter in operation["parameters"]:
            parameter.setdefault("description", PLAIN.get(parameter["name"], ""))
        operation["responses"] = {k: self._told(k, v) for k, v in operation["responses"].items()}
        if self.method == "GET":
            operation["responses"]["304"] = {"description": "Unchanged since the answer of this ETag (If-None-Match)"}
        operation["responses"] |= _problems(self._codes())
        return operation

    def get_summary(self) -> str:
        said = inspect.cleandoc(self._handler().__doc__ or "").split("\n")[0].rstrip(".")
        return said or VERBS.get(getattr(self.view, "action", ""), "Read the {}").format(self._noun())

    def get_description(self) -> str:
        of_method, of_view = (inspect.cleandoc(each.__doc__ or "") for each in (self._handler(), type(self.view)))
        return "\n\n".join(each for each in (of_method.partition("\n")[2].strip(), of_view) if each)

    def _noun(self) -> str:
        return self.path.removeprefix("/api/v1/").split("/")[0].replace("-", " ")

    def _handler(self) -> Callable:
        found = getattr(self.view, getattr(self.view, "action", None) or self.method.lower())
        # What the framework says of its own mixins is nothing to tell.
        return found if not found.__module__.startswith("rest_framework") else (lambda: None)

    def _codes(self) -> list[str]:
        codes = [*ANYWHERE, *getattr(self._handler(), "refuses", ())]
        if self.method == "GET":
            codes += LISTED if self._is_list_view() else ()
            codes += ("DATE_INVALID",) if self._is_list_view() and getattr(self.view, "dated", "") else ()
            codes += ("NOT_FOUND",) if "{" in self.path else ()
            return codes
        codes += CHANGED if "{" in self.path else [each for each in CHANGED if each != "PRECONDITION_FAILED"]
        codes += REPEATED if self.method == "POST" else ()
        codes += ("PRECONDITION_REQUIRED",) if self.method == "PATCH" else ()
        return [*codes, *OF_BODIES]

    def _conditions(self) -> list[dict]:
        if self.method == "GET":
            return [_header("If-None-Match", "ETag of an answer: 304 where it still holds.")]
        if "{" not in self.path:
            return []
        told = "ETag of what was read: nothing is done (412) where it has changed since."
        return [_header("If-Match", told, required=self.method == "PATCH")]

    def _told(self, status: str, response: dict) -> dict:
        headers = {"RateLimit": _text("What is left of each limit, and when it begins anew")}
        if self.method == "GET":
            headers["ETag"] = _text("Names this answer; changes when something in it does")
        if self.method == "POST":
            headers["Idempotency-Replayed"] = _text("`true`: this was done before, under the same Idempotency-Key")
        if Csv.media_type in response.get("content", {}):
            response["content"][Csv.media_type] = SHEET
            headers["Link"] = _text(f'Of a file of {FILE_ROWS:,} rows that are not all: where it goes on, `rel="next"`')
        return response | {
            "headers": headers,
            "description": response.get("description") or HTTPStatus(int(status)).phrase,
        }


def _header(name: str, description: str, required: bool = False) -> dict:
    return {
        "name": name, "in": "header", "required": required, "schema": {"type": "string"}, "description": description,
    }  # fmt: skip


def _text(description: str) -> dict:
    return {"schema": {"type": "string"}, "description": description}


def _problems(codes: list[str]) -> dict[str, dict]:
    """Status -> response: a problem of one of these codes."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(PROBLEMS[code][0], []).append(code)
    return {str(status): _problem(status, by_status[status]) for status in sorted(by_status)}


def _problem(status: int, codes: list[str]) -> dict:
    said = {
        "description": "\n".join(f"- `{code}`: {PROBLEMS[code][1]}" for code in codes),
        "content": {
            "application/problem+json": {
                "schema": {"allOf": [{"$ref": PROBLEM}, {"properties": {"code": {"enum": codes}}}]},
                "example": example_of(codes[0]),
            }
        },
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        said["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}
    return said


def example_of(code: str) -> dict:
    status, meaning = PROBLEMS[code]
    return {
        "type": f"urn:portolan:problem:{code.lower().replace('_', '-')}", "title": code.replace("_", " ").capitalize(),
        "status": status, "code": code, "detail": meaning, "request_id": "5f0c1d2e7a3b4c6d8e9f0a1b2c3d4e5f",
    }  # fmt: skip


def complete(result: dict, generator, request, public) -> dict:
    """The last hook: the problem's own schema, and an example of every body that has none."""
    text = {"type": "string"}
    schemas = result["components"].setdefault("schemas", {})
    schemas["Problem"] = {
        "type": "object",
        "description": "A refusal (RFC 9457): `code` is stable and for machines, `detail` is for a person.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            **dict.fromkeys(("type", "title", "code", "detail", "request_id"), text),
            "status": {"type": "integer"},
            "facts": {"type": "object", "additionalProperties": True},
        },
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for media in (each for body in bodies for each in body.get("content", {}).items()):
                _exemplify(*media, schemas)
    return result


def _exemplify(media_type: str, body: dict, schemas: dict) -> None:
    if {"example", "examples"} & body.keys() or not body.get("schema"):
        return
    if "json" in media_type:
        body["example"] = sample(body["schema"], schemas)
    elif examples := body["schema"].get("examples"):
        body["example"] = examples[0]
