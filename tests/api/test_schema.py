"""The OpenAPI document describes what there is, without a warning."""

import json

import pytest
from django.core.management import call_command
from django.test import Client as Browser

from tests.api.test_strangers import ROUTES


@pytest.fixture(scope="module")
def described(tmp_path_factory) -> dict:
    path = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(path))
    return json.loads(path.read_text())


def test_every_route_is_described_with_its_problems(described):
    assert described["openapi"] == "3.1.0"
    told = {(method, path.removeprefix("/api/v1/")) for path, each in described["paths"].items() for method in each}
    there = {(method, path.replace("{}", "{id}")) for method, path in ROUTES}
    assert {(method, path) for method, path in told if not path.startswith("/api/schema")} == there
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"], path


def test_posts_tell_of_the_idempotency_key_and_of_client_credentials(described):
    for path, operations in described["paths"].items():
        if "post" in operations:
            assert "Idempotency-Key" in {each["name"] for each in operations["post"]["parameters"]}, path
    flows = described["components"]["securitySchemes"]["client"]["flows"]
    assert flows["clientCredentials"]["tokenUrl"] == "/identity/o/api/token"


def test_the_document_is_served_to_everybody(db):
    assert Browser().get("/api/schema/").status_code == 200
