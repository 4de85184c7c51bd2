"""What FastAPI leaves out of the description of the REST routes."""

from __future__ import annotations

import re
from typing import Any

from orchestrator.http.access import SESSION_COOKIE
from orchestrator.http.caller import STRANGER
from orchestrator.http.doors import DOORS

KNOWN = {
    "key": {"type": "http", "scheme": "bearer", "description": "A machine's key: `tandem keys add`."},
    "person": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "A person at a joined device."},
}


def completed(document: dict[str, Any], *, login: bool) -> dict[str, Any]:
    """Return a document with more said: that a `type` is needed, and, with `login`, which routes ask who one is.

    Where keys must look like names there are no others: pydantic leaves that open.
    """
    document = _closed(document)
    components = document["components"]
    schemas = {
        name: {**one, "required": sorted({*one.get("required", ()), "type"})}
        if "const" in one.get("properties", {}).get("type", {})
        else one
        for name, one in components["schemas"].items()
    }
    whole = {**document, "components": {**components, "schemas": schemas}}
    if not login:
        return whole
    public = {re.sub(r":\w+}", "}", door) for door, let_in in DOORS.items() if STRANGER in let_in}
    paths = {
        path: {
            method: {**operation, "security": []} if f"{method.upper()} {path}" in public else operation
            for method, operation in operations.items()
        }
        for path, operations in document["paths"].items()
    }
    whole["components"]["securitySchemes"] = KNOWN
    return {**whole, "paths": paths, "security": [{name: []} for name in KNOWN]}


def _closed(part: Any) -> Any:
    """Return a part of a document in which an object whose keys have a pattern has no other keys."""
    if isinstance(part, list):
        return [_closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    whole = {name: _closed(one) for name, one in part.items()}
    return {"additionalProperties": False, **whole} if "patternProperties" in whole else whole
