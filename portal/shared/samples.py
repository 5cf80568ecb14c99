"""Examples of bodies: each field by its name as it would be in a trade, else by its type.

Pure: no Django.
"""

from typing import Any

BY_NAME: dict[str, Any] = {
    "name": "Amphora", "legal_name": "Amphora GmbH", "full_name": "Ana Amphora", "holder": "Amphora GmbH",
    "email": "ana@amphora.example", "country": "DE", "registration_number": "HRB 7002", "time_zone": "Europe/Berlin",
    "external_reference": "S-10001", "address": "Hafenstrasse 4, Hamburg", "share_percent": "60.00",
    "currency": "EUR", "iban": "DE02120300000000202051", "creditor_iban": "DE02120300000000202051",
    "bic": "MARKDEFF", "number": "A-1001", "order_number": "PO-7", "sku": "KETTLE", "description": "Kettle, steel",
    "quantity": "10.000", "unit_price": "10.0000", "amount_minor": 90000, "available_minor": 300000,
    "limit_minor": 500000, "gross_minor": 100000, "open_minor": 100000, "principal_minor": 90000, "owed_minor": 90742,
    "interest_minor": 562, "fee_minor": 180, "total_cost_minor": 742, "annual_rate": "0.075", "advance_rate": "0.9",
    "day_count": "ACT/360", "grade": "A", "reason": "Two boxes arrived broken", "note": "Seen and agreed",
    "key": "payment-run-2026-03-31", "seen_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "agreement": "RF-2026-1", "client_id": "6b1f0c5f0d6b4a8f9e2c3d4e5f607182", "role": "MAKER",
    "secret": "shown-this-once", "calendar": "TARGET", "file_name": "january.csv", "media_type": "text/csv",
    "subject_type": "advances.advance", "subject_id": 17, "next": None,
    "code": "", "sentence": "", "outcome": "APPROVED",
    "decided_by": "system", "proposed_by": "user:7", "requested_by": "user:7", "by": "user:7",
    "by_name": "Ana Reis",
    "body_hash": "1b4f0e9851971998e732078544c96b36c3d01cedf7caa332359d6f1d83567014",
    "approved_hash": "1b4f0e9851971998e732078544c96b36c3d01cedf7caa332359d6f1d83567014",
    "inputs_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "topic": "money", "feature": "days_of_trade", "reserve_share": "0.02", "automatic_share": "0.97",
    "line_number": "1", "order_line_number": "1", "match_note": "", "dispute_reason": "", "explanation": "",
    "registry_reference": "", "failure": "", "last_error": "", "reason_text": "", "screening_note": "Nothing found",
    "decision_note": "Agreed", "creditor_name": "Amphora GmbH", "end_to_end_id": "P000000000000017",
    "remittance": "Advance 17", "subscriber": "decide", "subject": "advances.advance:17", "client": "till",
    "average_days": 37, "effective_rate": "0.0841", "bank_reference": "B000000000099", "message_id": "M000000000017",
    "counterparty_name": "Meridian Market", "counterparty_iban": "DE89370400440532013000", "detail": "", "more": "",
    "resource": "receivables", "who": "Amphora GmbH", "why": "Line 1: the goods have not arrived.", "label": "Advances",
    "category": "Kitchenware", "title": "Invoice A-1001", "reference": "A-1001", "kept": "", "replayed": "",
    "on_time_share": "0.97", "fulfilled_share": "0.99", "return_share": "0.03", "dispute_share": "0.01",
    "cancelled_share": "0.02", "top_category_share": "0.41", "dilution": "0.03", "trend": "0.08", "volatility": "0.12",
    "has_more": False, "entered": 1, "refused": 0, "type": "INVOICE", "kind": "CASH", "status": "ACCEPTED",
    "match": "MATCHED", "place": "grades.A.advance_rate",
}  # fmt: skip
_MADE = {"code": "", "sentence": ""}
_DONE = {"index": 0, "done": True, **_MADE}
_EVENT = {
    "id": 1226, "name": "advance.funded", "subject_type": "advances.advance", "subject_id": 17,
    "payload": {"amount_minor": 90000, "currency": "EUR", "value_date": "2026-03-31"},
    "recorded_at": "2026-03-31T09:00:00Z", "effective_at": "2026-03-31T09:00:00Z", "by": "", "by_name": "",
}  # fmt: skip
BY_SCHEMA: dict[str, dict] = {
    "ItemShown": {
        "index": 0, "accepted": True, "type": "INVOICE", "number": "A-1001", **_MADE, "receivable": 31,
        "credit_note": None, "status": "ACCEPTED", "match": "MATCHED",
    },
    "AnswerShown": {**_DONE, "receivable": 31},
    "AppliedShown": {**_DONE, "quote": 12, "application": 9},
    "SettledLineShown": {**_DONE, "receivable": 31, "amount_minor": 100000},
    "RetriedShown": {**_DONE, "delivery": 17},
    "EventShown": _EVENT,
    "EventsShown": {"results": [_EVENT], "next": "2356-1226", "has_more": False},
    "PlaceChanged": {"place": "grades.A.advance_rate", "before": "0.85", "after": "0.9"},
    "FallSaid": {"code": "NOT_LENT", "amount_minor": -10000, "is_total": False, "invoices": None},
    "ReasonSaid": {"code": "WITHIN_AUTHORITY", "sentence": "Your request is within what is decided at once."},
    "ImprovementSaid": {
        "code": "GET_ACCEPTED", "sentence": "Have the platform accept the invoices that it has received.",
        "gain_minor": 90000,
    },
    "GainSaid": {
        "code": "GET_ACCEPTED", "sentence": "Have the platform accept the invoices that it has received.",
        "gain_minor": 90000, "available_gain_minor": 90000, "limit_gain_minor": 0,
    },
}  # fmt: skip
"""Where fields have to agree with each other."""

