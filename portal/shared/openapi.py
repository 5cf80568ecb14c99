"""What the OpenAPI document says of every operation alike."""


def tell_problems(result: dict, generator, request, public) -> dict:
    """Every operation may answer with a problem (RFC 9457) instead."""
    text = {"type": "string"}
    result["components"].setdefault("schemas", {})["Problem"] = {
        "type": "object",
        "description": "A refusal: `code` is stable and for machines, `detail` is for a person.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            **dict.fromkeys(("type", "title", "code", "detail"), text),
            "status": {"type": "integer"},
            "facts": {"type": "object", "additionalProperties": True},
        },
    }
    answer = {"$ref": "#/components/schemas/Problem"}
    refused = {"description": "Refused", "content": {"application/problem+json": {"schema": answer}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = refused
    return result
