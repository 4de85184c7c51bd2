"""Orders and their units: states, verbs, nests, steps done once for several units."""

from __future__ import annotations

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.choices import leftovers
from orchestrator.core.decide.orders import ended
from orchestrator.core.machine import CellVerb, OrderVerb
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, cell, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")
PIN = step("pin", ["load"], part="pin", at="body/seat")
OUT = step("out", ["pin"], part="body", at="out", by="human", check=["person"])
WHOLE = variant(LOAD, PIN, OUT)


def _build(bench: Bench, unit: str) -> None:
    bench.finish("load", unit=unit)
    bench.finish("pin", "front", unit=unit)
    bench.finish("out", unit=unit)


def _verb(verb: OrderVerb, order: str = "A") -> cmd.ChangeOrder:
    return cmd.ChangeOrder(order=order, verb=verb)


def test_an_order_ends_with_its_last_unit() -> None:
    bench = Bench().running(WHOLE, quantity=2)
    _build(bench, "u1")
    assert bench.state.orders["A"].state == "running"
    bench.do(cmd.StartUnit(order="A"))
    _build(bench, "u2")
    order = bench.state.orders["A"]
    assert (order.state, order.done, order.in_work) == ("ended", 2, 0)
    assert bench.no(cmd.StartUnit(order="A")) == "no_unit"


def test_a_stored_order_starts_nothing() -> None:
    bench = Bench()
    bench.do(cmd.StoreOrder(order="A", variant=WHOLE))
    bench.verb(CellVerb.START)
    assert bench.no(cmd.StartUnit(order="A")) == "no_unit"
    assert bench.no(cmd.StoreOrder(order="A", variant=WHOLE)) == "order_exists"


def test_a_paused_order_finishes_what_runs_and_starts_nothing() -> None:
    bench = Bench().running(WHOLE, quantity=2)
    bench.start("load", "robot")
    bench.do(_verb(OrderVerb.PAUSE))
    bench.do(bench.skill("load"))
    bench.do(bench.seen("load"))
    assert bench.at("load").status == "done"
    assert bench.no(cmd.StartStep(unit="u1", step="pin", actors=("front",))) == "order"
    assert bench.no(cmd.StartUnit(order="A")) == "no_unit"
    bench.do(_verb(OrderVerb.RESUME))
    bench.start("pin", "front")


def test_a_stopping_order_finishes_its_units_and_ends_with_the_last() -> None:
    bench = Bench().running(WHOLE, quantity=5, units=2)
    bench.do(_verb(OrderVerb.STOP))
    assert bench.no(cmd.StartUnit(order="A")) == "no_unit"
    _build(bench, "u1")
    assert bench.state.orders["A"].state == "stopping"
    _build(bench, "u2")
    assert bench.state.orders["A"].state == "ended"


def test_a_stopped_order_without_units_in_work_ends_at_once() -> None:
    bench = Bench().running(WHOLE, quantity=5, units=0)
    bench.do(_verb(OrderVerb.STOP))
    assert bench.state.orders["A"].state == "ended"


def test_an_abort_scraps_the_units_in_work_and_frees_the_nests_that_are_empty() -> None:
    bench = Bench().running(WHOLE, quantity=5, units=2)
    bench.finish("load")
    assert bench.no(cmd.StartUnit(order="A")) == "no_nest"
    events = bench.do(_verb(OrderVerb.ABORT))
    assert types(events) == "unit_ended unit_ended order_changed"
    order = bench.state.orders["A"]
    assert (order.state, order.scrapped, order.in_work) == ("aborted", 2, 0)
    bench.running(WHOLE, quantity=2, order="B")
    assert bench.state.units["u3"].nests == {"nest": "nest_2"}
    assert bench.no(cmd.StartUnit(order="B")) == "no_nest"
    bench.do(cmd.TakePart(part="u1/body"))
    bench.do(cmd.StartUnit(order="B"))
    assert bench.state.units["u4"].nests == {"nest": "nest_1"}


def test_what_a_scrapped_unit_leaves_is_taken_out_as_one_pile_and_only_where_the_robot_is_not() -> None:
    bench = Bench().running(WHOLE, quantity=5, units=2)
    bench.finish("load")
    bench.finish("pin", "robot")
    bench.start("load", "robot", unit="u2")
    u1 = bench.state.units["u1"]
    bench.tell(ended(bench.state, u1, "scrapped", bench.t))
    assert leftovers(bench.state) == ("u1/body",)
    events = bench.do(cmd.TakePart(part="u1/body"))
    assert [event.part for event in events if isinstance(event, ev.PartMoved)] == ["u1/pin", "u1/body"]
    assert bench.state.world.facts == {}
    assert leftovers(bench.state) == ()