BY_FORMAT = {
    "date": "2026-03-31", "date-time": "2026-03-31T09:00:00Z", "decimal": "10.00", "email": "ana@amphora.example",
    "binary": "", "uri": "https://portolan.example/",
}  # fmt: skip
DEEPEST = 8


def sample(schema: dict, schemas: dict, name: str = "", depth: int = 0) -> Any:
    """A value that the schema describes; references are looked up in `schemas`."""
    if "$ref" in schema:
        if (component := schema["$ref"].rpartition("/")[2]) in BY_SCHEMA:
            return dict(BY_SCHEMA[component])
        return sample(schemas[component], schemas, name, depth)
    if "examples" in schema:
        return schema["examples"][0]
    if "allOf" in schema:
        parts = [sample(each, schemas, name, depth) for each in schema["allOf"]]
        return {k: v for each in parts for k, v in each.items()} if isinstance(parts[0], dict) else parts[0]
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return sample(schema[choice][0], schemas, name, depth)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    return _of_type(schema, schemas, name, depth)


def _of_type(schema: dict, schemas: dict, name: str, depth: int) -> Any:
    types = schema.get("type", "object" if "properties" in schema else "string")
    kind = next((each for each in types if each != "null"), "null") if isinstance(types, list) else types
    if kind == "object":
        if depth > DEEPEST:
            return {}
        return {k: sample(v, schemas, k, depth + 1) for k, v in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {}), schemas, name.rstrip("s"), depth + 1)]
    if name in BY_NAME and _fits(BY_NAME[name], kind, types):
        return BY_NAME[name]
    if kind in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    return BY_FORMAT.get(schema.get("format", ""), name.replace("_", " ") or "text")[: schema.get("maxLength", 200)]


def _fits(value: Any, kind: str, types: str | list[str]) -> bool:
    if value is None:
        return "null" in types
    return isinstance(value, int) if kind in ("integer", "number") else isinstance(value, str) and kind == "string"
