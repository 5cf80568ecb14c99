"""Every address of the portal, from the route table itself: nothing has to be entered here when one is added."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "POST")
PARAMETER = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)|<(?:\w+:)?(\w+)>")
PUBLIC = ("accounts/", "identity/", ".well-known/", "api/schema/", "api/docs/")
"""Signing in and out, the sign-in of machines, the description of the API: not a party's, but for everybody."""

VALUES = {
    "verb": {
        "platform/receivables/{receivable_id}/{verb}/": ("accept", "dispute", "resolve", "cancel"),
        "funder/policies/{policy_id}/{verb}/": ("approve", "reject", "withdraw"),
        "funding/policies/{policy_id}/{verb}/": ("approve", "reject", "withdraw"),
    },
    "kind": ("csv",),
    "content_type_id": ("1",),
    "app_label": ("parties",),
    "due_date": ("2026-04-01",),
    "group": ("receivables",),
    "uidb36": ("zz",),
    "key": ("made-up",),
    "token": ("made-up",),
    "currency": ("EUR",),
}
"""Parameters that are no object: what they may be."""

OBJECTS = {
    "receivables/documents/{document_id}": "document",
    "trade/{document_id}": "trade document",
    "document_id": "document",
    "party_client_id": "client",
    "member_id": "member",
    "invitation_id": "invitation",
    "facility_id": "facility",
    "programme_id": "programme",
    "ledger_account_id": "ledger account",
    "entry_id": "ledger entry",
    "quote_id": "quote",
    "application_id": "application",
    "advance_id": "advance",
    "policy_id": "policy",
    "replay_id": "replay",
    "funding/applications/{application_id}/receivables/{receivable_id}": "offered receivable",
    "receivable_id": "receivable",
    "settlement_id": "settlement",
    "verification_id": "verification",
    "party_id": "party",
    "supplier_id": "party",
    "number_id": "supplier number",
    "delivery_id": "delivery",
    "instruction_id": "instruction",
    "message_id": "message",
    "statement_id": "statement",
    "account_id": "own account",
    "proposal_id": "proposed account",
    "webauthn/keys/{pk}": "passkey",
    # the API names its objects by the collection they are of
    "parties/{pk}": "party",
    "clients/{pk}": "client",
    "members/{pk}": "member",
    "invitations/{pk}": "invitation",
    "documents/{pk}": "document",
    "deliveries/{pk}": "delivery",
    "verifications/{pk}": "verification",
    "trade-history/{pk}": "trade document",
    "suppliers/{pk}": "party",
    "purchase-orders/{pk}": "order",
    "supplier-numbers/{pk}": "supplier number",
    "ledger-accounts/{pk}": "ledger account",
    "ledger-entries/{pk}": "ledger entry",
    "ledger-movements/{pk}": "ledger movement",
    "receivables/{pk}": "receivable",
    "credit-notes/{pk}": "credit note",
    "settlements/{pk}": "settlement",
    "programmes/{pk}": "programme",
    "facilities/{pk}": "facility",
    "policies/{pk}": "policy",
    "policy-replays/{pk}": "replay",
    "decisions/{pk}": "decision",
    "quotes/{pk}": "quote",
    "applications/{pk}": "application",
    "advances/{pk}": "advance",
    "bank-accounts/{pk}": "bank account",
    "instructions/{pk}": "instruction",
    "statements/{pk}": "statement",
    "bank-entries/{pk}": "bank entry",
    "bank-messages/{pk}": "message",
    "notices/{pk}": "notice",
    "notice_id": "notice",
}
"""Which object of the stage stands for a parameter: by what precedes it, or by its name alone."""


class NotKnown(Exception):
    """An address that nobody can ask for yet; the text says what to add."""


@dataclass(frozen=True, slots=True)
class Route:
    """`path` as the table of expectations shows it: `supplier/quotes/{quote_id}/`."""

    path: str

    @property
    def group(self) -> str:
        if self.path.startswith(PUBLIC):
            return "accounts"
        if self.path.startswith("admin/"):
            return "back office"
        return "api" if self.path.startswith("api/") else "pages"

    def filled(self, objects: dict[str, object]) -> str:
        """The address of the stage's own object. Raises NotKnown."""
        address = self.path
        for name in re.findall(r"{(\w+)}", self.path):
            mine = f"{{{name}}}"
            found = next((what for key, what in OBJECTS.items() if f"{key}/" in self.path and key.endswith(mine)), None)
            if name == "object_id":
                address = address.replace("{object_id}", self._row())
                continue
            what = found or OBJECTS.get(name)
            if what is None:
                raise NotKnown(
                    f"/{self.path} takes {name!r}. Say in tests/walks/routes.py, OBJECTS, which object of the stage "
                    "that is, and make one in tests/walks/stage.py if there is none."
                )
            address = address.replace(f"{{{name}}}", str(objects[what].pk))
        return f"/{address}"

    def _row(self) -> str:
        """Of the back office: any row of the model in the path."""
        if self.path.startswith("admin/r/"):
            return "1"
        row = apps.get_model(*self.path.split("/")[1:3])._default_manager.first()
        return str(row.pk) if row else "1"


def routes() -> list[Route]:
    """All of them, those with a verb once for each verb."""
    found = {path: None for written in _written(get_resolver()) for path in _with_values(written)}
    return [Route(path) for path in found]


def _written(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for each in resolver.url_patterns:
        path = prefix + _readable(str(each.pattern))
        if isinstance(each, URLResolver):
            yield from _written(each, path)
        elif isinstance(each, URLPattern):
            yield path


def _readable(pattern: str) -> str:
    named = PARAMETER.sub(lambda found: "{" + (found[1] or found[2]) + "}", pattern)
    return re.sub(r"[\^$\\]", "", named.replace(r"\Z", "")).replace("/?", "/")


def _with_values(path: str) -> Iterator[str]:
    """The path with each value of its parameters that are no object."""
    for name, values in VALUES.items():
        if f"{{{name}}}" in path:
            choices = values.get(path, ()) if isinstance(values, dict) else values
            if not choices:
                raise NotKnown(f"/{path} takes {name!r}. Say in tests/walks/routes.py, VALUES, what it may be.")
            for value in choices:
                yield from _with_values(path.replace(f"{{{name}}}", value))
            return
    yield path