def test_nobody_takes_out_what_stands_where_the_robot_is_at_work() -> None:
    one_zone = cell(zones={"all": {"box_mm": [[300, -300, -10], [500, 300, 400]]}})
    bench = Bench(one_zone).running(WHOLE, quantity=5, units=2)
    bench.finish("load")
    bench.start("load", "robot", unit="u2")
    bench.tell(ended(bench.state, bench.state.units["u1"], "scrapped", bench.t))
    assert leftovers(bench.state) == ()
    assert bench.no(cmd.TakePart(part="u1/body")) == "moving"
    bench.do(bench.skill("load", unit="u2"))
    assert leftovers(bench.state) == ("u1/body",)
    bench.do(cmd.TakePart(part="u1/body"))


def test_a_done_unit_was_carried_out_by_its_last_step() -> None:
    bench = Bench().running(WHOLE, quantity=2)
    _build(bench, "u1")
    assert bench.state.world.facts == {}


def test_what_a_scrapped_unit_leaves_outside_a_nest_keeps_its_place_too() -> None:
    side = step("side", part="lid", at="press", by="robot")
    bench = Bench().running(variant(side, step("load", part="body", at="nest", by="robot")), quantity=2)
    bench.finish("side")
    bench.tell(ended(bench.state, bench.state.units["u1"], "scrapped", bench.t))
    bench.do(cmd.StartUnit(order="A"))
    assert bench.no(cmd.StartStep(unit="u2", step="side", actors=("robot",))) == "occupied"
    bench.do(cmd.TakePart(part="u1/lid"))
    bench.start("side", "robot", unit="u2")


def test_what_the_gripper_holds_outlives_its_units_abort_and_blocks_the_robot_until_it_is_taken() -> None:
    bench = Bench().running(WHOLE)
    bench.start("load", "robot")
    bench.do(bench.moved("body", "grasped", "gripper", bin="rack"))
    late = bench.skill("load", "canceled")
    bench.do(_verb(OrderVerb.ABORT))
    bench.running(WHOLE, order="B")
    start = cmd.StartStep(unit="u2", step="load", actors=("robot",))
    assert bench.no(start) == "ending"
    assert bench.no(cmd.TakePart(part="u1/body")) == "moving"
    bench.do(late)
    assert bench.no(start) == "gripper"
    bench.do(cmd.TakePart(part="u1/body"))
    bench.do(start)


def test_what_the_gripper_sets_down_of_a_gone_unit_stands_there_until_it_is_taken_out() -> None:
    bench = Bench().running(WHOLE)
    bench.start("load", "robot")
    late = bench.skill("load", "canceled")
    bench.do(bench.moved("body", "grasped", "gripper"))
    bench.do(_verb(OrderVerb.ABORT))
    bench.do(bench.moved("body", "placed", "nest_1"))
    bench.do(late)
    assert bench.state.world.held() is None
    bench.running(WHOLE, order="B")
    assert bench.state.units["u2"].nests == {"nest": "nest_2"}
    bench.do(cmd.TakePart(part="u1/body"))
    assert bench.state.world.facts == {}


def test_a_gripper_that_hands_out_a_gone_units_part_is_empty() -> None:
    bench = Bench().running(WHOLE)
    bench.start("load", "robot")
    bench.do(bench.moved("body", "grasped", "gripper"))
    bench.do(_verb(OrderVerb.ABORT))
    bench.do(bench.moved("body", "released", "place:front"))
    assert bench.state.world.facts == {}


def test_cancel_is_for_orders_that_have_not_begun_and_clear_for_those_that_are_over() -> None:
    bench = Bench()
    bench.do(cmd.StoreOrder(order="A", variant=WHOLE))
    assert bench.no(_verb(OrderVerb.CLEAR)) == "illegal_move"
    bench.do(_verb(OrderVerb.CANCEL))
    assert bench.no(_verb(OrderVerb.START)) == "illegal_move"
    bench.do(_verb(OrderVerb.CLEAR))
    assert bench.state.orders == {}
    assert bench.no(_verb(OrderVerb.CLEAR)) == "no_order"


def test_nobody_ends_an_order_by_hand() -> None:
    bench = Bench().running(WHOLE)
    assert bench.no(_verb(OrderVerb.END)) == "not_yours"
    assert bench.no(_verb(OrderVerb.END), SUPERVISOR) == "not_yours"


@pytest.mark.parametrize("by", [WORKER, cmd.Who(name="p", role="programmer"), cmd.Who(name="a", role="auditor")])
def test_orders_are_the_supervisors(by: cmd.Who) -> None:
    bench = Bench().running(WHOLE)
    before = bench.state.orders
    assert types(bench.do(_verb(OrderVerb.ABORT), by)) == "command_denied"
    assert bench.state.orders == before


