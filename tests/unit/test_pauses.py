"""What pauses keep from beginning and from moving, how long, and what ends them; through the rules alone."""

from __future__ import annotations

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.interlock import why_not, why_not_but_paused
from orchestrator.core.machine import CellState, CellVerb, OrderVerb
from orchestrator.core.pauses import hold_at, robot_pauses, stops_robot
from orchestrator.core.ports import Safety
from orchestrator.core.readiness import blockers
from orchestrator.core.records import replace
from orchestrator.engine import phrases
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import Bench, cell, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")
WIPE = step("wipe", by="human", check=["person"])
BOTH = step("both", by="robot human", part="pin", at="press", check=["person"], together=True)
CELL, ROBOT, FRONT = {"what": "cell"}, {"what": "lane", "name": "robot"}, {"what": "lane", "name": "front"}


def pause(**what: str) -> cmd.Pause:
    return cmd.Pause.model_validate(what)


def resume(**what: str) -> cmd.Resume:
    return cmd.Resume.model_validate(what)


def order(verb: OrderVerb, name: str = "A") -> cmd.ChangeOrder:
    return cmd.ChangeOrder(order=name, verb=verb)


def at_work(*actors: str, name: str = "load") -> Bench:
    bench = Bench(cell(pause_s=30)).running(variant(LOAD, WIPE, BOTH))
    if actors:
        bench.start(name, *actors)
    return bench


def hinders(bench: Bench, name: str, *actors: str) -> set[str]:
    unit = bench.state.units["u1"]
    return {reason.code for reason in blockers(bench.state, unit, bench.step(name), actors, bench.t)}


def test_a_paused_cell_starts_nothing_and_says_why_in_each_language() -> None:
    bench = at_work()
    bench.do(pause(**CELL))
    assert "paused" in hinders(bench, "load", "robot")
    assert "paused" in hinders(bench, "wipe", "front")
    assert why_not(bench.state) == ("Paused: resume the cell.",)
    assert why_not_but_paused(bench.state) == ()
    assert phrases.told(*why_not(bench.state))["de"] == "Pause: die Zelle fortsetzen."
    bench.do(resume(**CELL))
    assert hinders(bench, "load", "robot") == hinders(bench, "wipe", "front") == set()
    assert bench.replayed() == bench.state


def test_a_paused_lane_is_its_own() -> None:
    bench = at_work()
    bench.do(pause(**ROBOT))
    assert hinders(bench, "load", "robot") == {"paused", "interlock"}
    assert hinders(bench, "wipe", "front") == set()
    bench.do(resume(**ROBOT))
    bench.do(pause(**FRONT))
    assert hinders(bench, "load", "robot") == hinders(bench, "wipe", "back") == set()
    assert hinders(bench, "wipe", "front") == {"paused"}
    assert robot_pauses(bench.state) == ()


def test_a_paused_place_stops_the_robot_in_the_step_that_both_share() -> None:
    bench = at_work("robot", "front", name="both")
    assert stops_robot(bench.state, pause(**FRONT))
    bench.do(pause(**FRONT))
    assert robot_pauses(bench.state) == ("lane/front",)
    alone = at_work("robot")
    assert not stops_robot(alone.state, pause(**FRONT))


def test_a_paused_order_stops_the_robot_only_while_it_works_for_it() -> None:
    bench = at_work("robot")
    bench.do(cmd.StoreOrder(order="B", quantity=1, variant=variant(LOAD)))
    bench.do(order(OrderVerb.START, "B"))
    bench.do(cmd.StartUnit(order="B"))
    assert not stops_robot(bench.state, order(OrderVerb.PAUSE, "B"))
    assert stops_robot(bench.state, order(OrderVerb.PAUSE))
    bench.do(order(OrderVerb.PAUSE))
    assert robot_pauses(bench.state) == ("order/A",)
    bench.do(bench.skill("load", "failed", code="slipped"))
    assert robot_pauses(bench.state) == ()
    bench.start("load", "robot", unit="u2")  # the lane is free, and the other order goes on
    assert robot_pauses(bench.state) == ()


def test_a_paused_order_is_not_stopped_as_the_robot_would_go_on() -> None:
    bench = at_work("robot")
    bench.do(order(OrderVerb.PAUSE))
    assert robot_pauses(bench.state) == ("order/A",)
    assert bench.no(order(OrderVerb.STOP)) == "paused"
    assert robot_pauses(bench.state) == ("order/A",)
    bench.do(order(OrderVerb.RESUME))
    bench.do(order(OrderVerb.STOP))


def test_a_motion_is_not_refused_but_paused() -> None:
    bench = at_work("robot")
    motion = cmd.ProposeMotion(effect="u1/load/1/skill", motion="m1")
    bench.do(pause(**ROBOT))
    assert bench.no(motion) == "paused"
    bench.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    assert bench.no(motion) == "interlock"


def test_a_motion_that_waits_is_not_approved_into_a_pause() -> None:
    bench = at_work("robot")
    bench.do(cmd.SetAutonomy.model_validate({"autonomy": "approve"}))
    bench.do(cmd.ProposeMotion(effect="u1/load/1/skill", motion="m1"))
    bench.do(pause(**ROBOT))
    assert bench.no(cmd.ApproveMotion(motion="m1")) == "interlock"


