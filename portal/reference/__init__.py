"""The reference of the API: the OpenAPI document, and the pages that make it readable."""
