"""Approvals and releases say what they meant and to which revision; a second person is another one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.carried import from_plain, to_json
from orchestrator.core.machine import Autonomy
from orchestrator.core.ports import Entry
from orchestrator.core.signature import about
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, cell, ladder, step, variant
from tests.unit.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path

REVISION = "p" * 64
EFFECT = "u1/pin/1/skill"


def bench(check: tuple[str, ...] = ("person",), **more: Any) -> Bench:
    """The body is in its nest, and the pin may be next."""
    load = step("load", part="body", at="nest", by="robot", check=("none",))
    pin = step("pin", ["load"], part="pin", at="body/seat", check=check, on_fail=ladder("ask"))
    made = Bench(cell(**more)).running(variant(load, pin))
    made.finish("load")
    return made


def signatures(made: Bench) -> list[tuple[str, str, str, str, int, str]]:
    return [(s.meaning, s.who, s.revision, s.step, s.attempt, s.reason) for s in made.state.units["u1"].signatures]


def failed(made: Bench) -> None:
    made.start("pin", "robot")
    made.do(made.skill("pin", "failed", code="slipped"))


def record(made: Bench) -> dict[str, Any]:
    return next(event for _, event in reversed(made.log) if isinstance(event, ev.UnitEnded)).record


def test_each_approval_of_a_motion_is_signed() -> None:
    made = bench(approvals={"motions": 2})
    made.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    made.start("pin", "robot")
    made.do(cmd.ProposeMotion(effect=EFFECT, motion="m1", plan="p7"))
    made.do(cmd.ApproveMotion(motion="m1", place="front"), WORKER)
    assert made.no(cmd.ApproveMotion(motion="m1", place="front"), WORKER) == "same_person"
    made.do(cmd.ApproveMotion(motion="m1"), SUPERVISOR)
    assert signatures(made) == [
        ("motion_approved", "op-front", REVISION, "pin", 1, ""),
        ("motion_approved", "boss", REVISION, "pin", 1, ""),
    ]
    approved = [event for _, event in made.log if isinstance(event, ev.MotionApproved)]
    assert [(ev.subject(event), event.step) for event in approved] == [("u1", "pin")] * 2
    assert approved[0].signature is not None


def test_a_released_step_is_signed() -> None:
    made = bench()
    made.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    made.do(cmd.ReleaseStep(unit="u1", step="pin", attempt=0), WORKER)
    assert signatures(made) == [("step_released", "worker", REVISION, "pin", 0, "")]


@pytest.mark.parametrize(
    ("choice", "meaning"),
    [
        ("force", "result_forced"),
        ("skip", "step_skipped"),
        ("scrap", "unit_scrapped"),
        ("abort", "order_aborted"),
    ],
)
def test_a_decision_without_evidence_is_signed_with_its_reason(choice: str, meaning: str) -> None:
    made = bench()
    failed(made)
    made.do(made.choice("pin", choice, reason="it holds"), SUPERVISOR)
    assert [(s["meaning"], s["who"], s["revision"], s["reason"]) for s in record(made)["signatures"]] == [
        (meaning, "boss", REVISION, "it holds")
    ]


def test_what_vouches_for_nothing_is_not_signed() -> None:
    made = bench()
    failed(made)
    made.do(made.choice("pin", "retry"), SUPERVISOR)
    assert signatures(made) == []


def test_who_looked_at_a_result_has_signed_it() -> None:
    made = bench()
    made.start("pin", "robot")
    made.do(made.skill("pin"))
    made.do(made.confirm("pin"))
    (one,) = record(made)["signatures"]
    assert (one["meaning"], one["who"], one["step"], one["t"]) == ("result_attested", "op-front", "pin", made.t)


def test_the_second_look_is_another_persons() -> None:
    made = bench(check=("two_people",))
    made.start("pin", "front")
    made.do(made.confirm("pin"))
    assert made.no(made.confirm("pin"), WORKER) == "same_person"
    assert made.at("pin").status == "verifying"
    made.do(made.confirm("pin", "back"))
    assert [s["who"] for s in record(made)["signatures"]] == ["op-back"]


@pytest.mark.parametrize(("choice", "meaning"), [("force", "result_forced"), ("skip", "step_skipped")])
def test_who_made_a_result_does_not_bring_it_past_the_second_persons_look(choice: str, meaning: str) -> None:
    made = bench(check=("two_people",))
    made.start("pin", "front")
    made.do(made.confirm("pin"))
    made.do(cmd.ReportProblem(unit="u1", step="pin", attempt=made.at("pin").attempt, place="back", code="askew"))
    past = made.choice("pin", choice, reason="fine by me")
    assert made.no(past, cmd.Who(name="op-front", role="supervisor", known=True)) == "same_person"
    made.do(past, SUPERVISOR)
    assert [(s["who"], s["meaning"]) for s in record(made)["signatures"]] == [("boss", meaning)]


def test_a_way_out_is_signed_and_is_of_no_unit() -> None:
    made = bench()
    assert about(made.state, "retreat/7") == ("", "", 0)
    assert about(made.state, EFFECT) == ("u1", "pin", 0)
    assert about(made.state, "home/u1/pin/1") == ("u1", "pin", 0)
    assert about(made.state, "u1/pin/1/look1/ride1") == ("u1", "pin", 0)
    assert about(made.state, "u11/pin/1/skill") == ("", "", 0)
    assert about(made.state, "manual/4") == ("", "", 0)


def test_events_and_states_of_before_have_no_signatures() -> None:
    old = '{"type": "step_released", "unit": "u1", "step": "pin", "attempt": 0, "by": "boss"}'
    event = ev.decode(old.encode())
    made = bench()
    made.tell(event)
    assert made.at("pin").released
    assert signatures(made) == []
    kept = json.loads(to_json(made.state))
    del kept["units"]["u1"]["signatures"]
    assert from_plain(kept, made.spec).units["u1"].signatures == ()


def test_signatures_survive_a_snapshot_and_a_replay() -> None:
    made = bench()
    made.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    made.do(cmd.ReleaseStep(unit="u1", step="pin", attempt=0), WORKER)
    kept = from_plain(json.loads(to_json(made.state)), made.spec)
    assert [asdict(s) for s in kept.units["u1"].signatures] == [asdict(s) for s in made.state.units["u1"].signatures]
    assert made.replayed().units["u1"].signatures == made.state.units["u1"].signatures


def test_the_export_for_auditors_holds_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import asyncio

    made = bench()
    failed(made)
    made.do(made.choice("pin", "force", reason="it holds"), SUPERVISOR)

    async def write() -> None:
        journal = SqliteJournal(tmp_path / "journal.db")
        await journal.append(
            [Entry(t, each.type, ev.subject(each), each.model_dump_json().encode()) for t, each in made.log]
        )
        await journal.close()

    asyncio.run(write())
    out = tmp_path / "all.jsonl"
    assert run(capsys, "journal", "export", str(tmp_path / "journal.db"), "--out", str(out))[0] == 0
    lines = [json.loads(line)["payload"] for line in out.read_text().splitlines()]
    (answered,) = [line for line in lines if line["type"] == "step_answered"]
    assert answered["signature"] == {"meaning": "result_forced", "revision": REVISION}
    (ended,) = [line for line in lines if line["type"] == "unit_ended"]
    assert [one["meaning"] for one in ended["record"]["signatures"]] == ["result_forced"]
