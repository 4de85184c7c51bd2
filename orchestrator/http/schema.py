"""What the wire looks like to others: TypeScript, JSON Schema and AsyncAPI 3, all generated from `orchestrator.wire`.

Run `python -m orchestrator.http.schema --typescript web/src/wire.ts` after a change of the wire; a test asserts that
the checked-in file is up to date.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from orchestrator import __version__, wire
from orchestrator.core.commands import OUTSIDE
from orchestrator.core.decide.persons import KEPT
from orchestrator.engine.calibrating import CalibratedView, DriveView, LiveView, SessionView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TO_SCREENS: dict[str, TypeAdapter[Any]] = {
    "ServerMessage": wire.SERVER,
    "TopicValue": TypeAdapter(wire.TopicValue),
    "SceneView": TypeAdapter(wire.SceneView),
    "RewindView": TypeAdapter(wire.RewindView),
    "CalibratedView": TypeAdapter(CalibratedView),
    "SessionView": TypeAdapter(SessionView),
    "LiveView": TypeAdapter(LiveView),
    "DriveView": TypeAdapter(DriveView),
}
FROM_SCREENS: dict[str, TypeAdapter[Any]] = {"ClientMessage": wire.CLIENT, "Outside": OUTSIDE}

# Places where TypeScript can say more than JSON Schema does.
SHARPER = {("Button", "command"): "Outside", ("CommandMessage", "command"): "Outside", ("Snapshot", "topics"): "Topics"}


def definitions() -> dict[str, Schema]:
    """Return the JSON Schema of every type of the wire by its name.

    What the server sends is complete: each of its fields is there. What a client sends may leave out defaults, but
    never the `type` that says which message it is.
    """
    out: dict[str, Schema] = {}
    for adapters, complete in ((TO_SCREENS, True), (FROM_SCREENS, False)):
        for name, adapter in adapters.items():
            mode: Any = "serialization" if complete else "validation"
            schema = adapter.json_schema(mode=mode)
            found: dict[str, Schema] = schema.pop("$defs", {})
            found[name] = schema
            for key, definition in found.items():
                _require(definition, complete=complete)
                if out.setdefault(key, definition) != definition:
                    message = f"{key} looks different to server and client; give it two names."
                    raise TypeError(message)
    return {key: _plain(out[key]) for key in sorted(out)}


def json_schema() -> Schema:
    """Return one JSON Schema document: a message of either side, every type under `$defs`."""
    sides = [{"$ref": "#/$defs/ServerMessage"}, {"$ref": "#/$defs/ClientMessage"}]
    return {"$schema": DIALECT, "title": wire.SUBPROTOCOL, "anyOf": sides, "$defs": definitions()}


def asyncapi() -> Schema:
    """Return the AsyncAPI 3 document of the WebSocket: one channel, what the server sends and what it takes."""
    schemas = _discerned(_moved(definitions(), "#/$defs/", "#/components/schemas/"))
    sent, taken = (_members(schemas[name]) for name in ("ServerMessage", "ClientMessage"))
    channel = {
        "address": "/ws",
        "title": "Screens",
        "description": (wire.__doc__ or "").strip(),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in (*sent, *taken)},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }

    def operation(action: str, summary: str, names: list[str]) -> Schema:
        return {
            "action": action,
            "channel": {"$ref": "#/channels/screen"},
            "summary": summary,
            "messages": [{"$ref": f"#/channels/screen/messages/{name}"} for name in names],
        }

    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tandem screens",
            "version": __version__,
            "description": f"WebSocket with subprotocol {wire.SUBPROTOCOL}. "
            f"A client that can't keep up is closed with code {wire.SLOW_CLIENT} and should come back.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {"screen": channel},
        "operations": {
            "show": operation("send", "What the server sends to a screen.", sent),
            "ask": operation("receive", "What a screen may send.", taken),
        },
        "components": {
            "schemas": schemas,
            "messages": {
                name: {
                    "name": name,
                    "summary": schemas[name].get("description", name).splitlines()[0],
                    "payload": {"$ref": f"#/components/schemas/{name}"},
                }
                for name in (*sent, *taken)
            },
        },
    }


# ---- TypeScript ------------------------------------------------------------------------------------------------


def typescript() -> str:
    """Return the TypeScript of the wire: an interface a record, unions discriminated by `type` or by topic."""
    blocks = [
        "// Generated from orchestrator/wire.py by `python -m orchestrator.http.schema --typescript`. Do not edit.",
        f"export const SUBPROTOCOL = {json.dumps(wire.SUBPROTOCOL)};\nexport const SLOW_CLIENT = {wire.SLOW_CLIENT};",
        f"/** What a device may keep and hand in later. */\nexport const KEPT = {json.dumps(list(_kept()))} as const;",
        "export type Vector = [number, number, number];",
        "/** Unit quaternion (w, x, y, z). */\nexport type Quaternion = [number, number, number, number];",
        _topics(),
    ]
    for name, schema in definitions().items():
        blocks.append(_put() if name == "Put" else _comment(schema, "") + _declaration(name, schema))
    return "\n\n".join(blocks) + "\n"


def _kept() -> Iterable[str]:
    return (kind.model_fields["type"].default for kind in KEPT)


def _topics() -> str:
    rows = []
    for prefix, model in wire.TOPICS.items():
        key = f"[topic: {_topic_type(prefix)}]" if prefix.endswith("/") else f"{prefix}?"
        rows.append(f"  {key}: {model.__name__};")
    return "/** The state by topic. */\nexport interface Topics {\n" + "\n".join(rows) + "\n}"


def _put() -> str:
    rows = [f"  | {{ topic: {_topic_type(p)}; value: {m.__name__} }}" for p, m in wire.TOPICS.items()]
    return f"/** {wire.Put.__doc__} */\nexport type Put =\n" + "\n".join(rows) + ";"


def _topic_type(prefix: str) -> str:
    return f"`{prefix}${{string}}`" if prefix.endswith("/") else json.dumps(prefix)


def _declaration(name: str, schema: Schema) -> str:
    if "properties" not in schema and not (schema.get("type") == "object" and "additionalProperties" not in schema):
        members = [_type(part) for part in schema.get("oneOf") or schema.get("anyOf") or ()]
        body = "\n  | " + "\n  | ".join(members) if members else " " + _type(schema)
        return f"export type {name} ={body};"
    required = set(schema.get("required", ()))
    rows = []
    for key, field in schema.get("properties", {}).items():
        kind = SHARPER.get((name, key)) or _type(field)
        rows.append(f"{_comment(field, '  ')}  {key}{'' if key in required else '?'}: {kind};")
    return f"export interface {name} {{\n" + "\n".join(rows) + "\n}"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    union: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    if union:
        return " | ".join(dict.fromkeys(_type(part) for part in union))
    kind = schema.get("type")
    if kind == "array":
        return _array(schema)
    if kind == "object":
        values = schema.get("additionalProperties")
        if not isinstance(values, dict):  # keys that must look like names
            values = next(iter(schema.get("patternProperties", {}).values()), None)
        return f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"
    simple = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
    return simple[kind] if kind is not None else "unknown"


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        members = [_type(part) for part in schema["prefixItems"]]
        named = {("number",) * 3: "Vector", ("number",) * 4: "Quaternion"}
        return named.get(tuple(members)) or f"[{', '.join(members)}]"
    member = _type(schema.get("items", {}))
    return f"({member})[]" if " | " in member else f"{member}[]"


def _comment(schema: Schema, indent: str) -> str:
    lines = [line.strip() for line in schema.get("description", "").splitlines()]
    if not lines:
        return ""
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return f"{indent}/**\n" + "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines) + f"{indent} */\n"


# ---- schemas ---------------------------------------------------------------------------------------------------


def _require(schema: Schema, *, complete: bool) -> None:
    properties = schema.get("properties", {})
    always = [key for key, field in properties.items() if complete or (key == "type" and "const" in field)]
    needed = [key for key in properties if key in always or key in schema.get("required", ())]
    if needed:
        schema["required"] = needed


def _plain(node: Any) -> Any:
    """Drop the titles that only repeat a field's name."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    return [_plain(value) for value in node] if isinstance(node, list) else node


