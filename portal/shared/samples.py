"""Examples of bodies: each field by its name as it would be in a trade, else by its type.

Pure: no Django.
"""

from typing import Any

BY_NAME: dict[str, Any] = {
    "name": "Amphora", "legal_name": "Amphora GmbH", "full_name": "Ana Amphora", "holder": "Amphora GmbH",
    "email": "ana@amphora.example", "country": "DE", "registration_number": "HRB 1004", "time_zone": "Europe/Berlin",
    "external_reference": "amphora", "address": "Hafenstrasse 4, Hamburg", "share_percent": "60.00",
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
}  # fmt: skip
BY_FORMAT = {
    "date": "2026-03-31", "date-time": "2026-03-31T09:00:00Z", "decimal": "10.00", "email": "ana@amphora.example",
    "binary": "", "uri": "https://portolan.example/",
}  # fmt: skip
DEEPEST = 8


def sample(schema: dict, schemas: dict, name: str = "", depth: int = 0) -> Any:
    """A value that the schema describes; references are looked up in `schemas`."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, depth)
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
