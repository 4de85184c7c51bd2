"""The cell's own rules: restart, safety, mode, places, bins, parts in hand, motions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from pydantic import ValidationError

from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected
from orchestrator.core.geometry import Pose
from orchestrator.core.interlock import SAFETY_SAYS
from orchestrator.core.machine import Autonomy, CellState, CellVerb, Mode
from orchestrator.core.ports import Safety
from orchestrator.core.state import skill_effect
from orchestrator.core.variant import ValueSpec
from tests.unit.core_builders import Bench, ladder, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")
PIN = step("pin", ["load"], part="pin", at="body/seat", on_fail={"*": ladder("ask"), "interrupted": ladder("scrap")})
WHOLE = variant(LOAD, PIN, step("last", ["pin"], by="human", check=["person"]))


def _bench() -> Bench:
    bench = Bench().running(WHOLE, quantity=2)
    bench.finish("load")
    return bench


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("idle", "idle"),
        ("starting", "held"),
        ("execute", "held"),
        ("holding", "held"),
        ("held", "held"),
        ("unholding", "held"),
        ("suspending", "held"),
        ("suspended", "held"),
        ("unsuspending", "held"),
        ("stopping", "stopped"),
        ("stopped", "stopped"),
        ("aborting", "aborted"),
        ("aborted", "aborted"),
        ("clearing", "aborted"),
        ("resetting", "stopped"),
        ("completing", "held"),
        ("completed", "completed"),
    ],
)
def test_after_a_restart_nothing_moves_by_itself(before: str, after: str) -> None:
    bench = Bench()
    bench.state = replace(bench.state, cell=CellState(before))
    bench.do(cmd.ReportRestart())
    assert bench.state.cell == after
    assert not bench.state.acknowledged
    assert bench.state.places == {}


def test_after_a_restart_a_person_must_say_that_the_cell_is_clear() -> None:
    bench = _bench()
    bench.do(cmd.ReportRestart())
    assert bench.no(cmd.ChangeCell(verb=CellVerb.UNHOLD)) == "interlock"
    bench.do(cmd.Acknowledge())
    bench.verb(CellVerb.UNHOLD)


def test_a_cell_that_completes_begins_no_new_motion() -> None:
    """Nobody can hold it there."""
    bench = Bench().running(variant(LOAD))
    bench.start("load", "robot")
    proposed = cmd.ProposeMotion(effect=skill_effect("u1", "load", 1), motion="m1")
    assert bench.no(cmd.ChangeCell(verb=CellVerb.COMPLETE)) == "at_work"
    bench.state = replace(bench.state, cell=CellState.COMPLETING)
    refused = bench.ask(proposed)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.remedy) == ("interlock", "The cell is completing.")
    bench.state = replace(bench.state, cell=CellState.EXECUTE)
    assert types(bench.do(proposed)) == "motion_intended"


# ---- safety ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("safety", [Safety.EMERGENCY_STOP, Safety.FAULT])
@pytest.mark.parametrize("verb", [None, CellVerb.HOLD, CellVerb.STOP])
def test_emergency_stop_and_fault_abort_from_wherever_the_cell_is(safety: Safety, verb: CellVerb | None) -> None:
    bench = _bench()
    if verb:
        bench.verb(verb)
    bench.do(cmd.ReportSafety(safety=safety))
    assert bench.state.cell == "aborting"
    bench.do(cmd.SettleCell(state="aborting"))
    assert bench.no(cmd.ChangeCell(verb=CellVerb.CLEAR)) == "interlock"
    bench.do(cmd.ReportSafety(safety=Safety.NORMAL))
    bench.verb(CellVerb.CLEAR)
    bench.verb(CellVerb.RESET)
    assert bench.no(cmd.ChangeCell(verb=CellVerb.START)) == "interlock"
    bench.do(cmd.Acknowledge())
    bench.verb(CellVerb.START)


def test_stale_safety_data_holds_and_starts_nothing() -> None:
    bench = _bench()
    bench.do(cmd.ReportSafety(safety=Safety.UNKNOWN))
    assert bench.state.cell == "holding"
    assert bench.no(cmd.StartStep(unit="u1", step="pin", actors=("robot",))) == "interlock"


def test_a_protective_stop_while_the_cell_stands_still_needs_a_word_too() -> None:
    bench = Bench()
    bench.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    assert bench.state.cell == "idle"
    assert types(bench.do(cmd.Acknowledge())) == "acknowledged"


def test_of_two_people_who_say_that_the_cell_is_clear_the_first_is_on_record_and_nothing_is_released_twice() -> None:
    bench = _bench()
    bench.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    shown = bench.state.alarms
    anna, ben = cmd.Who(name="anna", role="worker"), cmd.Who(name="ben", role="supervisor")
    first = bench.do(cmd.Acknowledge(n=shown), anna)
    assert [event.by for event in first if event.type == "acknowledged"] == ["anna"]
    assert bench.do(cmd.Acknowledge(n=shown), ben) == []  # granted, as it is so: the robot is not asked once more
    bench.do(cmd.ReportSafety(safety=Safety.NORMAL))
    bench.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    assert types(bench.ask(cmd.Acknowledge(n=shown), ben)) == "refused: stale"  # never for the stop that came since
    assert [event.by for event in bench.do(cmd.Acknowledge(n=bench.state.alarms), ben)] == ["ben"]


def test_a_word_about_a_stop_does_not_release_another_that_came_since() -> None:
    bench = _bench()
    bench.do(cmd.ReportSafety(safety=Safety.SAFEGUARD_STOP))
    shown = bench.state.alarms
    bench.do(cmd.ReportSafety(safety=Safety.NORMAL))
    bench.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    assert types(bench.ask(cmd.Acknowledge(n=shown))) == "refused: stale"
    assert not bench.state.acknowledged
    assert types(bench.do(cmd.Acknowledge(n=bench.state.alarms))) == "acknowledged"
    assert types(bench.do(cmd.Acknowledge(n=bench.state.alarms))) == "nothing"  # a second screen's press, of the same


@pytest.mark.parametrize("safety", [Safety.SAFEGUARD_STOP, Safety.EMERGENCY_STOP, Safety.FAULT, Safety.UNKNOWN])
def test_nobody_can_say_that_the_cell_is_clear_while_what_stopped_it_lasts(safety: Safety) -> None:
    bench = _bench()
    bench.do(cmd.ReportSafety(safety=safety))
    refused = bench.ask(cmd.Acknowledge())
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.remedy) == ("interlock", SAFETY_SAYS[safety])
    bench.do(cmd.ReportSafety(safety=Safety.NORMAL))
    assert types(bench.do(cmd.Acknowledge())) == "acknowledged"


def test_a_robot_that_connects_to_an_idle_cell_asks_nothing() -> None:
    bench = Bench()
    for safety in (Safety.UNKNOWN, Safety.NORMAL):
        bench.do(cmd.ReportSafety(safety=safety))
    assert bench.state.acknowledged
    assert bench.do(cmd.ReportSafety(safety=Safety.NORMAL)) == []


def test_the_mode_changes_only_while_the_cell_stands_still_and_only_production_starts() -> None:
    bench = Bench()
    bench.do(cmd.SetMode(mode=Mode.MANUAL))
    assert bench.no(cmd.ChangeCell(verb=CellVerb.START)) == "interlock"
    bench.do(cmd.SetMode(mode=Mode.PRODUCTION))
    bench.verb(CellVerb.START)
    assert bench.no(cmd.SetMode(mode=Mode.MANUAL)) == "cell"


def test_a_transient_state_settles_once() -> None:
    bench = Bench()
    bench.do(cmd.ChangeCell(verb=CellVerb.START))
    bench.do(cmd.SettleCell(state="starting"))
    assert bench.do(cmd.SettleCell(state="starting")) == []
    assert bench.no(cmd.ChangeCell(verb=CellVerb.SETTLE)) == "not_yours"


# ---- places, bins, parts ---------------------------------------------------------------------------------------


def test_a_qualification_is_asked_of_whoever_starts_and_of_whoever_confirms() -> None:
    bench = Bench().running(variant(step("weld", by="human", check=["person"], needs=["welder"]), LOAD))
    start = cmd.StartStep(unit="u1", step="weld", actors=("front",))
    assert bench.no(start) == "qualification"
    bench.do(cmd.JoinPlace(place="front", operator="op-front", qualifications=("welder",)))
    bench.do(start)
    bench.do(cmd.LeavePlace(place="front"))
    assert bench.no(bench.confirm("weld")) == "nobody"
    bench.do(cmd.JoinPlace(place="front", operator="op-new"))
    assert bench.no(bench.confirm("weld")) == "qualification"
    bench.do(cmd.LeavePlace(place="front"))
    bench.do(cmd.JoinPlace(place="front", operator="op-new", qualifications=("welder",)))
    bench.do(bench.confirm("weld"))


def test_nobody_takes_the_place_of_someone_at_work() -> None:
    bench = _bench()
    bench.start("pin", "front")
    assert bench.no(cmd.JoinPlace(place="front", operator="op-x")) == "occupied"
    assert bench.no(cmd.JoinPlace(place="roof", operator="op-x")) == "no_place"


def test_a_starved_step_starts_after_a_refill() -> None:
    bench = _bench()
    bench.do(cmd.RefillBin(bin="tray", count=0))
    start = cmd.StartStep(unit="u1", step="pin", actors=("robot",))
    assert bench.no(start) == "starved"
    assert bench.no(cmd.RefillBin(bin="tray", count=7)) == "too_many"
    assert bench.no(cmd.RefillBin(bin="cup", count=1)) == "no_bin"
    assert bench.no(cmd.RefillBin(bin="shelf", count=1)) == "not_counted"
    bench.do(cmd.RefillBin(bin="tray", count=1))
    bench.do(start)
    bench.do(bench.moved("pin", "grasped", "gripper", bin="tray"))
    assert bench.state.bins["tray"] == 0


def test_a_tracked_part_needs_its_number_also_when_the_claim_comes_late() -> None:
    board = step("board", ["load"], part="board", at="body/side", by="human", on_fail=ladder("retry"))
    bench = Bench().running(variant(LOAD, board))
    bench.finish("load")
    bench.start("board", "front")
    assert bench.no(bench.confirm("board")) == "missing_lot"
    assert bench.no(bench.confirm("board", lots={"board": " "})) == "missing_lot"
    bench.do(cmd.ReportProblem(unit="u1", step="board", attempt=1, place="front", code="dropped"))
    assert bench.no(bench.confirm("board", attempt=1)) == "missing_lot"
    bench.do(bench.confirm("board", attempt=1, lots={"board": "S-7"}))
    assert bench.at("board").attempts[-1].lots == {"board": "S-7"}


def test_a_built_in_part_is_not_just_taken() -> None:
    bench = _bench()
    assert bench.no(cmd.TakePart(part="u1/body")) == "built_in"
    assert bench.no(cmd.TakePart(part="u1/ghost")) == "no_part"
    bench.do(bench.moved("body", "grasped", "gripper"))
    assert types(bench.do(cmd.TakePart(part="u1/body"))) == "part_moved step_undone"
    assert bench.at("load").status == "ready"


def test_two_parts_are_never_in_the_gripper_at_once() -> None:
    bench = _bench()
    bench.do(bench.moved("pin", "grasped", "gripper"))
    bench.do(bench.moved("lid", "grasped", "gripper"))
    held = bench.state.world.held()
    assert held is not None
    assert held.part == "u1/lid"
    pin = bench.state.world.get("u1/pin")
    assert pin is not None
    assert pin.certainty == "unknown"


def test_a_part_does_not_sit_on_itself() -> None:
    bench = _bench()
    bench.do(bench.moved("pin", "placed", "u1/body"))
    assert types(bench.do(bench.moved("body", "placed", "u1/pin"))) == "outcome_ignored"
    assert types(bench.do(bench.moved("lid", "placed", "u1/lid"))) == "outcome_ignored"


# ---- what a camera and a scanner say ---------------------------------------------------------------------------


def test_what_the_camera_measures_is_counted_from_the_nominal_place_however_often_it_looks() -> None:
    bench = _bench()
    bench.start("pin", "robot")
    bench.do(bench.moved("pin", "placed", "u1/body", frame="seat", pose=Pose((0, 0, 0.05))))
    bench.do(bench.skill("pin"))
    for _ in range(2):
        bench.do(bench.seen("pin", "displaced", offset_mm=(2, 0, 0), turn_deg=(0, 0, 90)))
        fact = bench.state.world.get("u1/pin")
        assert fact is not None
        assert fact.pose.p == pytest.approx((0.002, 0, 0.05))
        assert fact.pose.q == pytest.approx((math.sqrt(0.5), 0, 0, math.sqrt(0.5)), abs=1e-5)
        bench.do(bench.choice("pin", "recheck"))


def test_a_part_that_nobody_reported_is_in_the_ledger_once_it_was_seen() -> None:
    bench = _bench()
    bench.finish("pin", "robot")
    fact = bench.state.world.get("u1/pin")
    assert fact is not None
    assert (fact.holder, fact.frame, fact.source) == ("u1/body", "seat", "measured")


@pytest.mark.parametrize(
    ("pattern", "read", "fits"),
    [
        ("$serial", "u1", True),
        ("$serial", "u2", False),
        ("SN-$(serial)-A", "SN-u1-A", True),
        (r"LOT \d{3}", "LOT 123", True),
        (r"LOT \d{3}", "LOT 1234", False),
        ("A(1", "A(1", True),
        ("a.c", "abc", True),
    ],
)
def test_a_scan_reads_the_text_the_pattern_or_the_units_serial(pattern: str, read: str, *, fits: bool) -> None:
    values = {"code": ValueSpec(kind="scan", pattern=pattern)}
    bench = Bench().running(variant(step("scan", by="human", check=["person"], values=values), LOAD))
    bench.start("scan", "front")
    bench.do(bench.confirm("scan", values={"code": read}))
    assert (bench.at("scan").status == "done") == fits


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_reaches_neither_limits_nor_journal(value: float) -> None:
    bench = _bench()
    with pytest.raises(ValidationError):
        bench.confirm("pin", values={"torque_Nm": value})
    with pytest.raises(ValidationError):
        bench.moved("pin", "placed", "press", pose=Pose((0, 0, value)))
    with pytest.raises(ValidationError):
        cmd.Measured(verdict="ok", offset_mm=(0, 0, value))


# ---- motions ---------------------------------------------------------------------------------------------------


def test_where_autonomy_asks_a_motion_waits_for_a_person() -> None:
    bench = _bench()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    bench.start("pin", "robot")
    propose = cmd.ProposeMotion(effect="u1/pin/1/skill", motion="m1", plan="p7")
    assert types(bench.do(propose)) == "motion_proposed"
    assert bench.no(propose) == "duplicate"
    bench.do(cmd.ApproveMotion(motion="m1"))
    assert (bench.state.motions["m1"].approved, bench.state.motions["m1"].plan) == (True, "p7")
    assert bench.no(cmd.ApproveMotion(motion="m1")) == "stale"


def test_a_called_off_skill_neither_proposes_nor_is_approved() -> None:
    bench = _bench()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    bench.start("pin", "robot")
    bench.do(cmd.ProposeMotion(effect="u1/pin/1/skill", motion="m1"))
    bench.do(bench.skill("pin", "canceled"))
    assert bench.no(cmd.ApproveMotion(motion="m1")) == "stale"
    assert bench.no(cmd.ProposeMotion(effect="u1/pin/1/skill", motion="m2")) == "stale"


def test_no_motion_starts_while_the_cell_is_held() -> None:
    bench = _bench()
    bench.start("pin", "robot")
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    assert bench.no(cmd.ProposeMotion(effect="u1/pin/1/skill", motion="m1")) == "interlock"


def test_the_cell_is_not_complete_while_anything_is_under_way_as_then_nobody_could_hold_it() -> None:
    bench = Bench().running(WHOLE)
    bench.start("load", "robot")
    assert types(bench.ask(cmd.ChangeCell(verb=CellVerb.COMPLETE))) == "refused: at_work"
    bench.do(bench.skill("load", "canceled"))
    assert bench.at("load").status == "ready"
    bench.do(cmd.ChangeCell(verb=CellVerb.COMPLETE))
    assert bench.state.cell == CellState.COMPLETING
