"""What the documents about documents say is true."""

import inspect
import re
from pathlib import Path

from financing.receivables import documents, json_documents, ubl
from financing.receivables.services import counterparties, crediting, entry, submission
from logistics.orders import rules, services, writing

DOCS = Path(__file__).resolve().parents[2] / "docs"


def codes_raised_in(*modules, call: str) -> set[str]:
    sources = "".join(inspect.getsource(module) for module in modules)
    return set(re.findall(call + r'\(\s*"([A-Z_]+)"', sources))


def test_every_code_of_a_refused_document_is_described():
    text = (DOCS / "invoices.md").read_text()
    raised = codes_raised_in(
        documents, json_documents, ubl, counterparties, crediting, entry, submission, call="DocumentRefused"
    )
    assert len(raised) > 25
    assert {code for code in raised if f"`{code}`" not in text} == set()


def test_every_code_of_a_refused_row_is_described():
    text = (DOCS / "trade-files.md").read_text()
    raised = codes_raised_in(rules, services, writing, call="RowRefused")
    assert len(raised) > 15
    assert {code for code in raised if f"`{code}`" not in text} == set()


def test_every_column_of_our_own_trade_file_is_described():
    text = (DOCS / "trade-files.md").read_text()
    read = set(re.findall(r'row\.\w+\(\s*"([a-z_]+)"', inspect.getsource(rules._portolan)))
    assert {"order", "returned_at", "supplier_country"} <= read
    assert {name for name in read if f"`{name}`" not in text} == set()
