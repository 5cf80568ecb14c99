"""The OpenAPI document as machines read it, and as people do."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.html import escape
from django.utils.http import parse_etags, quote_etag
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from portal.shared.errors import NotFound
from portal.shared.problems import PROBLEMS, ROWS
from portal.shared.scopes import SCOPES
from portal.workspaces.sentences import SENTENCES

CODE = re.compile(r"`([^`]+)`")


@cache
def document() -> dict:
    """Made once per process: the routes do not change while it runs."""
    return SchemaGenerator().get_schema(public=True)


@cache
def _content() -> tuple[bytes, str]:
    content = json.dumps(document(), default=str).encode()
    return content, quote_etag(hashlib.sha256(content).hexdigest()[:32])


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    content, etag = _content()
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(content, content_type="application/json")
    response["ETag"], response["Cache-Control"] = etag, "public, max-age=300"
    return response


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    description: str
    example: str
    codes: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as its page shows it."""

    ident: str
    method: str
    path: str
    summary: str
    description: list[str]
    scope: str
    parameters: list[dict]
    bodies: list[tuple[str, str]]
    answers: list[Answer]

    @property
    def successes(self) -> list[Answer]:
        return [each for each in self.answers if not each.codes]

    @property
    def refusals(self) -> list[Answer]:
        return [each for each in self.answers if each.codes]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    scopes = [(name, text) for name, text in SCOPES.items()]
    context = {"groups": _groups(), "scopes": scopes, "base": settings.PUBLIC_URL, "here": ""}
    return render(request, "reference/index.html", context)


@require_safe
def group(request: HttpRequest, group: str) -> HttpResponse:
    groups = _groups()
    if group not in groups:
        raise NotFound()
    context = {"groups": groups, "here": group, "operations": groups[group]}
    if group == "events":
        context["events"] = [(name, said) for name, (said, _state) in sorted(SENTENCES.items())]
    return render(request, "reference/group.html", context)


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    rows = [(code, status, meaning) for code, (status, meaning) in PROBLEMS.items()]
    context = {"groups": _groups(), "here": "problems", "problems": rows, "of_rows": ROWS.items()}
    return render(request, "reference/problems.html", context)


@cache
def _groups() -> dict[str, list[Operation]]:
    """By the first part of their address, in the order of the addresses."""
    found: dict[str, list[Operation]] = {}
    for path, operations in document()["paths"].items():
        for method, said in operations.items():
            found.setdefault(path.removeprefix("/api/v1/").split("/")[0], []).append(_operation(method, path, said))
    return found


def _operation(method: str, path: str, said: dict) -> Operation:
    scopes = [scope for way in said["security"] for scope in way.get("client", [])]
    return Operation(
        ident=said["operationId"], method=method.upper(), path=path, summary=said["summary"],
        description=[_prose(each) for each in said.get("description", "").split("\n\n")],
        scope=scopes[0] if scopes else "",
        parameters=[_parameter(each) for each in said.get("parameters", [])],
        bodies=list(_examples(said.get("requestBody", {}))),
        answers=[_answer(status, each) for status, each in sorted(said["responses"].items())],
    )  # fmt: skip


def _prose(text: str) -> SafeString:
    """Words between backticks are code."""
    return mark_safe(CODE.sub(r"<code>\1</code>", escape(text)))


def _parameter(said: dict) -> dict:
    schema = said.get("schema", {})
    allowed = ", ".join(map(str, schema.get("enum", [])))
    return said | {"allowed": allowed, "description": _prose(said.get("description", ""))}


def _examples(body: dict) -> Iterator[tuple[str, str]]:
    for media_type, found in body.get("content", {}).items():
        shown = found.get("example", "")
        if "json" in media_type and "example" in found:
            shown = json.dumps(shown, indent=2, ensure_ascii=False)
        yield media_type, shown


def _answer(status: str, said: dict) -> Answer:
    media = said.get("content", {}).get("application/problem+json")
    codes = media["schema"]["allOf"][1]["properties"]["code"]["enum"] if media else []
    example = next((shown for _, shown in _examples(said)), "")
    return Answer(status, said.get("description", ""), example, [(code, PROBLEMS[code][1]) for code in codes])
