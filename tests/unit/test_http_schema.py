"""What is generated from the wire: up to date, complete, and closed in itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from orchestrator import wire
from orchestrator.http import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

WIRE_TS = Path(__file__).parents[2] / "web" / "src" / "wire.ts"
SENTENCES_TS = WIRE_TS.parent / "words" / "sentences.ts"


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolves(document: Any, reference: str) -> bool:
    for part in reference.removeprefix("#/").split("/"):
        if part not in document:
            return False
        document = document[part]
    return True


def test_the_checked_in_typescript_is_up_to_date() -> None:
    remedy = "Run: python -m orchestrator.http.schema --typescript web/src/wire.ts"
    assert WIRE_TS.read_text(encoding="utf-8") == schema.typescript(), remedy


def test_the_checked_in_sentences_are_up_to_date() -> None:
    remedy = "Run: python -m orchestrator.http.schema --sentences web/src/words/sentences.ts"
    assert SENTENCES_TS.read_text(encoding="utf-8") == schema.sentences(), remedy


def test_typescript_tells_messages_apart_by_type_and_values_by_topic() -> None:
    text = schema.typescript()
    assert '  type: "put";\n  payload: Put;' in text
    assert "  | { topic: `step/${string}`; value: StepView }" in text
    assert "  [topic: `card/${string}`]: Card;" in text
    assert "  command: Outside;" in text


def test_what_the_server_sends_is_complete_and_a_client_may_leave_out_defaults() -> None:
    text = schema.typescript()
    assert '  v: 1;\n  epoch: string;\n  seq: number;\n  t: number;\n  type: "pong";' in text
    assert '  type: "hello";\n  v?: 1;\n  epoch?: string;\n  seq?: number;\n  poses?: boolean;' in text


def test_every_topic_value_has_a_topic() -> None:
    assert set(wire.TOPICS.values()) == set(get_args(wire.TopicValue))


@pytest.mark.parametrize("document", [schema.json_schema(), schema.asyncapi()], ids=["json schema", "asyncapi"])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert len(found) > 50
    assert [reference for reference in found if not resolves(document, reference)] == []


def test_asyncapi_names_every_message_of_both_sides() -> None:
    document = schema.asyncapi()
    sent = {m["$ref"].rsplit("/", 1)[1] for m in document["operations"]["show"]["messages"]}
    taken = {m["$ref"].rsplit("/", 1)[1] for m in document["operations"]["ask"]["messages"]}
    assert sent == {type_.__name__ for type_ in get_args(get_args(wire.ServerMessage)[0])}
    assert taken == {type_.__name__ for type_ in get_args(get_args(wire.ClientMessage)[0])}
    assert set(document["components"]["messages"]) == sent | taken


OFFICIAL = Path(__file__).parents[2] / "web" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"


def test_asyncapi_holds_to_the_official_schema() -> None:
    """The schema is AsyncAPI's own, from the npm package @asyncapi/specs."""
    if not OFFICIAL.is_file():
        if os.environ.get("CI"):
            pytest.fail("CI must have run `npm ci` in web/.")
        pytest.skip("The official schema comes with `npm ci` in web/.")
    official = Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))
    assert [error.message for error in official.iter_errors(schema.asyncapi())] == []
    broken = {**schema.asyncapi(), "operations": {"show": {"action": "whisper"}}}
    assert list(official.iter_errors(broken))


def test_the_json_schema_is_one_and_tells_messages_from_what_is_none() -> None:
    document = schema.json_schema()
    Draft202012Validator.check_schema(document)
    messages = Draft202012Validator(document)
    pong = wire.PongMessage(epoch="e", seq=3, t=1.0).model_dump(mode="json")
    hello = {"type": "hello", "epoch": "e", "seq": 3}
    kept = {
        "type": "command",
        "id": "c",
        "command": {"type": "acknowledge", "n": 1},
        "kept": {"operator": "Kim", "t": 1.0},
    }
    for message in (pong, hello, kept):
        assert list(messages.iter_errors(message)) == []
    for wrong in ({**pong, "seq": "3"}, {"type": "reboot"}, {**kept, "kept": {"operator": "Kim"}}, {**hello, "v": 2}):
        assert list(messages.iter_errors(wrong))


def test_each_document_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema.main(["--typescript", str(tmp_path / "wire.ts"), "--json-schema", str(tmp_path / "wire.json")])
    assert (tmp_path / "wire.ts").read_text(encoding="utf-8") == schema.typescript()
    assert "ServerMessage" in json.loads((tmp_path / "wire.json").read_text(encoding="utf-8"))["$defs"]
    schema.main(["--asyncapi", "-"])
    assert json.loads(capsys.readouterr().out)["asyncapi"] == "3.0.0"


def test_asking_for_no_document_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        schema.main([])
    assert "--typescript" in capsys.readouterr().err