def _moved(node: Any, old: str, new: str) -> Any:
    if isinstance(node, dict):
        return {key: _moved(value, old, new) for key, value in node.items()}
    if isinstance(node, list):
        return [_moved(value, old, new) for value in node]
    return node.replace(old, new) if isinstance(node, str) and node.startswith(old) else node


def _discerned(node: Any) -> Any:
    """Name what tells the members of a union apart as AsyncAPI does, by its property alone; OpenAPI adds a mapping."""
    if isinstance(node, dict):
        return {
            key: value["propertyName"]
            if key == "discriminator" and isinstance(value, dict) and "propertyName" in value
            else _discerned(value)
            for key, value in node.items()
        }
    return [_discerned(value) for value in node] if isinstance(node, list) else node


def _members(union: Schema) -> list[str]:
    return [_type(part) for part in union["oneOf"]]


def main(arguments: list[str] | None = None) -> None:
    """Write the documents that were asked for; `-` writes to the standard output."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.http.schema", description=__doc__)
    writers: dict[str, Callable[[], str]] = {
        "typescript": typescript,
        "json-schema": lambda: json.dumps(json_schema(), indent=2) + "\n",
        "asyncapi": lambda: json.dumps(asyncapi(), indent=2) + "\n",
    }
    for name in writers:
        parser.add_argument(f"--{name}", metavar="FILE", dest=name)
    chosen = {name: file for name, file in vars(parser.parse_args(arguments)).items() if file is not None}
    if not chosen:
        parser.error("Say what to write: --typescript, --json-schema or --asyncapi, each with a file.")
    for name, file in chosen.items():
        if file == "-":
            sys.stdout.write(writers[name]())
        else:
            Path(file).write_text(writers[name](), encoding="utf-8")


if __name__ == "__main__":
    main()
