"""What follows from a failed attempt: ladders, questions, their answers, and taking results back."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.choices import choices
from orchestrator.core.decide.orders import record
from orchestrator.core.machine import OrderVerb
from orchestrator.core.variant import Wait
from tests.unit.core_builders import SUPERVISOR, TORQUE, WORKER, Bench, ladder, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")


def _bench(*rungs: str, **more: Any) -> Bench:
    pin = step("pin", ["load"], part="pin", at="body/seat", on_fail=ladder(*rungs), **more)
    bench = Bench().running(variant(LOAD, pin, step("last", ["pin"], by="human", check=["person"])))
    bench.finish("load")
    return bench


def _fail(bench: Bench, name: str = "pin", code: str = "slipped", actor: str = "robot") -> ev.StepFailed:
    bench.start(name, actor)
    attempt = bench.at(name).attempt
    if actor == "robot":
        events = bench.do(bench.skill(name, "failed", code=code))
    else:
        events = bench.do(cmd.ReportProblem(unit="u1", step=name, attempt=attempt, place=actor, code=code))
    return next(event for event in events if isinstance(event, ev.StepFailed))


def _offered(bench: Bench, name: str = "pin") -> list[str]:
    return [f"{choice}:{target}" if target else choice for choice, target in choices(bench.state, "u1", name)]


def test_a_ladder_is_climbed_rung_by_rung() -> None:
    bench = _bench("retry", "other_actor", "ask")
    assert _fail(bench).answer == "retry"
    assert bench.at("pin").status == "ready"
    assert _fail(bench).answer == "other_actor"
    assert bench.no(cmd.StartStep(unit="u1", step="pin", actors=("robot",))) == "actor"
    assert _fail(bench, actor="front").answer == "ask"
    assert bench.at("pin").status == "attention"
    assert [attempt.code for attempt in bench.at("pin").attempts] == ["slipped"] * 3


def test_a_ladder_without_an_end_ends_in_a_question() -> None:
    bench = _bench("retry")
    _fail(bench)
    assert _fail(bench).answer == "ask"


def test_what_is_beyond_a_robot_is_not_tried_again_by_it() -> None:
    bench = _bench("retry", "other_actor")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    failed = bench.do(bench.seen("pin", "flipped"))[-1]
    assert isinstance(failed, ev.StepFailed)
    assert failed.answer == "other_actor"


def test_a_cancelled_skill_stays_on_its_rung() -> None:
    bench = _bench("retry", "ask")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin", "canceled"))
    assert bench.at("pin").rung == 0
    assert _fail(bench).answer == "retry"


@pytest.mark.parametrize("code", ["interrupted", "problem"])
def test_some_failures_ask_at_once(code: str) -> None:
    assert _fail(_bench("retry"), code=code).answer == "ask"


def test_a_ladder_of_its_own_is_for_one_outcome() -> None:
    bench = _bench("retry")
    pin = step("pin", part="pin", at="press", on_fail={"*": ladder("retry"), "jam": ladder("scrap")})
    bench = Bench().running(variant(pin, LOAD))
    assert _fail(bench, code="slipped").answer == "retry"
    bench.start("pin", "robot")
    assert types(bench.do(bench.skill("pin", "failed", code="jam"))) == (
        "skill_ended step_failed unit_ended order_changed"
    )


def test_each_ladder_is_climbed_on_its_own() -> None:
    pin = step("pin", part="pin", at="press", on_fail={"*": ladder("retry", "ask"), "jam": ladder("retry", "ask")})
    bench = Bench().running(variant(pin, LOAD))
    assert [_fail(bench, code=code).answer for code in ("jam", "slipped", "jam")] == ["retry", "retry", "ask"]
    bench.do(bench.choice("pin", "retry"))
    assert _fail(bench, code="jam").answer == "retry"


def test_a_skip_rung_skips_but_never_a_critical_step() -> None:
    bench = _bench("skip")
    _fail(bench)
    assert bench.at("pin").status == "skipped"
    assert bench.at("pin").waived
    assert bench.at("last").status == "ready"
    bench = _bench("skip", critical=True)
    assert _fail(bench).answer == "ask"


def test_a_rework_rung_asks_and_names_what_to_take_back() -> None:
    bench = _bench("rework:load")
    failed = _fail(bench)
    assert failed.answer == "ask"
    assert failed.remedy == "Take back load, then choose rework of load."


def test_a_rework_rung_across_what_can_not_be_undone_is_passed_over() -> None:
    load = step("load", part="body", at="nest", by="robot", undo=False)
    pin = step("pin", ["load"], part="pin", at="body/seat", on_fail=ladder("rework:load", "skip"))
    bench = Bench().running(variant(load, pin, step("last", ["pin"], by="human", check=["person"])))
    bench.finish("load")
    assert _fail(bench).answer == "skip"


def test_the_camera_looks_twice_before_it_asks_and_again_in_the_next_attempt() -> None:
    bench = _bench("ask")
    for _ in range(2):
        bench.start("pin", "robot")
        bench.do(bench.skill("pin"))
        assert types(bench.do(bench.seen("pin", "cannot_see"))) == "check_ended check_requested"
        assert types(bench.do(bench.seen("pin", "cannot_see"))) == "check_ended step_failed"
        assert bench.at("pin").status == "attention"
        bench.do(bench.choice("pin", "retry"))


def test_values_outside_their_limits_fail_and_a_robots_missing_value_is_asked_for() -> None:
    screw = step("screw", values=TORQUE, check=[], on_fail=ladder("retry", "ask"))
    bench = Bench().running(variant(screw, LOAD))
    bench.start("screw", "robot")
    failed = bench.do(bench.skill("screw", values={"torque_Nm": 20.0}))[-1]
    assert isinstance(failed, ev.StepFailed)
    assert failed.message == "torque 20 Nm is above 13.5 Nm."
    bench.start("screw", "robot")
    assert types(bench.do(bench.skill("screw"))) == "skill_ended attest_requested"
    assert bench.no(bench.confirm("screw")) == "missing_value"
    bench.do(bench.confirm("screw", values={"torque_Nm": 12.0}))
    assert bench.at("screw").status == "done"


@pytest.mark.parametrize("value", ["x", True, "12"])
def test_a_skill_that_reports_no_number_fails_its_step(value: Any) -> None:
    bench = Bench().running(variant(step("screw", values=TORQUE, check=[]), LOAD))
    bench.start("screw", "robot")
    bench.do(bench.skill("screw", values={"torque_Nm": value}))
    assert bench.at("screw").status == "attention"


# ---- choices ---------------------------------------------------------------------------------------------------


def test_choices_are_what_helps_here() -> None:
    bench = _bench("ask")
    _fail(bench)
    assert _offered(bench) == [
        "retry",
        "recheck",
        "other_actor",
        "rework:pin",
        "rework:load",
        "skip",
        "force",
        "scrap",
        "abort",
    ]


def test_a_critical_step_is_neither_skipped_nor_forced() -> None:
    bench = _bench("ask", critical=True)
    _fail(bench)
    assert {"skip", "force"} & set(_offered(bench)) == set()
    assert bench.no(bench.choice("pin", "force", reason="it holds"), SUPERVISOR) == "not_offered"


def test_skip_force_and_scrap_are_the_supervisors_and_need_a_reason() -> None:
    for choice in ("skip", "force", "scrap", "abort"):
        bench = _bench("ask")
        _fail(bench)
        assert types(bench.do(bench.choice("pin", choice, reason="why"), WORKER)) == "command_denied"
        assert bench.no(bench.choice("pin", choice, reason="  "), SUPERVISOR) == "reason"
        bench.do(bench.choice("pin", choice, reason="why"), SUPERVISOR)


def test_a_forced_result_is_a_waiver_and_puts_the_part_in_its_place() -> None:
    bench = _bench("ask")
    bench.start("pin", "robot")
    bench.do(bench.moved("pin", "placed", "press"))
    bench.do(bench.skill("pin", "failed", code="jam"))
    bench.do(bench.choice("pin", "force", reason="pressed in by hand"), SUPERVISOR)
    fact = bench.state.world.get("u1/pin")
    assert fact is not None
    assert (fact.holder, fact.frame) == ("u1/body", "seat")
    assert bench.at("pin").waived == "pressed in by hand"


def test_what_is_forced_where_nothing_was_measured_needs_what_shows_it() -> None:
    bench = _bench("ask")
    _fail(bench)
    assert bench.no(bench.choice("pin", "force", reason="it is in", shown=" "), SUPERVISOR) == "shown"
    bench.do(bench.choice("pin", "force", reason="it is in", shown="feeler gauge 0.05 mm does not go in"), SUPERVISOR)
    waiver = bench.at("pin").waiver
    assert waiver is not None
    assert waiver.shown == "feeler gauge 0.05 mm does not go in"
    steps = record(bench.state, bench.state.units["u1"], "done", bench.t)["steps"]
    assert [item["waiver"]["shown"] for item in steps if item["waiver"]] == [waiver.shown]
    assert bench.replayed() == bench.state


def test_a_camera_that_could_not_see_shows_nothing() -> None:
    bench = _bench("ask")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    for _ in range(2):
        bench.wait(1)
        bench.do(bench.seen("pin", "cannot_see", reason="the lamp is out"))
    assert bench.no(bench.choice("pin", "force", reason="it is in", shown=""), SUPERVISOR) == "shown"


@pytest.mark.parametrize("rung", ["retry", "other_actor"])
def test_no_ladder_sends_the_robot_onto_what_a_person_put_in_and_no_camera_saw(rung: str) -> None:
    pin = step("pin", ["load"], part="pin", at="body/seat", on_fail={"*": ladder("ask"), "cannot_see": ladder(rung)})
    bench = Bench().running(variant(LOAD, pin, step("last", ["pin"], by="human", check=["person"])))
    bench.finish("load")
    bench.start("pin", "front")
    bench.do(bench.confirm("pin"))
    for _ in range(2):
        bench.wait(1)
        bench.do(bench.seen("pin", "cannot_see", reason="the lamp is out"))
    assert (bench.at("pin").status, bench.at("pin").code) == ("attention", "cannot_see")


def test_a_forced_result_keeps_who_why_and_what_was_seen_in_the_record() -> None:
    bench = _bench("ask")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    bench.do(bench.seen("pin", "displaced", offset_mm=(3.0, 0, 0), evidence="sha"))
    bench.do(bench.choice("pin", "force", reason="measured by hand: fits"), SUPERVISOR)
    waiver = bench.at("pin").waiver
    assert waiver is not None
    assert (waiver.kind, waiver.by, waiver.reason) == ("forced", "boss", "measured by hand: fits")
    (kept,) = [
        item for item in record(bench.state, bench.state.units["u1"], "done", bench.t)["steps"] if item["waiver"]
    ]
    assert kept["step"] == "pin"
    assert kept["waiver"]["code"] == "displaced"
    assert (kept["waiver"]["measured"]["offset_mm"], kept["waiver"]["measured"]["evidence"]) == ([3.0, 0.0, 0.0], "sha")
    assert kept["waiver"]["t"] == bench.t
    assert bench.replayed() == bench.state


def test_what_the_gripper_holds_is_neither_forced_nor_looked_at() -> None:
    bench = _bench("ask")
    bench.start("pin", "robot")
    bench.do(bench.moved("pin", "grasped", "gripper"))
    bench.do(bench.skill("pin", "failed", code="jam"))
    assert {"force", "recheck"} & set(_offered(bench)) == set()
    bench.do(cmd.TakePart(part="u1/pin"))
    assert {"force", "recheck"} <= set(_offered(bench))


def test_a_recheck_can_end_the_attempt_well_also_after_two_looks() -> None:
    bench = _bench("ask")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    for _ in range(2):
        bench.do(bench.seen("pin", "cannot_see"))
    bench.do(bench.choice("pin", "recheck"))
    bench.do(bench.seen("pin", "cannot_see"))
    assert bench.at("pin").status == "attention"
    bench.do(bench.choice("pin", "recheck"))
    bench.do(bench.seen("pin"))
    assert bench.at("pin").status == "done"
    assert [attempt.outcome for attempt in bench.at("pin").attempts] == ["done"]


def test_attention_keeps_its_zone_until_it_is_answered() -> None:
    bench = _bench("ask")
    _fail(bench)
    assert bench.at("pin").resources == ("zone:west",)
    bench.do(bench.choice("pin", "retry"))
    assert bench.at("pin").resources == ()


def test_a_window_that_closed_is_a_question_that_retrying_does_not_answer() -> None:
    late = step("late", [Wait(step="load", max_s=60)], by="human", check=["person"], on_fail=ladder("retry", "ask"))
    bench = Bench().running(variant(LOAD, late))
    bench.finish("load")
    bench.wait(61)
    assert types(bench.do(cmd.StartStep(unit="u1", step="late", actors=("front",)))) == "step_failed"
    assert bench.at("late").status == "attention"
    assert _offered(bench, "late") == ["rework:load", "skip", "force", "scrap", "abort"]
    bench.do(bench.choice("late", "rework", rework="load"))
    bench.finish("load")
    bench.start("late", "front")


def test_a_stale_answer_is_refused() -> None:
    bench = _bench("ask")
    _fail(bench)
    bench.do(bench.choice("pin", "retry"))
    assert bench.no(bench.choice("pin", "retry")) == "stale"


# ---- undo and rework -------------------------------------------------------------------------------------------

SHAFT = step("shaft", part="pin", at="press", by="human")
RING = step("ring", ["shaft"], part="lid", at="pin/tip", by="human")
FIT = step("fit", ["load", "ring"], part="pin", at="body/seat")
TIGHT = step("tight", ["fit"], by="human", check=[], values=TORQUE, on_fail=ladder("rework:fit", "ask"))
ASSEMBLY = variant(LOAD, SHAFT, RING, FIT, TIGHT, step("last", ["tight"], by="human", check=["person"]))


def _assembled() -> Bench:
    bench = Bench().running(ASSEMBLY)
    for name in ("load", "shaft", "ring", "fit"):
        bench.finish(name)
    bench.finish("tight", values={"torque_Nm": 12.0})
    return bench


def test_undoing_takes_back_what_builds_on_it_in_reverse_and_measures_again() -> None:
    bench = _assembled()
    events = bench.do(cmd.UndoStep(unit="u1", step="fit", part_out=True))
    assert [event.step for event in events if isinstance(event, ev.StepUndone)] == ["tight", "fit"]
    assert bench.status() == {
        "load": "done",
        "shaft": "done",
        "ring": "done",
        "fit": "ready",
        "tight": "waiting",
        "last": "waiting",
    }
    assert bench.at("tight").values == {}


def test_an_undone_move_leaves_the_part_where_the_result_before_had_put_it() -> None:
    bench = _assembled()
    bench.do(cmd.UndoStep(unit="u1", step="fit", part_out=True))
    pin = bench.state.world.get("u1/pin")
    assert pin is not None
    assert (pin.holder, pin.frame, pin.source) == ("cell", "press", "nominal")
    ring = bench.state.world.get("u1/lid")
    assert ring is not None
    assert ring.holder == "u1/pin"
    bins = bench.state.bins
    bench.finish("fit")
    assert bench.state.bins == bins


def test_an_undone_placement_takes_its_part_out_of_the_ledger() -> None:
    bench = _assembled()
    bench.do(cmd.UndoStep(unit="u1", step="shaft", part_out=True))
    assert set(bench.state.world.facts) == {"u1/body"}
    assert bench.at("shaft").status == "ready"


def test_rework_of_a_step_before_takes_the_question_with_it() -> None:
    bench = _assembled()
    bench.do(cmd.UndoStep(unit="u1", step="tight", part_out=True))
    bench.start("tight", "front")
    bench.do(bench.confirm("tight", values={"torque_Nm": 99.0}))
    assert bench.at("tight").status == "attention"
    assert "rework:fit" in _offered(bench, "tight")
    bench.do(bench.choice("tight", "rework", rework="fit"))
    assert bench.at("tight").status == "waiting"
    bench.finish("fit")
    bench.finish("tight", values={"torque_Nm": 12.0})
    bench.finish("last")
    assert bench.state.orders["A"].state == "ended"


def test_rework_of_the_step_itself_begins_it_anew_with_another_part() -> None:
    bench = Bench().running(variant(SHAFT, LOAD))
    _fail(bench, "shaft", actor="front")
    bench.do(bench.choice("shaft", "rework", rework="shaft", part_out=True))
    assert bench.at("shaft").status == "ready"
    assert bench.at("shaft").rung == 0
    assert bench.state.world.get("u1/pin") is None


def test_a_step_that_can_not_be_undone_holds_what_it_builds_on() -> None:
    plate = step("plate", ["load"], by="human", check=["person"], undo=False)
    bench = Bench().running(variant(LOAD, plate, step("last", ["plate"], by="human", check=["person"])))
    bench.finish("load")
    bench.finish("plate")
    assert bench.no(cmd.UndoStep(unit="u1", step="plate", part_out=True)) == "no_undo"
    assert bench.no(cmd.UndoStep(unit="u1", step="load", part_out=True)) == "no_undo"


def test_nothing_is_undone_under_a_step_that_runs() -> None:
    bench = _bench("ask")
    bench.start("pin", "robot")
    assert bench.no(cmd.UndoStep(unit="u1", step="load", part_out=True)) == "no_undo"


def test_undoing_leaves_in_the_gripper_what_is_there() -> None:
    bench = _bench("ask")
    bench.start("pin", "robot")
    bench.do(bench.moved("pin", "grasped", "gripper"))
    bench.do(bench.skill("pin", "failed", code="jam"))
    bench.do(bench.choice("pin", "rework", rework="load"))
    held = bench.state.world.held()
    assert held is not None
    assert held.part == "u1/pin"
    assert bench.no(cmd.StartStep(unit="u1", step="load", actors=("robot",))) == "gripper"


def test_an_order_that_is_paused_keeps_its_questions_answerable() -> None:
    bench = _bench("ask")
    _fail(bench)
    bench.do(cmd.ChangeOrder(order="A", verb=OrderVerb.PAUSE))
    bench.do(bench.choice("pin", "retry"))
    assert bench.no(cmd.StartStep(unit="u1", step="pin", actors=("robot",))) == "order"


def test_a_picture_from_the_future_proves_nothing() -> None:
    bench = _bench("ask")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    assert types(bench.do(bench.seen("pin", shot_t=bench.t + 0.04))) == "check_ended part_moved step_done"
    bench = _bench("ask")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    assert types(bench.do(bench.seen("pin", shot_t=bench.t + 3600))) == "check_ended check_requested"
    events = bench.do(bench.seen("pin", shot_t=bench.t + 3600))
    assert types(events) == "check_ended step_failed"
    assert (bench.at("pin").status, bench.at("pin").code) == ("attention", "cannot_see")
    assert "clock is 3600.0 s ahead" in bench.at("pin").message
