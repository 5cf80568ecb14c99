"""The reference of the API is read by everybody, and tells what the document tells."""

from django.test import Client as Browser

from portal.reference.views import document
from portal.shared.problems import PROBLEMS
from portal.workspaces.sentences import SENTENCES


def test_every_operation_has_its_place_on_a_page(db):
    browser = Browser()
    index = browser.get("/api/docs/").content.decode()
    for path, operations in document()["paths"].items():
        group = path.removeprefix("/api/v1/").split("/")[0]
        page = browser.get(f"/api/docs/{group}/").content.decode()
        for said in operations.values():
            assert f'id="{said["operationId"]}"' in page
            assert f'/api/docs/{group}/#{said["operationId"]}"' in index
    table = browser.get("/api/docs/problems/").content.decode()
    assert all(f'<tr id="{code}">' in table for code in PROBLEMS)


def test_the_names_of_events_are_told_where_they_are_asked_for(db):
    page = Browser().get("/api/docs/events/").content.decode()
    assert all(f"<code>{name}</code>" in page for name in SENTENCES)


def test_a_group_that_is_none_is_not_there(db):
    answer = Browser().get("/api/docs/nothing/")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_the_document_is_sent_once_to_who_asks_whether_it_still_holds(db):
    first = Browser().get("/api/schema/")
    assert first.json()["openapi"] == "3.1.0"
    assert Browser().get("/api/schema/", headers={"If-None-Match": first["ETag"]}).status_code == 304
