"""The OpenAPI document describes what there is, without a warning, and nothing that there is not."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client as Browser

from portal.shared.access import ADMIN
from portal.shared.problems import INSIDE, PROBLEMS, ROWS
from portal.shared.scopes import SCOPES
from tests.api.codes import codes, codes_of_rows
from tests.api.conftest import caller_for
from tests.api.test_strangers import ROUTES

OF_THE_FRAMEWORK = {
    "PARSE_ERROR", "NOT_AUTHENTICATED", "TOKEN_INVALID", "PERMISSION_DENIED", "METHOD_NOT_ALLOWED", "NOT_ACCEPTABLE",
    "UNSUPPORTED_MEDIA_TYPE",
}  # fmt: skip
ANY_TOKEN = {"/api/v1/me/", "/api/v1/search/", "/api/v1/needs/"}
"""Who one is; and a search and what needs one, which find by the scope of each kind."""


@pytest.fixture(scope="module")
def described(tmp_path_factory) -> dict:
    path = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(path))
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def operations(described) -> list[tuple[str, str, dict]]:
    return [(method, path, each) for path, found in described["paths"].items() for method, each in found.items()]


def test_every_route_is_described(described, operations):
    assert described["openapi"] == "3.1.0"
    told = {(method, path.removeprefix("/api/v1/")) for method, path, _ in operations}
    assert told == {(method, path.replace("{}", "{id}")) for method, path in ROUTES}


def test_every_operation_tells_its_purpose_its_scope_and_every_status_with_its_codes(operations):
    for method, path, each in operations:
        assert each["summary"] and each["description"], path
        scopes = [scope for way in each["security"] for scope in way.get("client", [])]
        verb = "read" if method == "get" else "write"
        assert [scope.partition(":")[2] for scope in scopes] == ([] if path in ANY_TOKEN else [verb]), path
        assert set(scopes) <= SCOPES.keys()
        assert {"401", "403", "406", "429", "500"} <= each["responses"].keys(), path
        for status, response in each["responses"].items():
            for problem in response.get("content", {}).get("application/problem+json", {}).get("schema", {}).values():
                told = problem[1]["properties"]["code"]["enum"]
                assert {PROBLEMS[code][0] for code in told} == {int(status)}, (path, status)


def test_every_post_tells_of_the_idempotency_key_and_every_edit_of_what_was_seen(operations):
    for method, path, each in operations:
        told = {parameter["name"]: parameter.get("required", False) for parameter in each.get("parameters", [])}
        assert ("Idempotency-Key" in told) == (method == "post"), path
        assert ("If-None-Match" in told) == (method == "get"), path
        assert ("If-Match" in told) == (method != "get" and "{id}" in path), path
        assert told.get("If-Match", False) == (method == "patch"), path


def test_no_address_takes_a_parameter_that_it_does_not_tell_of(lending, operations):
    caller = caller_for(lending.cast.meridian, ADMIN)
    for method, path, each in operations:
        told = {parameter["name"] for parameter in each.get("parameters", []) if parameter["in"] == "query"}
        address = re.sub(r"{\w+}", "1", path.removeprefix("/api/v1/")) + "?colour=red"
        answer = caller.get(address) if method == "get" else caller.send(method, address, {})
        said = answer.json()
        assert (answer.status_code, said["code"]) == (422, "PARAMETER_UNKNOWN"), (path, said)
        assert set(said["facts"]["known"].split(", ")) - {"-", "format"} == told - {"format"}, path


def test_no_act_without_a_body_overlooks_one(lending, operations):
    caller = caller_for(lending.cast.meridian, ADMIN)
    found = [(method, path) for method, path, each in operations if method != "get" and "requestBody" not in each]
    assert len(found) > 10
    for method, path in found:
        answer = caller.send(method, re.sub(r"{\w+}", "1", path.removeprefix("/api/v1/")), {"colour": "red"})
        assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_UNKNOWN"), path


def test_every_body_has_an_example_that_its_schema_allows(described, operations):
    seen = 0
    for _, _path, each in operations:
        bodies = [each.get("requestBody", {}), *each["responses"].values()]
        for media_type, body in (media for found in bodies for media in found.get("content", {}).items()):
            if "json" in media_type:
                schema = body["schema"] | {"components": described["components"]}
                jsonschema.Draft202012Validator(schema).validate(body["example"])
                seen += 1
    assert seen > 500


def test_every_list_in_pages_is_offered_as_a_file(operations):
    lists = [
        each
        for _, path, each in operations
        if "{id}" not in path and "cursor" in {one["name"] for one in each.get("parameters", [])}
    ]
    assert len(lists) > 25
    for each in lists:
        assert set(each["responses"]["200"]["content"]) == {"application/json", "text/csv"}, each["operationId"]
        (form,) = [one for one in each["parameters"] if one["name"] == "format"]
        assert form["schema"]["enum"] == ["csv", "json"]


def test_the_table_of_codes_is_what_the_source_refuses_with():
    found = codes()
    assert PROBLEMS.keys() | INSIDE == found.keys() | OF_THE_FRAMEWORK
    for code in found.keys() - INSIDE:
        assert PROBLEMS[code][0] in found[code], code


def test_the_table_of_codes_of_rows_is_what_trade_files_are_refused_with(db):
    assert codes_of_rows() == ROWS.keys() - {"…_MISSING"}
    page = Browser().get("/api/docs/problems/").content.decode()
    assert all(f"<code>{code}</code>" in page for code in ROWS)


def test_the_guide_names_every_resource_and_no_code_scope_or_address_that_there_is_not(described):
    guide = Path(settings.BASE_DIR / "docs" / "api.md").read_text()
    there = {path.removeprefix("/api/v1/") for path in described["paths"]}
    named = set(re.findall(r"`([a-z-]+/[a-z{}/-]*)`", guide)) - {"accept/", "bulk/", "retry/"}  # below another
    assert named <= there
    assert {path.split("/")[0] for path in there} == {each.split("/")[0] for each in named if each in there}
    rows = [line.split("|")[3] for line in guide.splitlines() if re.match(r"\| (\d|\d.*\d) \|", line)]
    codes_named = {code for row in rows for code in re.findall(r"[A-Z]{3,}(?:_[A-Z]+)*", row)}
    assert len(codes_named) > 20 and codes_named <= PROBLEMS.keys()
    assert set(re.findall(r"`([a-z]+:(?:read|write))`", guide)) <= SCOPES.keys()


def test_client_credentials_are_told_with_all_scopes(described):
    flow = described["components"]["securitySchemes"]["client"]["flows"]["clientCredentials"]
    assert flow == {"tokenUrl": "/identity/o/api/token", "scopes": SCOPES}


def test_the_document_is_served_to_everybody(db):
    assert Browser().get("/api/schema/").status_code == 200
