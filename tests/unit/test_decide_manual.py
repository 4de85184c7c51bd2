"""Manual mode: who may move the robot by hand, when, and what that does to the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected
from orchestrator.core.geometry import Pose
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import CellVerb, Mode
from orchestrator.core.ports import Safety
from orchestrator.core.react import RunManual, react
from orchestrator.engine.taught import as_yaml
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, step, types, variant

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMMER = cmd.Who(name="ana", role="programmer")
TCP = Pose.from_rpy((0.4, -0.15, 0.2), (3.141592653589793, 0.0, 0.0))
JOG = cmd.StartJog(press="p1")
DRIVE = cmd.StartDrive(press="p1", to=TCP)


def manual() -> Bench:
    bench = Bench()
    bench.do(cmd.SetMode(mode=Mode.MANUAL), PROGRAMMER)
    return bench


def jogging() -> Bench:
    bench = manual()
    bench.do(JOG, PROGRAMMER)
    return bench


def driving() -> Bench:
    bench = manual()
    bench.do(DRIVE, PROGRAMMER)
    return bench


def opening() -> Bench:
    bench = manual()
    bench.do(cmd.MoveGripper(close=False), PROGRAMMER)
    return bench


def stopped() -> Bench:
    bench = manual()
    bench.verb(CellVerb.STOP)
    return bench


def production() -> Bench:
    return Bench()


def running() -> Bench:
    return Bench().running(variant(step("load", part="body", at="nest", by="robot")))


def end(bench: Bench, outcome: str = "succeeded", **more: object) -> cmd.EndManual:
    moving = bench.state.manual
    name = moving.id if moving else "manual/0"
    return cmd.EndManual.model_validate({"motion": name, "outcome": outcome, "tcp": TCP, **more})


COLUMNS: dict[str, Callable[[], Bench]] = {
    column.__name__: column for column in (production, running, manual, jogging, driving, opening, stopped)
}
ROWS: dict[str, Callable[[Bench], cmd.Command]] = {
    "jog": lambda b: cmd.StartJog(press="p2"),
    "drive": lambda b: cmd.StartDrive(press="p2", to=TCP),
    "gripper": lambda b: cmd.MoveGripper(close=True),
    "teach": lambda b: cmd.TeachFrame(name="here", tcp=TCP, joints_rad=(0.0,) * 6, opening_m=0.03),
    "mode production": lambda b: cmd.SetMode(mode=Mode.PRODUCTION),
    "start": lambda b: cmd.ChangeCell(verb=CellVerb.START),
    "hold": lambda b: cmd.ChangeCell(verb=CellVerb.HOLD),
    "stop": lambda b: cmd.ChangeCell(verb=CellVerb.STOP),
    "emergency stop": lambda b: cmd.ReportSafety(safety=Safety.EMERGENCY_STOP),
    "protective stop": lambda b: cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP),
    "robot lost": lambda b: cmd.ReportSafety(safety=Safety.UNKNOWN),
    "motion proposed": lambda b: cmd.ProposeMotion(effect="u1/load/1/skill", motion="m1"),
    "end": end,
    "end of another": lambda b: cmd.EndManual(motion="manual/999", outcome="succeeded"),
    "restart": lambda b: cmd.ReportRestart(),
}
TABLE: dict[str, dict[str, str]] = {
    "jog": {"manual": "manual_started", "*": "refused: interlock"},
    "drive": {"manual": "manual_started", "*": "refused: interlock"},
    "gripper": {"manual": "manual_started", "*": "refused: interlock"},
    "teach": {"manual": "frame_taught", "*": "refused: interlock"},
    "mode production": {"production": "nothing", "running": "refused: cell", "*": "mode_changed"},
    "start": {"production": "cell_changed", "running stopped": "refused: illegal_move", "*": "refused: interlock"},
    "hold": {"running": "cell_changed", "jogging driving opening": "nothing", "*": "refused: illegal_move"},
    "stop": {"stopped": "refused: illegal_move", "*": "cell_changed"},
    "emergency stop": {"*": "safety_changed cell_changed"},
    "protective stop": {"running": "safety_changed cell_changed", "*": "safety_changed"},
    "robot lost": {"running": "safety_changed cell_changed", "*": "safety_changed"},
    "motion proposed": {"running": "refused: stale", "*": "refused: interlock"},
    "end": {"jogging driving opening": "manual_ended", "*": "outcome_ignored"},
    "end of another": {"*": "outcome_ignored"},
    "restart": {"*": "cell_restarted"},
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", ROWS)
def test_every_pair_in_manual_mode_has_its_outcome(row: str, column: str) -> None:
    bench = COLUMNS[column]()
    named = {name: cell for names, cell in TABLE[row].items() for name in names.split()}
    assert types(bench.ask(ROWS[row](bench))) == named.get(column, named["*"])
    assert bench.replayed() == bench.state


def test_the_manual_table_has_a_row_for_everything_that_comes() -> None:
    assert TABLE.keys() == ROWS.keys()


@pytest.mark.parametrize("command", [JOG, DRIVE, cmd.MoveGripper(close=True)])
def test_workers_do_not_move_the_robot_by_hand(command: cmd.Command) -> None:
    assert types(manual().ask(command, WORKER)) == "command_denied"
    assert types(manual().ask(command, PROGRAMMER)) == "manual_started"


def test_a_second_person_is_told_who_jogs() -> None:
    refused = jogging().ask(cmd.StartJog(press="p2"), SUPERVISOR)
    assert isinstance(refused, Rejected)
    assert "ana moves the robot by hand" in refused.remedy


@pytest.mark.parametrize("safety", [s for s in Safety if s not in {Safety.NORMAL, Safety.REDUCED}])
def test_nobody_jogs_in_a_safety_stop(safety: Safety) -> None:
    bench = manual()
    bench.do(cmd.ReportSafety(safety=safety))
    assert bench.no(JOG) == "interlock"


def test_after_a_stop_a_word_is_needed_before_jogging() -> None:
    bench = stopped()
    assert bench.no(JOG) == "interlock"
    bench.do(cmd.Acknowledge())
    assert types(bench.do(JOG)) == "manual_started"


def test_a_jog_becomes_one_effect_with_its_press() -> None:
    bench = manual()
    (event,) = bench.do(JOG, PROGRAMMER)
    assert react(bench.state, event) == [RunManual(id=event.motion, what="jog", by="ana", press="p1")]  # type: ignore[union-attr]


def test_production_waits_until_what_moved_by_hand_stands() -> None:
    bench = jogging()
    bench.do(cmd.SetMode(mode=Mode.PRODUCTION))
    assert any("ana moves the robot by hand" in reason for reason in why_not(bench.state))
    assert bench.no(cmd.ChangeCell(verb=CellVerb.START)) == "interlock"
    bench.do(end(bench, "canceled"))
    bench.do(cmd.ChangeCell(verb=CellVerb.START))


def _holding() -> Bench:
    bench = Bench().running(variant(step("load", part="body", at="nest", by="robot")))
    bench.start("load", "robot")
    bench.do(bench.moved("body", "grasped", "gripper", pose=Pose((0.0, 0.0, 0.05))))
    bench.do(bench.skill("load", "failed", code="slipped"))
    bench.verb(CellVerb.STOP)
    bench.do(cmd.Acknowledge())
    bench.do(cmd.SetMode(mode=Mode.MANUAL))
    bench.do(cmd.MoveGripper(close=False))
    return bench


def test_what_an_opened_gripper_held_lies_doubtful_where_it_let_go() -> None:
    bench = _holding()
    assert types(bench.do(end(bench))) == "manual_ended part_moved"
    fact = bench.state.world.get("u1/body")
    assert fact is not None
    assert (fact.holder, fact.certainty) == ("cell", "doubtful")
    assert fact.pose.p == pytest.approx((0.4, -0.15, 0.15))
    assert types(bench.do(cmd.TakePart(part="u1/body"))) == "part_moved"


def test_an_opening_that_broke_off_leaves_it_doubtful_in_the_gripper() -> None:
    bench = _holding()
    bench.do(end(bench, "canceled"))
    fact = bench.state.world.held()
    assert fact is not None
    assert fact.certainty == "doubtful"


def teach(name: str, relative_to: str = "") -> cmd.TeachFrame:
    return cmd.TeachFrame(
        name=name, relative_to=relative_to, tcp=TCP, joints_rad=(1.5707963,) + (0.0,) * 5, opening_m=0.03
    )


def test_what_is_taught_comes_back_as_yaml_for_the_cell_file() -> None:
    bench = manual()
    bench.do(teach("above"), PROGRAMMER)
    bench.do(teach("in_nest", "nest_1"), PROGRAMMER)
    text = as_yaml(bench.state.taught.values())
    assert text.splitlines() == [
        "# for the cell file",
        "frames:",
        "  above: {xyz_mm: [400, -150, 200], rpy_deg: [180, 0, 0]}",
        "  #   joints_deg: [90, 0, 0, 0, 0, 0]",
        "  in_nest: {xyz_mm: [400, -150, 200], rpy_deg: [180, 0, 0]}",
        "  #   from nest_1: xyz_mm: [0, 0, 200], rpy_deg: [180, 0, 0]",
        "  #   joints_deg: [90, 0, 0, 0, 0, 0]",
    ]
    assert bench.no(teach("lost", "nowhere")) == "no_frame"


def test_what_is_taught_relative_to_a_part_is_a_grasp_of_its_kind() -> None:
    bench = _holding()
    bench.do(end(bench))
    bench.do(teach("side", "u1/body"))
    assert as_yaml(bench.state.taught.values()).splitlines() == [
        "# for the part body in the procedure",
        "grasps:",
        "  side: {xyz_mm: [0, 0, -50], rpy_deg: [0, 0, 0], opening_mm: 30}",
    ]


def test_a_name_that_is_taught_again_replaces_the_old_one() -> None:
    bench = manual()
    bench.do(teach("a"))
    bench.do(teach("b"))
    bench.do(teach("a", "nest_1"))
    assert list(bench.state.taught) == ["b", "a"]
    assert bench.state.taught["a"].relative_to == "nest_1"
