"""The bank is a service of its own: what it says obeys the standard, and it is made of nothing of the portal."""

import ast
import sys

from financing.banking.iso20022 import camt053, camt054, pain002
from tests.banking.iso20022.samples import assert_valid
from tests.sandbox.conftest import PROJECT
from tests.sandbox.orders import order, transfer

PERMITTED = {"financing.banking.iso20022", "portal.sandbox.bank", "h11", "httpx", "standardwebhooks"}


def test_every_message_of_the_bank_obeys_the_official_schema(bank, inbox, funder):
    bank.control("POST", "/faults", {"kind": "returned"})
    refused = transfer("E2", 2_000_000)
    answer = bank.ask("POST", "/pain.001", order("M1", funder, transfer("E1", creditor_name="深圳 <&>"), refused))
    assert_valid(answer.content, pain002.NAME)
    inbox.entries(2)
    assert_valid(bank.ask("GET", "/messages/M1").content, pain002.NAME)
    assert_valid(bank.ask("GET", f"/notifications/{funder}").content, camt054.NAME)
    day = bank.control("GET", "/clock")["business_date"]
    assert_valid(bank.ask("GET", f"/statements/{funder}/{day}").content, camt053.NAME)


def test_an_account_without_entries_has_a_valid_statement_and_notification(bank, inbox, funder):
    day = bank.control("GET", "/clock")["business_date"]
    assert_valid(bank.ask("GET", f"/statements/{funder}/{day}").content, camt053.NAME)
    assert_valid(bank.ask("GET", f"/notifications/{funder}").content, camt054.NAME)


def test_the_bank_imports_nothing_of_the_portal_but_the_messages():
    for path in (PROJECT / "portal" / "sandbox" / "bank").glob("*.py"):
        for name in _imported(ast.parse(path.read_text())):
            is_permitted = any(name == root or name.startswith(f"{root}.") for root in PERMITTED)
            assert is_permitted or name.partition(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"


def _imported(module: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module)
    return found
