"""Schemathesis over the whole document, as every role and as a machine of few scopes: no 5xx, no status and no code
that is not told of, nothing off the schema.

SCHEMATHESIS_EXAMPLES: requests per operation and kind of data (2 by default). SCHEMATHESIS_ONLY: operations that this
pattern finds. SCHEMATHESIS_AS: callers whose name it finds. What was answered is printed (`pytest -s`).
"""

import contextlib
import os
import re
from collections import Counter
from dataclasses import dataclass

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.clients.services import create_client
from accounts.parties.models import Party
from portal.shared.access import ADMIN, ROLES, SYSTEM_ACTOR
from portal.wsgi import application
from tests.api.conftest import Caller, ask_token, caller_for, person
from tests.api.stage import set_up
from tests.world import NOW

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "2"))
ONLY = re.compile(os.environ.get("SCHEMATHESIS_ONLY", ""))
AS = re.compile(os.environ.get("SCHEMATHESIS_AS", ""))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip


@dataclass
class Callers:
    by_name: dict[str, dict[str, str]]

    @classmethod
    def of(cls, people) -> "Callers":
        parties = {
            name: getattr(people, name) for name in ("amphora", "meridian", "harbour", "crown", "watch", "bellows")
        }
        parties["sextant"] = Party.objects.create(
            kind=Party.Kind.SUPERVISOR, name="Sextant", country="PT", status=Party.Status.ADMITTED, created_at=NOW
        )
        found = {f"{name} {role}": caller_for(each, role) for name, each in parties.items() for role in ROLES}
        bound, secret = create_client(
            actor=SYSTEM_ACTOR, party_id=people.amphora.id, name="few", role=ADMIN, scopes=["receivables:read"], now=NOW
        )
        found["few scopes"] = Caller(ask_token(bound.client_id, secret).json()["access_token"])
        headers = {name: {"Authorization": f"Bearer {caller.token}"} for name, caller in found.items()}
        session = person("ana@amphora.example").wire.cookies["sessionid"].value
        headers |= {"session": {"Cookie": f"sessionid={session}"}, "stranger": {}}
        chosen = {name: each for name, each in headers.items() if AS.search(name)}
        assert chosen, f"SCHEMATHESIS_AS finds none of {', '.join(headers)}"
        return cls(chosen)


def numbers_in(body, known: dict[str, int | list[int]]) -> None:
    """Name rows that are there, where the body names one: the rules behind are reached, too."""
    if isinstance(body, dict):
        for key, value in body.items():
            if key in known and isinstance(value, type(known[key])):
                body[key] = known[key]
            else:
                numbers_in(value, known)
    elif isinstance(body, list):
        for each in body:
            numbers_in(each, known)


def fuzz(operation, mode, callers: Callers, stage, answered: Counter) -> None:
    resource = operation.path.removeprefix("/api/v1/").split("/")[0]
    known = {name: stage.numbers[f"{name}s"] for name in ("receivable", "quote")}
    known |= {"facility": stage.numbers["facilities"], "platform": stage.lending.cast.meridian.id}
    known |= {"ids": [stage.numbers[resource]]} if resource in stage.numbers else {}

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(mode), by=st.sampled_from(sorted(callers.by_name)), real=st.integers(0, 3))
    def attempt(case, by, real):
        if real and "id" in (case.path_parameters or {}) and resource in stage.numbers:
            case.path_parameters["id"] = str(stage.numbers[resource])
        if real:
            numbers_in(case.body, known)
        case.headers = {k: v for k, v in (case.headers or {}).items() if k.lower() not in ("authorization", "cookie")}
        case.cookies = {}
        with transaction.atomic():
            answer = case.call(headers=callers.by_name[by])
            transaction.set_rollback(True)
        answered[operation.label, answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS, headers=callers.by_name[by])

    attempt()


@contextlib.contextmanager
def one_transaction():
    """No connection is closed with its request: all of them are in the test's transaction."""
    both = (request_started, request_finished)
    for each in both:
        each.disconnect(close_old_connections)
    yield
    for each in both:
        each.connect(close_old_connections)


@pytest.mark.slow
def test_nothing_is_answered_that_the_document_does_not_tell(db):
    stage = set_up()
    callers, found, answered = Callers.of(stage.lending.cast), [], Counter()
    with one_transaction():
        document = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
        for each in document.get_all_operations():
            operation = each.ok()
            if ONLY.search(operation.label):
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    try:
                        fuzz(operation, mode, callers, stage, answered)
                    except schemathesis.errors.SchemathesisError:
                        raise
                    except Exception as error:
                        if "Unsatisfiable" not in type(error).__name__:
                            found.append(f"{operation.label} {mode.name}: {type(error).__name__} {_told(error)}")
                    assert not connection.needs_rollback
    by_status = Counter(status for (_, status), number in answered.items() for _ in range(number))
    print(
        f"{answered.total()} requests to {len({label for label, _ in answered})} operations:", sorted(by_status.items())
    )
    assert not found, "\n\n".join(found)
    if not ONLY.pattern and not AS.pattern:
        # Not only refusals: what is there and permitted is reached.
        assert {200, 201, 400, 401, 403, 404, 422} <= {status for _, status in answered}


def _told(error: BaseException) -> str:
    return "\n".join(str(each) for each in (error, *getattr(error, "exceptions", ())))
