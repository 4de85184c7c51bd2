"""The race table of retreats: whatever comes, wherever a retreat stands, has one outcome that is written down here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import Rejected
from orchestrator.core.machine import Autonomy, CellState, CellVerb, Mode
from orchestrator.core.ports import Safety
from orchestrator.core.react import Cancel, RunRetreat, react
from orchestrator.core.records import replace
from orchestrator.core.retreat import retreats, why_not_retreat
from orchestrator.core.state import moves_robot
from orchestrator.engine.retreat_view import retreat_view
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, cell, ladder, step, types, variant

if TYPE_CHECKING:
    from collections.abc import Callable


def _bench(*, motions: int = 1) -> Bench:
    """The robot was at `pin` with the part in its gripper as the cell was held; a person has `lid` in hand."""
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", by="robot", on_fail=ladder("retry", "ask"))
    lid = step("lid", ["load"], part="board", at="body/side", by="human", check=["person"])
    bench = Bench(cell(approvals={"motions": motions})).running(variant(load, pin, lid))
    bench.finish("load")
    bench.start("pin", "robot")
    bench.do(bench.moved("pin", "grasped", "gripper"))
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    bench.do(bench.skill("pin", "canceled"))
    bench.do(cmd.SettleCell(state="holding"))
    assert bench.state.cell == CellState.HELD
    return bench


# ---- columns: where the retreat stands -------------------------------------------------------------------------


def held() -> Bench:
    return _bench()


def planning() -> Bench:
    bench = _bench()
    bench.do(cmd.Retreat(), WORKER)
    return bench


def shown() -> Bench:
    bench = planning()
    bench.do(propose(bench))
    return bench


def half() -> Bench:
    """Two people are to approve it, and one has."""
    bench = _bench(motions=2)
    bench.do(cmd.Retreat(), WORKER)
    bench.do(propose(bench))
    bench.do(cmd.ApproveMotion(motion="m", place="back"))
    return bench


def moving() -> Bench:
    bench = shown()
    bench.do(cmd.ApproveMotion(motion="m", place="front"))
    return bench


def stopping() -> Bench:
    bench = moving()
    bench.do(cmd.StopRetreat())
    return bench


def dropped() -> Bench:
    """Only shown, and not wanted: its task has not said so yet."""
    bench = shown()
    bench.do(cmd.StopRetreat())
    return bench


def gone() -> Bench:
    bench = moving()
    bench.do(cmd.EndMotion(effect=effect(bench), motion="m", outcome="succeeded"))
    bench.do(cmd.EndRetreat(retreat=effect(bench), outcome="succeeded"))
    return bench


COLUMNS: dict[str, Callable[[], Bench]] = {
    column.__name__: column for column in (held, planning, shown, half, moving, stopping, dropped, gone)
}


# ---- rows: what comes ------------------------------------------------------------------------------------------


def effect(bench: Bench) -> str:
    return bench.state.retreat.id if bench.state.retreat is not None else "retreat/1"


def propose(bench: Bench) -> cmd.ProposeMotion:
    return cmd.ProposeMotion(effect=effect(bench), motion="m", text="Straight out of body/seat, 70 mm.")


def _end(bench: Bench, outcome: str, code: str = "") -> cmd.EndRetreat:
    return cmd.EndRetreat.model_validate({"retreat": effect(bench), "outcome": outcome, "code": code})


ROWS: dict[str, Callable[[Bench], cmd.Command]] = {
    "retreat": lambda _: cmd.Retreat(),
    "stop retreat": lambda _: cmd.StopRetreat(),
    "way planned": propose,
    "way of another planned": lambda _: cmd.ProposeMotion(effect="retreat/999", motion="m9"),
    "approved": lambda _: cmd.ApproveMotion(motion="m", place="front"),
    "approved by the same person": lambda _: cmd.ApproveMotion(motion="m", place="back"),
    "refused by a person": lambda _: cmd.RefuseMotion(motion="m", reason="not like this"),
    "motion succeeded": lambda b: cmd.EndMotion(effect=effect(b), motion="m", outcome="succeeded"),
    "motion ended, nobody knows how": lambda b: cmd.EndMotion(effect=effect(b), motion="m", outcome="unknown"),
    "ended well": lambda b: _end(b, "succeeded"),
    "no way": lambda b: _end(b, "rejected", "no_way"),
    "called off": lambda b: _end(b, "canceled"),
    "ended, nobody knows how": lambda b: _end(b, "unknown"),
    "end of another": lambda _: cmd.EndRetreat(retreat="retreat/999", outcome="succeeded"),
    "trail": lambda _: cmd.NoteTrail(points=((0.0,) * 6, (1.0,) * 6)),
    "hold": lambda _: cmd.ChangeCell(verb=CellVerb.HOLD),
    "suspend": lambda _: cmd.ChangeCell(verb=CellVerb.SUSPEND),
    "go on": lambda _: cmd.ChangeCell(verb=CellVerb.UNHOLD),
    "stop": lambda _: cmd.ChangeCell(verb=CellVerb.STOP),
    "abort": lambda _: cmd.ChangeCell(verb=CellVerb.ABORT),
    "manual mode": lambda _: cmd.SetMode(mode=Mode.MANUAL),
    "jog": lambda _: cmd.StartJog(press="p"),
    "safeguard": lambda _: cmd.ReportSafety(safety=Safety.SAFEGUARD_STOP),
    "protective stop": lambda _: cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP),
    "emergency stop": lambda _: cmd.ReportSafety(safety=Safety.EMERGENCY_STOP),
    "stale data": lambda _: cmd.ReportSafety(safety=Safety.UNKNOWN),
    "restart": lambda _: cmd.ReportRestart(),
    "autonomy lowered": lambda _: cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP),
    "start by the robot": lambda _: cmd.StartStep(unit="u1", step="pin", actors=("robot",)),
    "motion of a skill": lambda _: cmd.ProposeMotion(effect="u1/pin/1/skill", motion="m2"),
    "part taken out": lambda _: cmd.TakePart(part="u1/pin"),
    "cell paused": lambda _: cmd.Pause(what="cell"),
    "robot paused": lambda _: cmd.Pause(what="lane", name="robot"),
    "place paused": lambda _: cmd.Pause(what="lane", name="front"),
}

# Row: what comes. Cell: the events that follow, or the refusal; after "->" how the retreat stands where that changes:
# "off" without one, "plan" while it is planned, "show", "move", "stop" once it is called off. A "!" says that what
# moves, or shall, is called off by it. "*" stands for every column that the row does not name.

TABLE: dict[str, dict[str, str]] = {
    "retreat": {
        "held gone": "retreat_asked -> plan",
        "*": "refused: interlock",
    },
    "stop retreat": {
        "planning shown half moving": "retreat_stopped -> stop !",
        "*": "nothing",
    },
    "way planned": {
        "planning": "motion_proposed -> show",
        "shown half moving": "refused: duplicate",
        "*": "refused: stale",
    },
    "way of another planned": {"*": "refused: stale"},
    "approved": {
        "shown half": "motion_approved motion_intended -> move",
        "*": "refused: stale",
    },
    "approved by the same person": {
        "shown": "motion_approved motion_intended -> move",
        "half": "refused: same_person",
        "*": "refused: stale",
    },
    "refused by a person": {
        "shown half": "motion_refused",
        "*": "refused: stale",
    },
    "motion succeeded": {
        "shown half": "motion_ended -> plan",  # which the engine never says
        "moving": "motion_ended -> plan",
        "stopping": "motion_ended",
        "*": "outcome_ignored",
    },
    "motion ended, nobody knows how": {
        "shown half": "motion_ended cell_changed -> plan !",
        "moving": "motion_ended cell_changed -> plan !",
        "stopping": "motion_ended cell_changed",
        "*": "outcome_ignored",
    },
    "ended well": {
        "planning shown half moving stopping dropped": "retreat_ended -> off",
        "*": "outcome_ignored",
    },
    "no way": {
        "planning shown half moving stopping dropped": "retreat_ended -> off",
        "*": "outcome_ignored",
    },
    "called off": {
        "planning shown half moving stopping dropped": "retreat_ended -> off",
        "*": "outcome_ignored",
    },
    "ended, nobody knows how": {
        "planning shown half moving": "retreat_ended cell_changed -> off !",
        "stopping dropped": "retreat_ended cell_changed -> off",
        "*": "outcome_ignored",
    },
    "end of another": {"*": "outcome_ignored"},
    "trail": {
        "held gone": "trail_noted",
        "*": "nothing",
    },
    "hold": {
        "planning shown half moving": "retreat_stopped -> stop !",
        "stopping dropped held gone": "nothing",
        "*": "refused: illegal_move",
    },
    "suspend": {
        "planning shown half moving": "retreat_stopped -> stop !",
        "stopping dropped": "nothing",
        "*": "refused: illegal_move",
    },
    "go on": {
        "held gone": "cell_changed",
        "*": "refused: interlock",
    },
    "stop": {
        "planning shown half moving": "cell_changed !",
        "*": "cell_changed",
    },
    "abort": {
        "planning shown half moving": "cell_changed !",
        "*": "cell_changed",
    },
    "manual mode": {"*": "refused: cell"},
    "jog": {"*": "refused: interlock"},
    "safeguard": {
        "planning shown half moving": "safety_changed !",
        "*": "safety_changed",
    },
    "protective stop": {
        "planning shown half moving": "safety_changed !",
        "*": "safety_changed",
    },
    "emergency stop": {
        "planning shown half moving": "safety_changed cell_changed !",
        "*": "safety_changed cell_changed",
    },
    "stale data": {
        "planning shown half moving": "safety_changed !",
        "*": "safety_changed",
    },
    "restart": {
        "held gone": "cell_restarted part_moved",
        "*": "cell_restarted part_moved -> off",
    },
    "autonomy lowered": {
        "*": "autonomy_changed",
    },
    "start by the robot": {"*": "refused: interlock"},
    "motion of a skill": {"*": "refused: interlock"},
    "part taken out": {
        "moving stopping": "refused: moving",
        "*": "part_moved",
    },
    "cell paused": {
        "planning shown half moving": "retreat_stopped -> stop !",
        "stopping dropped": "nothing",
        "*": "refused: cell",
    },
    "robot paused": {
        "planning shown half moving": "retreat_stopped -> stop !",
        "stopping dropped": "nothing",
        "*": "refused: cell",
    },
    "place paused": {"*": "paused"},
}


def _stands(bench: Bench) -> str:
    state = bench.state
    if state.retreat is None:
        return "off"
    if state.retreat.stopped:
        return "stop"
    motion = next(iter(state.motions.values()), None)
    return "plan" if motion is None else "move" if motion.approved else "show"


def _expected(row: str, column: str) -> str:
    cells = TABLE[row]
    return next((cells[names] for names in cells if column in names.split()), cells.get("*", "?"))


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", ROWS)
def test_what_comes_has_one_outcome(row: str, column: str) -> None:
    bench = COLUMNS[column]()
    before, allowed, running = _stands(bench), retreats(bench.state), effect(bench)
    verdict = bench.ask(ROWS[row](bench), SUPERVISOR if row in {"retreat", "stop retreat"} else cmd.ENGINE)
    if isinstance(verdict, Rejected):
        said = f"refused: {verdict.code}"
    else:
        said = types(verdict) or "nothing"
        stands = _stands(bench)
        said += f" -> {stands}" if stands != before else ""
        prefixes = [e.prefix for event in verdict for e in react(bench.state, event) if isinstance(e, Cancel)]
        goes = before in {"plan", "show", "move"}
        called_off = goes and any(running.startswith(prefix) for prefix in prefixes)
        said += " !" if called_off else ""
        assert not (called_off and retreats(bench.state))
    assert said == _expected(row, column)
    if retreats(bench.state) and not allowed:  # it is let go by approvals and nothing else
        assert row.startswith("approved")
    held_part = bench.state.world.held()
    assert held_part is not None or row == "part taken out"


def test_every_row_and_column_is_in_the_table() -> None:
    assert TABLE.keys() == ROWS.keys()
    for cells in TABLE.values():
        named = [name for names in cells for name in names.split() if name != "*"]
        assert len(named) == len(set(named))
        assert set(named) <= COLUMNS.keys()


# ---- what it takes ---------------------------------------------------------------------------------------------


def test_its_effect_moves_the_robot_and_is_set_going_by_the_asking() -> None:
    bench = held()
    (asked,) = bench.do(cmd.Retreat(), WORKER)
    assert isinstance(asked, ev.RetreatAsked)
    assert asked.by == "worker"
    assert react(bench.state, asked) == [RunRetreat(asked.retreat)]
    assert moves_robot(asked.retreat)


@pytest.mark.parametrize("autonomy", list(Autonomy))
def test_people_approve_it_at_every_level_of_autonomy(autonomy: Autonomy) -> None:
    bench = _bench(motions=2)
    bench.do(cmd.SetAutonomy(autonomy=autonomy))
    bench.do(cmd.Retreat())
    assert types(bench.do(propose(bench))) == "motion_proposed"
    assert types(bench.do(cmd.ApproveMotion(motion="m", place="front"))) == "motion_approved"
    assert bench.no(cmd.ApproveMotion(motion="m", place="front")) == "same_person"
    assert types(bench.do(cmd.ApproveMotion(motion="m", place="back"))) == "motion_approved motion_intended"


def test_an_approver_who_has_left_has_not_approved() -> None:
    bench = half()
    bench.do(cmd.LeavePlace(place="back"))
    assert types(bench.do(cmd.ApproveMotion(motion="m", place="front"))) == "motion_approved"


def test_a_person_must_have_said_that_the_cell_is_clear_after_a_stop_or_a_restart() -> None:
    for comes in (cmd.ReportRestart(holding=True), cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP)):
        bench = held()
        bench.do(comes)
        assert bench.no(cmd.Retreat()) == "interlock"
        bench.do(cmd.Acknowledge())
        bench.do(cmd.ReportSafety(safety=Safety.NORMAL))
        bench.do(cmd.Retreat())


def test_a_stopped_cell_lets_the_arm_retreat_once_acknowledged_and_an_aborted_one_once_cleared() -> None:
    bench = held()
    bench.verb(CellVerb.ABORT)
    assert bench.no(cmd.Retreat()) == "interlock"
    bench.verb(CellVerb.CLEAR)
    assert bench.no(cmd.Retreat()) == "interlock"
    bench.do(cmd.Acknowledge())
    bench.do(cmd.Retreat())
    assert bench.no(cmd.ChangeCell(verb=CellVerb.RESET)) == "interlock"
    assert bench.no(cmd.SetMode(mode=Mode.MANUAL)) == "interlock"
    assert types(bench.do(cmd.ChangeCell(verb=CellVerb.HOLD))) == "retreat_stopped"
    bench.do(_end(bench, "canceled"))
    bench.verb(CellVerb.RESET)


@pytest.mark.parametrize(
    ("verbs", "mode"), [((CellVerb.STOP,), Mode.MANUAL), ((CellVerb.STOP,), Mode.MAINTENANCE)], ids=str
)
def test_other_modes_than_production_have_other_ways(verbs: tuple[CellVerb, ...], mode: Mode) -> None:
    bench = held()
    for verb in verbs:
        bench.verb(verb)
    bench.do(cmd.Acknowledge())
    bench.do(cmd.SetMode(mode=mode))
    assert [reason.code for reason in why_not_retreat(bench.state)] == ["mode"]  # type: ignore[attr-defined]


def test_zones_that_people_were_in_already_are_kept_out_of_and_new_ones_call_it_off() -> None:
    bench = Bench().running(
        variant(
            step("load", part="body", at="nest", by="robot"),
            step("lid", ["load"], part="board", at="body/side", by="human", check=["person"]),
        )
    )
    bench.finish("load")
    bench.start("lid", "front")
    bench.verb(CellVerb.HOLD)
    (asked,) = bench.do(cmd.Retreat())
    assert isinstance(asked, ev.RetreatAsked)
    assert asked.peopled == ("zone:west",)
    bench.do(propose(bench))
    assert why_not_retreat(bench.state, effect(bench)) == ()
    bench.do(cmd.ReportProblem(unit="u1", step="lid", attempt=1, place="front"))  # it is a question, its zone is kept
    bench.do(cmd.ApproveMotion(motion="m"))
    assert retreats(bench.state)


def test_hands_that_may_be_in_a_zone_since_it_was_shown_call_it_off() -> None:
    bench = Bench().running(
        variant(
            step("load", part="body", at="nest", by="robot"),
            step("lid", ["load"], part="board", at="body/side", check=["person"]),
        )
    )
    bench.finish("load")
    bench.verb(CellVerb.HOLD)
    bench.do(cmd.Retreat())
    bench.do(propose(bench))
    bench.do(cmd.ApproveMotion(motion="m"))
    bench.state = replace(bench.state, unclear={"front": ("zone:west",)})
    (reason,) = why_not_retreat(bench.state, effect(bench))
    assert reason.code == "unclear"  # type: ignore[attr-defined]
    other = ev.SafetyChanged(safety=Safety.REDUCED)
    assert Cancel(effect(bench)) in react(bench.state, other)
    assert not retreats(bench.state)
    bench.do(cmd.EndMotion(effect=effect(bench), motion="m", outcome="canceled"))
    bench.do(_end(bench, "canceled"))
    assert bench.state.retreated is not None
    assert "front" in bench.state.retreated.message
    bench.do(cmd.Retreat())  # which keeps out of it
    bench.state = replace(bench.state, unclear={"front": ("zone:*",)})
    assert [r.code for r in why_not_retreat(bench.state, effect(bench))] == ["unclear_anywhere"]  # type: ignore[attr-defined]


def test_an_arm_that_nobody_knows_to_stand_brings_the_cell_down_and_asks_for_a_word() -> None:
    bench = moving()
    bench.do(cmd.EndMotion(effect=effect(bench), motion="m", outcome="unknown", code="no_stand", message="no answer"))
    assert (bench.state.cell, bench.state.cell_reason) == (CellState.STOPPING, "no answer")
    assert not bench.state.acknowledged
    bench.do(_end(bench, "canceled"))
    assert bench.state.cell == CellState.STOPPING
    bench.do(cmd.SettleCell(state="stopping", trouble=("The robot did not stand within 10 s.",)))
    assert bench.state.cell == CellState.ABORTING


def test_a_restart_in_the_middle_says_so_and_nothing_of_it_is_left() -> None:
    bench = moving()
    bench.do(cmd.ReportRestart(holding=True))
    assert bench.state.retreat is None
    assert bench.state.motions == {}
    assert bench.state.retreated is not None
    assert bench.state.retreated.code == "restarted"
    assert bench.no(cmd.ApproveMotion(motion="m")) == "stale"


def test_the_trail_outlives_a_restart_and_no_motion() -> None:
    bench = held()
    bench.do(cmd.NoteTrail(points=((0.0,) * 6, (1.0,) * 6), stands=(0, 1), since=5.0))
    kept = bench.state.trail
    assert kept is not None
    assert bench.do(cmd.NoteTrail(points=kept.points, stands=kept.stands)) == []
    assert bench.no(cmd.NoteTrail(points=kept.points, stands=(7,))) == "bad_input"
    bench.do(cmd.ReportRestart(holding=True))
    assert bench.state.trail == kept
    bench.do(cmd.Acknowledge())
    bench.do(cmd.Retreat())
    bench.do(propose(bench))
    assert bench.state.trail == kept
    bench.do(cmd.ApproveMotion(motion="m"))
    assert bench.state.trail is None


def test_what_is_seen_after_a_retreat_counts_and_how_it_ended_is_told_until_the_cell_goes_on() -> None:
    bench = moving()
    bench.wait(3)
    bench.do(_end(bench, "succeeded"))
    assert bench.state.upset_t == bench.t
    assert bench.state.retreated is not None
    bench.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
    assert bench.state.retreated is None


def test_whose_hands_may_be_at_what_the_arm_holds_is_said_before_it_goes() -> None:
    load = step("load", part="body", at="nest", by="robot")
    lid = step("lid", ["load"], part="lid", at="body/top", together=True, by="robot human")
    bench = Bench().running(variant(load, lid, step("last", ["lid"], by="human", check=["person"])))
    bench.finish("load")
    bench.wait(1)
    bench.start("lid", "robot", "front")
    bench.do(bench.moved("lid", "grasped", "gripper"))
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    bench.do(bench.skill("lid", "canceled"))
    bench.do(cmd.SettleCell(state="holding"))
    bench.do(cmd.Retreat(), WORKER)
    bench.do(propose(bench))
    view = retreat_view(bench.state)
    assert view is not None
    assert view.text["en"].endswith("op-front was at it together with the robot: see that they have let go.")
    assert "op-front war zusammen mit dem Roboter daran" in view.text["de"]
    alone = retreat_view(shown().state)
    assert alone is not None
    assert "together" not in alone.text["en"]
    assert alone.text["en"].startswith("Straight out of Body (seat), 70 mm.")
    assert alone.text["de"].startswith("Gerade heraus aus Body (seat), 70 mm.")


@pytest.mark.parametrize(
    ("part", "felt", "said"),
    [
        (True, None, "It keeps its grip on Pin."),
        (True, False, "Its gripper does not feel Pin any more."),
        (False, None, "Nothing is in its gripper."),
        (False, True, "Its gripper holds something that nobody knows of."),
    ],
)
def test_what_the_gripper_feels_is_not_said_otherwise(part: bool, felt: bool | None, said: str) -> None:
    bench = _bench()
    if not part:
        bench.do(cmd.TakePart(part="u1/pin"))
    if felt is not None:
        bench.do(cmd.ReportGrip(holding=felt))
    bench.do(cmd.Retreat(), WORKER)
    bench.do(propose(bench))
    view = retreat_view(bench.state)
    assert view is not None
    assert view.text["en"].endswith(said)


@pytest.mark.parametrize("mm_s", [0, 251, 1000, float("inf"), float("nan")])
def test_no_cell_file_lets_an_arm_retreat_faster_than_at_reduced_speed(mm_s: float) -> None:
    assert cell(retreat_mm_s=250).retreat_mm_s == 250
    with pytest.raises(ValidationError, match="retreat_mm_s"):
        cell(retreat_mm_s=mm_s)


@pytest.mark.parametrize("role", ["auditor"])
def test_who_only_looks_moves_nothing_and_stops_nothing(role: str) -> None:
    bench = shown()
    who = cmd.Who.model_validate({"name": "eye", "role": role})
    for command in (cmd.Retreat(), cmd.StopRetreat(), cmd.ApproveMotion(motion="m")):
        assert types(bench.do(command, who)) == "command_denied"
