"""The camera looks once more before a unit leaves, and before what carries parts is moved."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import Rejected
from orchestrator.core.decide.choices import choices
from orchestrator.core.machine import CellVerb, OrderVerb
from orchestrator.core.variant import Variant, Wait
from tests.unit.core_builders import Bench, ladder, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")
PIN = step("pin", ["load"], part="pin", at="body/seat")
LABEL = step("label", ["pin"], at="body/side", check=["person"], by="human")
OUT = step("out", ["label"], part="body", at="out", check=["person"], by="human")
STAYS = variant(LOAD, PIN, LABEL)  # ends where it was built
LEAVES = variant(LOAD, PIN, LABEL, OUT)


def _seen_again(events: list[ev.Event], step_n: int) -> dict[str, Any]:
    """What the record of the unit that ends among events says of a step's last look."""
    (ended,) = (event for event in events if isinstance(event, ev.UnitEnded))
    said = ended.record["steps"][step_n]["seen_again"]
    assert isinstance(said, dict)
    return said


def built(what: Variant = STAYS) -> Bench:
    """A unit with body and pin in place whose label is about to be confirmed."""
    bench = Bench().running(what)
    bench.finish("load")
    bench.finish("pin")
    bench.start("label", "front")
    return bench


def test_every_part_that_a_camera_saw_is_looked_at_again_before_the_unit_ends() -> None:
    bench = built()
    bench.wait(30)
    assert types(bench.do(bench.confirm("label"))) == "step_confirmed step_done recheck_requested recheck_requested"
    assert set(bench.state.units["u1"].rechecking) == {"load", "pin"}
    bench.do(bench.seen_again("pin"))
    events = bench.do(bench.seen_again("load"))
    assert types(events) == "recheck_ended unit_ended order_changed"
    assert _seen_again(events, 1)["verdict"] == "ok"


def test_a_second_look_from_before_the_arm_broke_off_is_asked_for_again() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    late = bench.seen_again("pin")
    bench.wait(1)
    bench.tell(ev.MotionEnded(effect="u2/s/1/skill", motion="m", outcome="aborted"))
    assert types(bench.do(late)) == "recheck_ended"
    assert types(bench.do(bench.seen_again("load"))) == "recheck_ended recheck_requested"
    assert set(bench.state.units["u1"].rechecking) == {"pin"}


def test_what_was_seen_last_of_all_is_not_looked_at_twice() -> None:
    bench = Bench().running(variant(LOAD, PIN))
    bench.finish("load")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    bench.do(bench.seen("pin"))
    assert set(bench.state.units["u1"].rechecking) == {"load"}


def test_a_part_that_was_knocked_since_is_a_question_and_the_ledger_knows_it() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    events = bench.do(bench.seen_again("pin", "displaced", offset_mm=(2.0, 0.0, 0.0)))
    assert types(events) == "recheck_ended part_moved step_doubted"
    assert bench.status() == {"load": "done", "pin": "attention", "label": "done"}
    assert bench.at("pin").message == "The part sits beside its place: +2.0 mm along x."
    fact = bench.state.world.facts["u1/pin"]
    assert (fact.source, fact.certainty) == ("measured", "known")
    assert fact.pose.p[0] == pytest.approx(0.002)
    assert types(bench.do(bench.seen_again("load"))) == "recheck_ended"  # the unit stays


def test_it_is_put_right_and_the_unit_looked_at_again_before_it_leaves() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    bench.look_again("displaced", offset_mm=(2.0, 0.0, 0.0))
    bench.do(bench.choice("pin", "recheck"))
    assert types(bench.do(bench.seen("pin"))) == "check_ended part_moved step_done"
    bench.do(bench.choice("load", "recheck"))
    events = bench.do(bench.seen("load"))
    assert types(events) == "check_ended part_moved step_done recheck_requested"
    assert types(bench.look_again()) == "recheck_ended unit_ended order_changed"


@pytest.mark.parametrize("verdict", ["missing", "flipped", "wrong"])
def test_a_part_that_is_gone_or_another_is_a_question(verdict: str) -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    bench.do(bench.seen_again("pin", verdict))
    assert bench.at("pin").code == verdict
    assert bench.state.world.facts["u1/pin"].certainty != "known"


