"""After a restart: the robot is asked what it holds, the camera what was reached, and a person for the rest."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb, OrderVerb
from orchestrator.core.readiness import grip_blockers
from orchestrator.core.variant import ValueSpec
from tests.unit.core_builders import WORKER, Bench, ladder, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")
PIN = step("pin", ["load"], part="pin", at="body/seat", on_fail={"*": ladder("ask"), "interrupted": ladder("scrap")})
WHOLE = variant(LOAD, PIN, step("last", ["pin"], by="human", check=["person"]))


def _bench() -> Bench:
    bench = Bench().running(WHOLE, quantity=2)
    bench.finish("load")
    return bench


def interrupted(*, holds: str = "", **more: object) -> Bench:
    """The robot was loading the body when the orchestrator ended, and held it or not."""
    load = step("load", part="body", at="nest", by="robot", **more)
    bench = Bench().running(variant(load, step("other", by="robot", check=["none"])))
    bench.start("load", "robot")
    if holds:
        bench.do(bench.moved("body", "grasped", "gripper"))
    return bench


def test_interrupted_robot_work_becomes_a_question_and_does_not_keep_the_robot() -> None:
    bench = interrupted(holds="body")
    bench.do(cmd.ReportRestart())
    assert bench.at("load").status == "attention"
    assert bench.at("load").code == "interrupted"
    assert bench.state.ending == frozenset()
    held = bench.state.world.held()
    assert held is not None
    assert held.certainty == "doubtful"


def test_a_restart_answers_an_interruption_by_its_own_ladder_and_goes_on_with_the_rest() -> None:
    bench = Bench().running(WHOLE, quantity=2, units=2)
    for unit in ("u1", "u2"):
        bench.finish("load", unit=unit)
    bench.start("pin", "robot", unit="u1")
    bench.do(bench.skill("pin", unit="u1"))
    bench.start("pin", "robot", unit="u2")
    bench.do(cmd.ReportRestart())
    assert bench.state.orders["A"].scrapped == 1
    assert list(bench.state.units) == ["u1"]
    assert bench.at("pin", "u1").wants == {"camera"}


def test_a_look_that_a_restart_broke_off_is_asked_again() -> None:
    bench = _bench()
    bench.start("pin", "front")
    bench.do(bench.confirm("pin"))
    first = bench.at("pin").effect
    assert types(bench.do(cmd.ReportRestart())) == "cell_restarted check_requested"
    assert bench.at("pin").effect not in {"", first}


# ---- what the gripper says -----------------------------------------------------------------------------------


def test_what_the_gripper_held_of_a_unit_that_has_left_is_in_doubt_until_a_person_says_where_it_went() -> None:
    bench = interrupted(holds="body")
    bench.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"))
    assert bench.state.units == {}
    assert bench.state.world.held() is not None
    bench.do(cmd.ReportRestart(holding=False))
    assert bench.state.world.facts["u1/body"].certainty == "doubtful"
    assert [why.code for why in grip_blockers(bench.state)] == ["contradiction"]
    bench.do(cmd.TakePart(part="u1/body"), WORKER)
    assert (bench.state.world.facts, bench.state.grip) == ({}, None)
    assert bench.replayed() == bench.state


def test_what_ledger_and_gripper_agree_on_stays_known() -> None:
    bench = interrupted(holds="body")
    bench.do(cmd.ReportRestart(holding=True))
    held = bench.state.world.held()
    assert held is not None
    assert (held.part, held.certainty) == ("u1/body", "known")
    assert bench.at("load").code == "interrupted"  # what is in the hand is not at its place: no camera need look
    assert "the gripper holds u1/body" in bench.at("load").message


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_part_that_a_person_took_hold_of_and_confirmed_is_theirs_when_the_gripper_is_empty(confirmed: bool) -> None:
    """It opened for them just before the end: the ledger had not heard of it."""
    cap = step("cap", part="body", at="nest", together=True)
    bench = Bench().running(variant(cap, step("other", by="robot", check=["none"])))
    bench.start("cap", "robot", "front")
    bench.do(bench.moved("body", "grasped", "gripper"))
    if confirmed:
        bench.do(bench.confirm("cap"))
    bench.do(cmd.ReportRestart(holding=False))
    fact = bench.state.world.get("u1/body")
    assert fact is not None
    assert (fact.holder, fact.certainty) == (("place:front", "known") if confirmed else ("lost", "unknown"))


def test_a_part_that_the_gripper_has_no_longer_is_lost_until_the_camera_finds_it() -> None:
    """Let go of just before the end: the ledger had not heard of it."""
    bench = interrupted(holds="body")
    assert "part_moved" in types(bench.do(cmd.ReportRestart(holding=False)))
    fact = bench.state.world.get("u1/body")
    assert fact is not None
    assert fact.certainty == "unknown"
    bench.wait(1)
    bench.do(bench.seen("load"))
    fact = bench.state.world.get("u1/body")
    assert fact is not None
    assert (fact.holder, fact.frame, fact.certainty) == ("cell", "nest_1", "known")
    assert bench.at("load").status == "done"


def test_what_the_gripper_closed_on_as_all_ended_is_in_doubt_and_counted_out_of_its_bin() -> None:
    bench = interrupted()
    before = bench.state.bins["rack"]
    bench.do(cmd.ReportRestart(holding=True))
    held = bench.state.world.held()
    assert held is not None
    assert (held.part, held.certainty) == ("u1/body", "doubtful")
    assert bench.state.bins["rack"] == before - 1
    assert bench.at("load").status == "attention"
    bench.do(cmd.TakePart(part="u1/body"))
    assert bench.state.world.held() is None


def test_a_gripper_that_holds_what_nobody_sought_is_left_to_a_person() -> None:
    bench = _bench()
    bench.do(cmd.ReportRestart(holding=True))
    assert bench.state.world.held() is None


# ---- what the camera says ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "status", "code"),
    [("ok", "done", ""), ("missing", "ready", "missing"), ("displaced", "ready", "displaced")],
)
def test_what_was_interrupted_is_done_or_not_by_what_the_camera_sees(verdict: str, status: str, code: str) -> None:
    bench = interrupted(on_fail={"*": ladder("retry", "ask")})
    bench.do(cmd.ReportRestart(holding=False))
    assert bench.at("load").status == "verifying"
    bench.wait(1)
    bench.do(bench.seen("load", verdict))
    assert (bench.at("load").status, bench.at("load").code) == (status, code)


def test_what_no_camera_can_see_after_a_restart_is_a_question() -> None:
    bench = interrupted(on_fail={"*": ladder("retry", "ask")})
    bench.do(cmd.ReportRestart(holding=False))
    for _ in range(2):
        bench.wait(1)
        bench.do(bench.seen("load", "cannot_see", reason="the robot's arm is in the way"))
    assert (bench.at("load").status, bench.at("load").code) == ("attention", "cannot_see")


@pytest.mark.parametrize("more", [{"check": ["person"]}, {"values": {"force_N": ValueSpec(kind="number", low=1.0)}}])
def test_what_a_camera_alone_cannot_decide_is_a_question(more: dict[str, object]) -> None:
    bench = interrupted(**more)
    bench.do(cmd.ReportRestart(holding=False))
    assert (bench.at("load").status, bench.at("load").code) == ("attention", "interrupted")


@pytest.mark.parametrize("rung", ["retry", "other_actor"])
def test_no_ladder_of_an_author_repeats_what_was_interrupted_without_a_look(rung: str) -> None:
    on_fail = {"*": ladder("ask"), "interrupted": ladder(rung, "ask"), "cannot_see": ladder("retry", "ask")}
    bench = interrupted(on_fail=on_fail)
    bench.do(cmd.ReportRestart(holding=False))
    assert bench.at("load").status == "verifying"
    for _ in range(2):
        bench.wait(1)
        bench.do(bench.seen("load", "cannot_see", reason="the lamp is out"))
    assert (bench.at("load").status, bench.at("load").code) == ("attention", "cannot_see")


@pytest.mark.parametrize("more", [{"check": ["person"]}, {"holds": "body"}])
def test_where_no_camera_can_tell_a_person_answers_though_an_author_would_have_it_tried_again(more: Any) -> None:
    bench = interrupted(on_fail={"*": ladder("ask"), "interrupted": ladder("retry", "ask")}, **more)
    bench.do(cmd.ReportRestart(holding="holds" in more))
    assert (bench.at("load").status, bench.at("load").code) == ("attention", "interrupted")


def test_what_may_not_be_run_again_by_itself_is_not_because_a_camera_has_looked() -> None:
    load = step("load", part="body", at="nest", by="robot", on_fail={"*": ladder("retry", "ask")})
    bench = Bench().running(variant(load, step("other", by="robot", check=["none"])))
    bench.do(cmd.StartStep(unit="u1", step="load", actors=("robot",), retry=False))
    bench.do(cmd.ReportRestart(holding=False))
    bench.wait(1)
    bench.do(bench.seen("load", "missing"))
    assert (bench.at("load").status, bench.at("load").code) == ("attention", "missing")
    assert bench.replayed() == bench.state


def test_a_look_moves_nothing_before_a_person_has_acknowledged() -> None:
    bench = interrupted(on_fail={"*": ladder("retry", "ask")})
    bench.do(cmd.ReportRestart(holding=False))
    bench.wait(1)
    bench.do(bench.seen("load", "missing"))
    assert bench.no(cmd.StartStep(unit="u1", step="load", actors=("robot",)))
    assert bench.no(cmd.ChangeCell(verb=CellVerb.UNHOLD)) == "interlock"