def test_a_scrapped_unit_counts_and_a_last_one_ends_the_order() -> None:
    bench = Bench().running(WHOLE)
    bench.start("load", "robot")
    bench.do(bench.skill("load", "failed", code="jam"))
    events = bench.do(bench.choice("load", "scrap", reason="bent"), SUPERVISOR)
    assert types(events) == "step_answered unit_ended order_changed"
    assert bench.state.orders["A"].scrapped == 1
    ended = events[1]
    assert isinstance(ended, ev.UnitEnded)
    assert (ended.record["state"], ended.reason) == ("scrapped", "bent")


def test_the_as_built_record_says_who_did_what_with_which_evidence() -> None:
    bench = Bench().running(WHOLE)
    _build(bench, "u1")
    record = next(event.record for _, event in bench.log if isinstance(event, ev.UnitEnded))
    steps = {entry["step"]: entry for entry in record["steps"]}
    assert [entry["status"] for entry in record["steps"]] == ["done"] * 3
    assert steps["load"]["attempts"][0]["actors"] == ["robot"]
    assert steps["load"]["attempts"][0]["measured"]["verdict"] == "ok"
    assert steps["pin"]["attempts"][0]["operator"] == "op-front"
    assert steps["out"]["attempts"][0]["outcome"] == "done"


# ---- steps that are done once for several units ----------------------------------------------------------------

PURGE = step("purge", part="glue", at="waste", by="robot human", check=["person"], per="order")


def test_a_step_per_order_is_done_by_one_unit_for_all() -> None:
    bench = Bench().running(variant(PURGE, LOAD), quantity=3, units=2)
    bench.start("purge", "front")
    assert bench.no(cmd.StartStep(unit="u2", step="purge", actors=("robot",))) == "shared"
    bench.do(bench.confirm("purge"))
    assert bench.at("purge", "u2").status == "done"
    bench.finish("load", unit="u2")
    bench.do(cmd.StartUnit(order="A"))
    assert bench.at("purge", "u3").status == "done"
    assert bench.at("purge", "u3").waived == "done once for several units"


def test_a_step_per_two_units_is_done_again_for_the_third() -> None:
    bench = Bench().running(variant(step("gauge", by="human", check=["person"], per="2"), LOAD), quantity=4, units=2)
    bench.finish("gauge", unit="u1")
    assert bench.at("gauge", "u2").status == "done"
    for unit in ("u1", "u2"):
        bench.finish("load", unit=unit)
    bench.do(cmd.StartUnit(order="A"))
    assert bench.at("gauge", "u3").status == "ready"


def test_a_shared_step_that_is_the_last_of_two_units_ends_both() -> None:
    bench = Bench().running(variant(PURGE, LOAD), quantity=2, units=2)
    bench.finish("load", unit="u1")
    bench.finish("load", unit="u2")
    bench.start("purge", "front")
    events = bench.do(bench.confirm("purge"))
    assert types(events).endswith("step_done recheck_requested recheck_requested")
    assert types(bench.look_again(unit="u1")).endswith("recheck_ended unit_ended")
    assert types(bench.look_again(unit="u2")).endswith("recheck_ended unit_ended order_changed")
    assert bench.state.orders["A"].state == "ended"


def test_a_unit_all_of_whose_steps_are_done_already_ends_as_it_starts() -> None:
    bench = Bench().running(variant(PURGE), quantity=2)
    bench.finish("purge", "front")
    assert types(bench.do(cmd.StartUnit(order="A"))) == "unit_started unit_ended order_changed"


def test_a_shared_step_that_is_undone_is_done_again_for_later_units() -> None:
    bench = Bench().running(variant(PURGE, LOAD), quantity=2)
    bench.finish("purge", "front")
    bench.do(cmd.UndoStep(unit="u1", step="purge", part_out=True))
    bench.do(cmd.StartUnit(order="A"))
    assert bench.at("purge", "u2").status == "ready"


def test_a_skip_is_one_units_own() -> None:
    bench = Bench().running(variant(PURGE, LOAD), quantity=2, units=2)
    bench.start("purge", "front")
    bench.do(cmd.ReportProblem(unit="u1", step="purge", attempt=1, place="front"))
    bench.do(bench.choice("purge", "skip", reason="clean", part_out=True), SUPERVISOR)
    assert bench.at("purge", "u1").status == "skipped"
    assert bench.at("purge", "u2").status == "ready"


def test_without_a_nest_a_unit_has_the_cell_to_itself() -> None:
    bench = Bench(cell(nests={})).running(variant(step("a", by="human", check=["person"])), quantity=2)
    assert bench.no(cmd.StartUnit(order="A")) == "no_nest"