def test_not_to_see_it_now_is_no_contradiction() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    bench.do(bench.seen_again("load", "cannot_see", reason="a hand"))
    failed = cmd.EndCheck(
        effect=bench.state.units["u1"].rechecking["pin"], unit="u1", step="pin", attempt=1, error="no picture"
    )
    assert types(bench.do(failed)) == "recheck_ended unit_ended order_changed"


def test_what_nobody_has_looked_at_is_not_looked_at_in_the_end() -> None:
    bench = Bench().running(variant(LOAD, step("pin", ["load"], part="pin", at="body/seat", check=["person"])))
    bench.finish("load")
    bench.start("pin", "front")
    bench.do(bench.confirm("pin"))
    assert set(bench.state.units["u1"].rechecking) == {"load"}
    forced = Bench().running(variant(LOAD, LABEL.model_copy(update={"after": OUT.after[:0]})))
    forced.start("load", "robot")
    forced.do(forced.skill("load", "failed", code="dropped"))
    forced.do(forced.choice("load", "force", reason="it is there"))
    forced.start("label", "front")
    assert types(forced.do(forced.confirm("label"))).endswith("step_done unit_ended order_changed")


def test_before_a_part_that_carries_others_is_moved_they_are_looked_at() -> None:
    bench = built(LEAVES)
    bench.do(bench.confirm("label"))
    carry_out = cmd.StartStep(unit="u1", step="out", actors=("front",))
    assert types(bench.do(carry_out)) == "recheck_requested recheck_requested"
    assert bench.no(carry_out) == "recheck"
    bench.look_again()
    assert types(bench.do(carry_out)) == "step_started"


def test_what_was_knocked_before_it_is_carried_out_keeps_it_here() -> None:
    bench = built(LEAVES)
    bench.do(bench.confirm("label"))
    carry_out = cmd.StartStep(unit="u1", step="out", actors=("front",))
    bench.do(carry_out)
    bench.look_again("missing")
    assert bench.status()["label"] == "done"
    assert bench.no(carry_out) == "doubted"


def test_what_is_built_on_is_not_done_again_before_that_is_taken_off() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    bench.do(bench.seen_again("pin", "displaced", offset_mm=(2.0, 0.0, 0.0)))
    offered = choices(bench.state, "u1", "pin")
    assert {choice for choice, _ in offered} == {"recheck", "rework", "force", "scrap", "abort"}
    bench.do(bench.choice("pin", "rework"))
    assert bench.status() == {"load": "done", "pin": "ready", "label": "undone"}


def test_a_result_that_can_never_be_taken_back_offers_no_rework_of_itself() -> None:
    bench = built(variant(LOAD, PIN, LABEL.model_copy(update={"undo": False})))
    bench.do(bench.confirm("label"))
    bench.do(bench.seen_again("pin", "displaced", offset_mm=(2.0, 0.0, 0.0)))
    assert ("rework", "pin") not in choices(bench.state, "u1", "pin")


def test_a_picture_from_before_the_part_was_touched_counts_for_nothing() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    old = bench.t
    bench.wait(1)
    bench.do(bench.moved("pin", "released", "u1/body", frame="seat"))
    bench.do(bench.seen_again("load"))
    events = bench.do(bench.seen_again("pin", "missing", shot_t=old))
    assert "step_doubted" not in types(events)
    assert set(bench.state.units["u1"].rechecking) == {"pin"}
    assert types(bench.look_again()) == "recheck_ended part_moved unit_ended order_changed"
    seen = bench.log[-3][1]
    assert isinstance(seen, ev.PartMoved)
    assert seen.source == "measured"


def test_a_restart_asks_for_the_last_look_again() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    late = bench.seen_again("pin", "missing")
    bench.verb(CellVerb.HOLD)
    events = bench.do(cmd.ReportRestart())
    assert types(events).count("recheck_requested") == 2
    assert types(bench.do(late)) == "outcome_ignored"
    assert types(bench.look_again()).endswith("unit_ended order_changed")
    assert bench.replayed() == bench.state