@pytest.mark.parametrize("what", [CELL, ROBOT])
def test_there_is_nothing_to_pause_where_nothing_moves_by_itself(what: dict[str, str]) -> None:
    bench = Bench()
    assert bench.no(pause(**what)) == "cell"
    assert not stops_robot(bench.state, pause(**what))
    assert bench.no(pause(what="lane", name="nobody")) == "no_lane"
    bench.do(pause(**FRONT))  # a person may always have their place let be


def test_a_pause_becomes_a_hold_after_its_limit_and_not_before() -> None:
    bench = at_work("robot")
    bench.wait(1)
    bench.do(pause(**CELL))
    at = hold_at(bench.state)
    assert at == bench.t + 30
    assert Schedule()(bench.state, bench.t) == ((), at)
    bench.wait(29.9)
    assert bench.do(cmd.ExpirePause()) == []
    bench.wait(0.1)
    assert Schedule()(bench.state, bench.t) == ((cmd.ExpirePause(),), None)
    bench.do(cmd.ExpirePause())
    state = bench.state
    assert (state.cell, state.cell_reason) == (CellState.HOLDING, "Paused for longer than 30 s.")
    assert state.pauses == {}
    assert phrases.told(state.cell_reason)["de"] == "Länger als 30 s pausiert."


def test_the_limit_is_of_the_robot_at_speed_zero_not_of_people() -> None:
    bench = at_work("front", name="wipe")
    bench.do(pause(**FRONT))
    bench.do(order(OrderVerb.PAUSE))
    bench.wait(3600)
    assert hold_at(bench.state) is None
    assert bench.do(cmd.ExpirePause()) == []


@pytest.mark.parametrize("verb", [CellVerb.HOLD, CellVerb.STOP, CellVerb.ABORT])
def test_whatever_stops_the_cell_ends_its_pause_and_the_robots(verb: CellVerb) -> None:
    bench = at_work("robot")
    bench.do(pause(**CELL))
    bench.do(pause(**ROBOT))
    bench.do(pause(**FRONT))
    bench.do(cmd.ChangeCell(verb=verb, reason="r"))
    assert set(bench.state.pauses) == {"lane/front"}


def test_after_a_restart_nothing_is_paused_but_orders_and_nothing_moves() -> None:
    bench = at_work("robot")
    for one in (pause(**CELL), pause(**FRONT), order(OrderVerb.PAUSE)):
        bench.do(one)
    bench.do(cmd.ReportRestart(holding=False))
    assert set(bench.state.pauses) == {"order/A"}
    assert (bench.state.cell, bench.state.acknowledged) == (CellState.HELD, False)
    assert why_not(bench.state)
    bench.do(resume(**CELL))  # there is none: it changes nothing
    assert bench.state.cell == CellState.HELD


def test_the_time_of_a_step_that_was_paused_at_its_place_goes_on_after_a_restart() -> None:
    name = "wipe"
    bench = at_work("front", name=name)
    bench.do(pause(**FRONT))
    bench.wait(30)
    assert bench.at(name).paused_t is not None
    bench.do(cmd.ReportRestart(holding=False))
    assert (bench.at(name).paused_t, bench.at(name).paused_s) == (None, 30.0)
    assert bench.replayed() == bench.state


def test_going_on_is_refused_while_the_robot_may_not_move() -> None:
    bench = at_work("robot")
    bench.do(pause(**ROBOT))
    bench.do(order(OrderVerb.PAUSE))
    bench.state = replace(bench.state, acknowledged=False)
    assert bench.no(resume(**ROBOT)) == "interlock"
    assert bench.no(order(OrderVerb.RESUME)) == "interlock"


def test_a_paused_steps_time_stands_still() -> None:
    bench = at_work("front", name="wipe")
    bench.wait(10)
    bench.do(pause(**FRONT))
    bench.wait(5)
    bench.do(pause(**CELL))
    bench.wait(5)
    bench.do(resume(**FRONT))
    assert bench.at("wipe").paused_t == bench.t - 10  # the cell is paused still
    bench.wait(7)
    bench.do(resume(**CELL))
    assert (bench.at("wipe").paused_t, bench.at("wipe").paused_s) == (None, 17.0)
    assert bench.replayed() == bench.state


def test_a_person_may_confirm_under_a_pause() -> None:
    bench = at_work("front", name="wipe")
    bench.do(pause(**CELL))
    bench.do(bench.confirm("wipe"))
    assert bench.at("wipe").status == "done"


def test_twice_is_once() -> None:
    bench = at_work()
    bench.do(pause(**CELL))
    assert bench.do(pause(**CELL)) == []
    assert types(bench.do(resume(**CELL))) == "resumed"
    assert bench.do(resume(**CELL)) == []


@pytest.mark.parametrize("what", [CELL, ROBOT])
def test_a_pause_of_a_suspended_cell_can_end_and_the_cell_go_on_after_it(what: dict[str, str]) -> None:
    bench = at_work()
    bench.do(cmd.ChangeCell(verb=CellVerb.SUSPEND))
    bench.do(cmd.SettleCell(state="suspending"))
    bench.do(pause(**what))
    bench.do(resume(**what))
    assert bench.state.cell == CellState.SUSPENDED
    assert why_not(bench.state)
    bench.do(cmd.ChangeCell(verb=CellVerb.UNSUSPEND))
