"""REST as a program uses it, against a real server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core.errors import JournalError
from orchestrator.core.ports import Entry
from orchestrator.wire import Answer
from tests.unit.http_fakes import FakeDesk, browser, serving, unit_view

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx

NEW = {"product": "reducer", "options": {"ratio": 5}}


def run(desk: FakeDesk, scenario: Callable[[httpx.AsyncClient], Awaitable[None]], **options: Any) -> None:
    async def whole() -> None:
        async with serving(desk, **options) as server, browser(server) as client:
            await scenario(client)

    asyncio.run(whole())


def test_an_order_is_stored_started_and_shown(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        stored = await client.post("/api/v1/orders", json={**NEW, "quantity": 3, "id": "o1", "start": True})
        assert (stored.status_code, stored.json()) == (201, {"order": "o1", "started": True})
        assert stored.headers["location"] == "/api/v1/orders/o1"
        shown = await client.get(stored.headers["location"])
        assert shown.json()["quantity"] == 3
        assert [order["id"] for order in (await client.get("/api/v1/orders")).json()] == ["o1"]

    run(desk, scenario)
    assert desk.stored == [("o1", "reducer", {"ratio": 5}, 3, None, "local")]
    assert [(r.command.order, r.command.verb) for r in desk.asked] == [("o1", "start")]


def test_an_order_without_a_name_gets_one_of_its_own(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        names = {(await client.post("/api/v1/orders", json=NEW)).json()["order"] for _ in range(2)}
        assert len(names) == 2

    run(desk, scenario)
    assert desk.asked == []


WRONG_ORDERS: list[tuple[Any, int, str]] = [
    ({"product": "gearbox"}, 404, "'gearbox'"),
    ({"product": "reducer", "options": {"ratio": 7}}, 422, "'ratio' can't be '7'"),
    ({"product": "reducer"}, 422, "'ratio' is missing"),
    ({}, 422, "'product' is missing"),
    ({**NEW, "quantity": 0}, 422, "'quantity' must be greater than or equal to 1."),
    ({**NEW, "quantity": "many"}, 422, "'quantity'"),
    ({**NEW, "colour": "red"}, 422, "'colour' is not known"),
    ({**NEW, "id": "a/b"}, 422, "'id'"),
    ({**NEW, "options": {"ratio": [5]}}, 422, "ratio"),
    ([], 422, "The message must be a JSON object"),
]


def test_a_wrong_order_is_refused_in_plain_words(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        for body, status, part in WRONG_ORDERS:
            answer = await client.post("/api/v1/orders", json=body)
            assert answer.status_code == status, body
            assert part in answer.json()["message"]
            assert answer.json()["remedy"], body

    run(desk, scenario)
    assert desk.stored == []


def test_an_order_is_changed_once_under_one_key(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        await client.post("/api/v1/orders", json={**NEW, "id": "o1"})
        paused = await client.post(
            "/api/v1/orders/o1/pause", json={"reason": "lunch"}, headers={"Idempotency-Key": "key-1"}
        )
        assert paused.json() == {"id": "key-1", "ok": True, "code": "", "message": "", "remedy": ""} | {
            "says": {},
            "helps": {},
        }
        assert (await client.post("/api/v1/orders/o1/abort")).status_code == 200
        assert (await client.post("/api/v1/orders/o1/explode")).status_code == 422
        assert (await client.post("/api/v1/orders/o1/end")).status_code == 422  # the engine's own verb
        assert (await client.post("/api/v1/orders/o2/start")).status_code == 404

    run(desk, scenario)
    assert [r.command.verb for r in desk.asked] == ["pause", "abort"]
    assert (desk.asked[0].id, desk.asked[0].command.reason) == ("key-1", "lunch")


@pytest.mark.parametrize(("code", "status"), [("illegal_move", 409), ("not_found", 404), ("forbidden", 403)])
def test_a_refused_command_says_why(tmp_path: Path, code: str, status: int) -> None:
    desk = FakeDesk(tmp_path)
    desk.answers["change_cell"] = Answer(id="", ok=False, code=code, message="Not now.", remedy="Later.")

    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/cell", json={"type": "change_cell", "verb": "unhold"})
        assert answer.status_code == status
        said = {"says": {"en": "Not now."}, "helps": {"en": "Later."}}
        assert answer.json() == {"code": code, "message": "Not now.", "remedy": "Later.", "reasons": [], **said}

    run(desk, scenario)


def test_any_outside_command_can_be_asked_with_its_id(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        body = {"id": "c-1", "command": {"type": "refill_bin", "bin": "left", "count": 4}}
        assert (await client.post("/api/v1/commands", json=body)).json()["id"] == "c-1"
        inner = {"id": "c-2", "command": {"type": "end_skill", "effect": "e", "outcome": "succeeded"}}
        assert (await client.post("/api/v1/commands", json=inner)).status_code == 422
        assert (await client.post("/api/v1/cell", json={"type": "leave_place", "place": "x"})).status_code == 422

    run(desk, scenario)
    assert [r.id for r in desk.asked] == ["c-1"]


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ({"type": "choose", "unit": "u1", "step": "s", "attempt": 1, "choice": "retry"}, "answers"),
        ({"type": "choose", "unit": "u1", "step": "s", "attempt": 1, "choice": "retry", "answers": ""}, "answers"),
        ({"type": "clear_place", "place": "front"}, "n"),
        ({"type": "clear_place", "place": "front", "n": 0}, "n"),
        ({"type": "acknowledge"}, "n"),
        ({"type": "rewind", "unit": "u1", "step": "cover", "reason": "r"}, "todo"),
        ({"type": "acknowledge", "n": 0}, "n"),
    ],
)
def test_an_answer_that_does_not_say_what_was_shown_is_refused(
    tmp_path: Path, command: dict[str, Any], field: str
) -> None:
    desk = FakeDesk(tmp_path)
    shown = {**command, field: {"answers": "jam/0/0", "n": 1, "todo": ["cover"]}[field]}

    async def scenario(client: httpx.AsyncClient) -> None:
        refused = await client.post("/api/v1/commands", json={"id": "c-1", "command": command})
        assert refused.status_code == 422
        assert refused.json()["message"].startswith(f"'{field}' is missing: send the one that came with")
        assert (await client.post("/api/v1/commands", json={"id": "c-2", "command": shown})).status_code == 200
        if command["type"] == "acknowledge":
            assert (await client.post("/api/v1/cell", json=command)).status_code == 422

    run(desk, scenario)
    assert [r.id for r in desk.asked] == ["c-2"]


def test_cell_scene_skills_and_procedures_are_shown(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)
    broken = tmp_path / "instructions" / "broken"
    broken.mkdir()
    (broken / "procedure.yaml").write_text("steps: 3\n")

    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/v1/cell")).json()["state"] == "execute"
        assert (await client.get("/api/v1/scene")).json()["places"]["front"]["q"] == [1, 0, 0, 0]
        assert (await client.get("/api/v1/skills")).json()[0]["name"] == "pick"
        assert (await client.get("/api/v1/skills/pick")).json()["timeout_s"] == 30
        missing = await client.get("/api/v1/skills/pik")
        assert (missing.status_code, "pick" in missing.json()["remedy"]) == (404, True)
        lines = {line["product"]: line for line in (await client.get("/api/v1/procedures")).json()}
        assert lines["reducer"]["options"] == {"ratio": [5, 10]}
        assert "broken/procedure.yaml:1" in lines["broken"]["problems"][0]
        shown = (await client.get("/api/v1/procedures/reducer")).json()
        assert shown["steps"][0]["id"] == "load"
        wrong = await client.get("/api/v1/procedures/broken")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "authoring")

    run(desk, scenario)


def test_events_are_paged_and_chosen_by_type(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        kinds = ["unit_started", "step_done", "step_done", "step_done", "unit_ended"]
        await desk.journal.append([Entry(t=1.0, type=kind, subject="u1", payload=b'{"n":1}') for kind in kinds])
        first = (await client.get("/api/v1/events", params={"limit": 2})).json()
        assert [event["seq"] for event in first["events"]] == [1, 2]
        assert (first["next"], first["head"]) == (2, 5)
        assert first["events"][0]["payload"] == {"n": 1}
        rest = (await client.get("/api/v1/events", params={"after": 2, "limit": 3})).json()
        assert ([event["seq"] for event in rest["events"]], rest["next"]) == ([3, 4, 5], None)
        done = (await client.get("/api/v1/events", params={"type": "step_done", "limit": 2})).json()
        assert ([event["seq"] for event in done["events"]], done["next"]) == ([2, 3], 3)
        last = (await client.get("/api/v1/events", params={"type": "step_done", "after": done["next"]})).json()
        assert [event["seq"] for event in last["events"]] == [4]
        for wrong in ({"after": -1}, {"limit": 0}, {"limit": 5000}, {"after": "x"}):
            answer = await client.get("/api/v1/events", params=wrong)
            assert (answer.status_code, next(iter(wrong)) in answer.json()["message"]) == (422, True)

    run(desk, scenario)


def test_a_journal_that_can_not_be_read_is_no_crash(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    def broken(**_: Any) -> Any:
        raise JournalError("The chain breaks at 7.", remedy="Restore a backup.")

    desk.journal.read = broken  # type: ignore[method-assign] - a journal with a broken chain

    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/events")
        assert (answer.status_code, answer.json()["code"]) == (503, "journal")

    run(desk, scenario)


def test_units_are_shown_by_their_records(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)
    desk.records["o1/1"] = {"unit": "o1/1", "steps": []}
    desk.screen.topics["unit/o1/2"] = unit_view("o1/2")

    async def scenario(client: httpx.AsyncClient) -> None:
        assert [unit["unit"] for unit in (await client.get("/api/v1/units")).json()] == ["o1/1"]
        assert (await client.get("/api/v1/units/o1/1")).json() == {"unit": "o1/1", "steps": []}
        building = await client.get("/api/v1/units/o1/2")
        assert (building.status_code, "still being built" in building.json()["message"]) == (404, True)
        assert (await client.get("/api/v1/units/o9/9")).status_code == 404

    run(desk, scenario)


def test_checks_lead_to_their_evidence(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)
    (desk.evidence / "u1").mkdir()
    (desk.evidence / "u1" / "look 1.png").write_bytes(b"picture")
    (tmp_path / "secret.png").write_bytes(b"secret")

    async def scenario(client: httpx.AsyncClient) -> None:
        ended = {"unit": "u1", "step": "load", "attempt": 1, "effect": "x", "error": ""}
        measured = {"verdict": "displaced", "offset_mm": [2.1, 0, 0], "evidence": "u1/look 1.png"}
        payloads = [{**ended, "measured": measured}, {**ended, "measured": None, "error": "no picture"}]
        await desk.journal.append(
            [Entry(t=1.0, type="check_ended", subject="u1", payload=json.dumps(p).encode()) for p in payloads]
        )
        last = json.dumps({**ended, "measured": {**measured, "verdict": "ok", "evidence": ""}}).encode()
        await desk.journal.append([Entry(t=2.0, type="recheck_ended", subject="u1", payload=last)])
        checks = (await client.get("/api/v1/checks", params={"unit": "u1"})).json()["checks"]
        assert [check["evidence"] for check in checks] == ["/api/v1/evidence/u1/look%201.png", "", ""]
        assert [check["again"] for check in checks] == [False, False, True]
        page = (await client.get("/api/v1/checks", params={"limit": 2})).json()
        rest = (await client.get("/api/v1/checks", params={"after": page["next"]})).json()
        assert [check["seq"] for check in (*page["checks"], *rest["checks"])] == [check["seq"] for check in checks]
        assert checks[0]["measured"]["verdict"] == "displaced"
        picture = await client.get(checks[0]["evidence"])
        assert (picture.content, picture.headers["content-type"]) == (b"picture", "image/png")
        for path in ("../secret.png", "%2e%2e/secret.png", "u1/../../secret.png", "u1", "u1/none.png", "a%00.png"):
            answer = await client.get(f"/api/v1/evidence/{path}")
            assert answer.status_code == 404
            assert answer.content != b"secret"

    run(desk, scenario)


def test_evidence_that_was_pruned_says_so(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)
    (desk.evidence / "ab" / "abcd").mkdir(parents=True)
    (desk.evidence / "ab" / "abcd" / "record.json").write_text("{}")

    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/v1/evidence/ab/abcd/record.json")).status_code == 200
        gone = await client.get("/api/v1/evidence/ab/abcd/deviation.png")
        assert (gone.status_code, gone.json()["code"]) == (410, "removed")
        for path in ("ab/abcd/other.png", "ab/none/deviation.png", "../deviation.png"):
            assert (await client.get(f"/api/v1/evidence/{path}")).status_code == 404

    run(desk, scenario)


def test_assets_are_confined_typed_and_cached(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)
    product = tmp_path / "instructions" / "reducer"
    (product / "shaft.glb").write_bytes(b"glTF")
    (tmp_path / "secret.glb").write_bytes(b"secret")
    (product / "link.glb").symlink_to(tmp_path / "secret.glb")

    async def scenario(client: httpx.AsyncClient) -> None:
        mesh = await client.get("/assets/instructions/reducer/shaft.glb")
        assert (mesh.content, mesh.headers["content-type"]) == (b"glTF", "model/gltf-binary")
        assert mesh.headers["cache-control"] == "no-cache"
        again = await client.get(mesh.url.path, headers={"if-none-match": mesh.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        versioned = await client.get("/assets/instructions/reducer/shaft.glb?v=abc")
        assert "immutable" in versioned.headers["cache-control"]
        for path in (
            "reducer/procedure.yaml",
            "../secret.glb",
            "%2e%2e/secret.glb",
            "reducer/link.glb",
            "a%00.glb",
            "",
        ):
            answer = await client.get(f"/assets/instructions/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    run(desk, scenario)


def test_a_mistake_of_the_server_is_told_without_its_insides(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    def broken() -> Any:
        raise ZeroDivisionError("inside")

    desk.units = broken  # type: ignore[method-assign] - a bug in the engine

    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/units")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "inside" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"

    run(desk, scenario)


def test_unknown_paths_and_methods_answer_like_everything_else(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for answer, status in (
            (await client.get("/api/v1/robots"), 404),
            (await client.get("/api/v1/orders/none"), 404),
            (await client.delete("/api/v1/orders"), 405),
            (await client.put("/ws"), 404),
        ):
            assert answer.status_code == status
            assert set(answer.json()) == {"code", "message", "remedy", "reasons", "says", "helps"}

    run(FakeDesk(tmp_path), scenario)


def test_health_readiness_and_descriptions(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).status_code == 200
        desk.missing = ["The robot is not powered on."]
        waiting = await client.get("/readyz")
        assert (waiting.status_code, waiting.json()["reasons"]) == (503, desk.missing)
        paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
        assert {"/api/v1/orders", "/api/v1/orders/{order}/{verb}", "/api/v1/events"} <= set(paths)
        assert (await client.get("/asyncapi.json")).json()["channels"]["screen"]["address"] == "/ws"

    run(desk, scenario)


def test_metrics_count_what_happened(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)
    desk.answers["set_mode"] = Answer(id="", ok=False, code="illegal_move", message="No.", remedy="")

    async def scenario(client: httpx.AsyncClient) -> None:
        for kind in ("step_done", "step_done", "unit_ended"):
            desk.screen.happen(kind)
        await client.post("/api/v1/cell", json={"type": "change_cell", "verb": "hold"})
        await client.post("/api/v1/cell", json={"type": "set_mode", "mode": "manual"})
        lines = (await client.get("/metrics")).text.splitlines()
        assert 'tandem_events_total{type="step_done"} 2.0' in lines
        assert "tandem_steps_done_total 2.0" in lines
        assert 'tandem_commands_total{outcome="ok"} 1.0' in lines
        assert 'tandem_commands_total{outcome="illegal_move"} 1.0' in lines
        assert 'tandem_cell_state{tandem_cell_state="execute"} 1.0' in lines
        assert 'tandem_cell_state{tandem_cell_state="held"} 0.0' in lines
        assert "tandem_clients 0.0" in lines

    run(desk, scenario)


def test_two_apps_count_apart(tmp_path: Path) -> None:
    first, second = FakeDesk(tmp_path / "a"), FakeDesk(tmp_path / "b")

    async def scenario() -> None:
        async with serving(first) as one, serving(second) as two:
            first.screen.happen("step_done")
            async with browser(one) as client:
                assert "tandem_steps_done_total 1.0" in (await client.get("/metrics")).text
            async with browser(two) as client:
                assert "tandem_steps_done_total 0.0" in (await client.get("/metrics")).text

    asyncio.run(scenario())


def test_going_back_is_said_beforehand_and_asked_with_a_reason(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        view = (await client.get("/api/v1/rewind/u1/cover")).json()
        assert [(undo["step"], undo["by"], undo["text"]["de"]) for undo in view["undo"]] == [
            ("cover", "person", "Abnehmen: Deckel")
        ]
        assert (await client.get("/api/v1/rewind/u9/cover")).status_code == 404
        shown = {"reason": "scratched", "todo": ["cover"]}
        for wrong in ({**shown, "reason": ""}, {**shown, "todo": []}, {"reason": "scratched"}):
            assert (await client.post("/api/v1/rewind/u1/cover", json=wrong)).status_code == 422
        assert (await client.post("/api/v1/rewind/u9/cover", json=shown)).status_code == 404
        assert desk.asked == []
        assert (await client.post("/api/v1/rewind/u1/cover", json=shown)).json()["ok"] is True

    run(desk, scenario)
    assert [(r.command.type, r.command.unit, r.command.step, r.command.reason, r.command.todo) for r in desk.asked] == [
        ("rewind", "u1", "cover", "scratched", ("cover",))
    ]