def test_nothing_is_built_on_what_another_unit_has_left_in_the_nest() -> None:
    bench = Bench().running(variant(LOAD), quantity=2, units=2)
    bench.tell(ev.UnitEnded(unit="u1", order="A", state="scrapped", record={}))
    bench.tell(
        ev.PartMoved(
            unit="u1",
            part="u1/lid",
            kind="lid",
            what="placed",
            holder="cell",
            frame=bench.state.units["u2"].nests["nest"],
        )
    )
    start = cmd.StartStep(unit="u2", step="load", actors=("robot",))
    verdict = bench.ask(start)
    assert isinstance(verdict, Rejected)
    assert "u1/lid still lies at nest_2: take it out." in f"{verdict.message} {verdict.remedy}"


def test_what_was_taken_back_while_the_camera_looked_is_no_question() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    late = bench.seen_again("pin", "missing")
    bench.do(cmd.UndoStep(unit="u1", step="pin", part_out=True))
    assert types(bench.do(late)) == "recheck_ended"
    assert bench.status() == {"load": "done", "pin": "ready", "label": "waiting"}


def test_a_unit_that_is_given_up_while_the_camera_looks_stays_gone() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    late = bench.seen_again("pin", "missing")
    bench.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="enough"))
    assert types(bench.do(late)) == "outcome_ignored"
    assert bench.state.units == {}


# ---- what a part is seen relative to -------------------------------------------------------------------------------


def _relative(bench: Bench, off_mm: float, verdict: str = "ok") -> str:
    """Load a body, let the pin be seen relative to it, and return what follows."""
    bench.running(variant(LOAD, PIN, LABEL))
    bench.finish("load")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    return types(bench.do(bench.seen("pin", verdict, datum=("u1/body",), datum_offset_mm=(off_mm, 0.0, 0.0))))


def test_a_part_that_carries_another_and_is_seen_beside_its_place_is_a_question() -> None:
    bench = Bench()
    assert _relative(bench, 2.4) == "check_ended part_moved part_moved step_doubted step_done"
    assert bench.status() == {"load": "attention", "pin": "done", "label": "ready"}
    assert bench.at("load").message == "body is seen 2.4 mm beside its place, where it was: it or the camera was moved."
    assert bench.state.world.facts["u1/body"].certainty == "doubtful"
    assert bench.no(cmd.StartStep(unit="u1", step="label", actors=("front",))) == "doubted"
    bench.do(bench.choice("load", "recheck"))
    bench.do(bench.seen("load"))
    assert bench.state.world.facts["u1/body"].certainty == "known"
    assert types(bench.do(cmd.StartStep(unit="u1", step="label", actors=("front",)))) == "step_started"


def test_what_a_calibration_may_err_is_no_question() -> None:
    bench = Bench()
    assert "step_doubted" not in _relative(bench, 1.4)  # 1 mm allowed, 0.5 mm of the camera's


def test_it_is_a_question_in_the_last_look_too() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    seen = bench.seen_again("pin", datum=("u1/body",), datum_offset_mm=(0.0, -1.9, 0.0))
    assert types(bench.do(seen)) == "recheck_ended part_moved step_doubted"
    assert bench.at("load").code == "moved"
    assert bench.at("load").attempts[-1].measured is not None  # what it was done on stays in the record
    bench.look_again("cannot_see")
    assert "u1" in bench.state.units


# ---- while a result is in doubt ------------------------------------------------------------------------------------


def test_nothing_is_built_on_a_result_while_it_is_looked_at_again_after_a_doubt() -> None:
    top = step("top", ["pin"], part="lid", at="body/top", by="robot")
    bench = Bench().running(variant(LOAD, PIN, top))
    bench.finish("load")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    bench.do(bench.seen("pin", datum=("u1/body",), datum_offset_mm=(8.0, 0.0, 0.0)))
    bench.do(bench.choice("load", "recheck"))
    assert bench.no(cmd.StartStep(unit="u1", step="top", actors=("robot",))) == "doubted"


@pytest.mark.parametrize("rung", ["retry", "skip", "scrap", "other_actor"])
def test_no_ladder_answers_for_a_person_where_something_was_built_on(rung: str) -> None:
    bench = built(variant(LOAD, PIN.model_copy(update={"on_fail": {"*": ladder(rung, "ask")}}), LABEL))
    bench.do(bench.confirm("label"))
    bench.do(bench.seen_again("pin", "displaced", offset_mm=(2.0, 0.0, 0.0)))
    bench.do(bench.choice("pin", "recheck"))
    bench.do(bench.seen("pin", "missing"))
    assert bench.status()["pin"] == "attention"
    assert {choice for choice, _ in choices(bench.state, "u1", "pin")} == {
        "recheck",
        "rework",
        "force",
        "scrap",
        "abort",
    }


def test_a_late_look_moves_nothing_that_was_taken_back() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    late = bench.seen_again("pin")
    bench.do(cmd.UndoStep(unit="u1", step="pin", part_out=True))
    assert types(bench.do(late)) == "recheck_ended"
    assert bench.state.world.get("u1/pin") is None


@pytest.mark.parametrize(("sigma_mm", "where_m"), [(0.05, 0.0004), (0.2, 0.0)])
def test_the_ledger_takes_a_newer_place_that_is_clearly_another(sigma_mm: float, where_m: float) -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    bench.do(bench.seen_again("pin", offset_mm=(0.4, 0.0, 0.0), uncertainty_mm=(sigma_mm,) * 3))
    assert bench.state.world.facts["u1/pin"].pose.p[0] == pytest.approx(where_m)


def test_a_doubt_does_not_open_a_window_again() -> None:
    late = step("label", [Wait(step="pin", max_s=60)], at="body/side", check=["person"], by="human")
    bench = Bench().running(variant(LOAD, PIN, late))
    bench.finish("load")
    bench.finish("pin")
    made_t = bench.at("pin").ended_t
    bench.tell(ev.StepDoubted(unit="u1", step="pin", attempt=1, code="displaced", message="off"))
    bench.wait(100)
    bench.do(bench.choice("pin", "recheck"))
    bench.do(bench.seen("pin"))
    assert bench.at("pin").ended_t == made_t
    events = bench.do(cmd.StartStep(unit="u1", step="label", actors=("front",)))
    assert types(events) == "step_failed"
    assert bench.at("label").code == "too_late"


def test_to_force_a_result_in_doubt_settles_where_its_part_is() -> None:
    bench = Bench()
    _relative(bench, 8.0)
    bench.do(bench.choice("load", "force", reason="measured by hand"))
    assert bench.state.world.facts["u1/body"].certainty == "known"


def test_a_frozen_camera_is_a_question_after_some_pictures() -> None:
    bench = built()
    bench.do(bench.confirm("label"))
    bench.do(bench.seen_again("load"))
    old = bench.t - 60
    for _ in range(4):
        assert "recheck_requested" in types(bench.do(bench.seen_again("pin", shot_t=old)))
    assert types(bench.do(bench.seen_again("pin", shot_t=old))) == "recheck_ended step_doubted"
    assert bench.at("pin").code == "cannot_see"


def test_the_record_says_why_nobody_looked_again() -> None:
    bench = Bench().running(variant(LOAD, LABEL.model_copy(update={"after": PIN.after})))
    bench.finish("load")
    bench.start("label", "front")
    bench.do(bench.confirm("label"))
    effect = bench.state.units["u1"].rechecking["load"]
    failed = cmd.EndCheck(effect=effect, unit="u1", step="load", attempt=1, error="the camera is unplugged")
    assert _seen_again(bench.do(failed), 0)["reason"] == "the camera is unplugged"


def test_what_was_seen_before_the_cell_stood_is_looked_at_again() -> None:
    bench = built(LEAVES)
    bench.do(bench.confirm("label"))
    carry_out = cmd.StartStep(unit="u1", step="out", actors=("front",))
    bench.do(carry_out)
    bench.look_again()
    bench.verb(CellVerb.HOLD)
    bench.wait(7200)
    bench.verb(CellVerb.UNHOLD)
    assert types(bench.do(carry_out)) == "recheck_requested recheck_requested"


def test_how_far_a_carrier_is_off_counts_from_where_it_belongs() -> None:
    bench = Bench().running(variant(LOAD, PIN, LABEL))
    bench.start("load", "robot")
    bench.do(bench.skill("load"))
    bench.do(bench.seen("load", offset_mm=(0.9, 0.0, 0.0)))
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    seen = bench.seen("pin", datum=("u1/body",), datum_offset_mm=(1.4, 0.0, 0.0))
    assert "step_doubted" in types(bench.do(seen))
