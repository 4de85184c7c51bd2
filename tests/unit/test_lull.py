"""A cell in which no lane can proceed suspends by itself, says why, and goes on by itself; never to and fro."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.decide.lull import BACK_S, CALM_S, CALMEST_S, lulls
from orchestrator.core.machine import CellState, CellVerb, OrderVerb
from orchestrator.core.ports import Safety
from orchestrator.engine import phrases
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import SUPERVISOR, Bench, step, types, variant

if TYPE_CHECKING:
    from orchestrator.core.variant import Step

REPORT = cmd.ReportLull()
LOAD = step("load", part="body", at="nest", by="robot")
LOOK = step("look", ["load"], by="human", check=["person"])


def at_work(*steps: Step, joined: tuple[str, ...] = ("front",), **more: int) -> Bench:
    return Bench(joined=joined).running(variant(*steps), **more)


def empty(bin_: str) -> cmd.RefillBin:
    return cmd.RefillBin(bin=bin_, count=0)


def starved() -> Bench:
    bench = at_work(LOAD)
    bench.do(empty("rack"))
    return bench


def away() -> Bench:
    bench = at_work(step("look", by="human", check=["person"]), joined=())
    bench.wait(1)
    return bench


def left() -> Bench:
    bench = at_work(step("look", by="human", check=["person"]))
    bench.start("look", "front")
    bench.do(cmd.LeavePlace(place="front"))
    return bench


def unseen() -> Bench:
    bench = at_work(step("load", part="body", at="nest", by="robot", check=["person"]), joined=())
    bench.start("load", "robot")
    bench.do(bench.skill("load"))
    return bench


def seen_once() -> Bench:
    bench = at_work(step("look", by="human", check=["two_people"]))
    bench.start("look", "front")
    bench.do(bench.confirm("look"))
    return bench


def unskilled() -> Bench:
    return at_work(step("weld", by="human", check=["person"], needs=["welder"]))


def occupied() -> Bench:
    bench = at_work(step("out", part="pin", at="out", by="robot"))
    bench.do(bench.moved("lid", "placed", "out"))
    return bench


def leftover() -> Bench:
    bench = at_work(LOAD, LOOK, quantity=3, units=2)
    for unit in ("u1", "u2"):
        bench.finish("load", unit=unit)
        bench.start("look", "front", unit=unit)
        bench.do(cmd.ReportProblem(unit=unit, step="look", attempt=1, place="front"))
        bench.do(bench.choice("look", "scrap", unit=unit, reason="cracked"), SUPERVISOR)
    return bench


UNCRACKED = cmd.TakePart(part="u1/body")
ANYBODY = cmd.JoinPlace(place="back", operator="b")
WELDER = cmd.JoinPlace(place="back", operator="b", qualifications=("welder",))
AGAIN = cmd.JoinPlace(place="front", operator="b")
FULL = cmd.RefillBin(bin="rack", count=4)
CASES = {
    starved: ("starved", "Bin rack has too few body for load of u1: refill it.", FULL),
    away: ("away", "look of u1 waits for a person: sign in at front or back.", ANYBODY),
    left: ("away", "look of u1 waits for whoever was at it: sign in at front.", AGAIN),
    unseen: ("away", "load of u1 waits for a person's look: sign in at front or back.", ANYBODY),
    seen_once: ("away", "look of u1 waits for another person's look: sign in at front or back.", ANYBODY),
    unskilled: ("away", "weld of u1 can't begin. front lacks the qualification welder.", WELDER),
    occupied: ("blocked", "out of u1 can't begin. u1/lid is still at out.", cmd.TakePart(part="u1/lid")),
    leftover: ("blocked", "u1/body still lies at nest_1: take it out.", UNCRACKED),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_lull_suspends_the_cell_with_its_reason_and_ends_with_it(case: object) -> None:
    why, said, cure = CASES[case]  # type: ignore[index] # one of its keys
    bench: Bench = case()  # type: ignore[operator] # a builder
    assert bench.do(REPORT) == []  # it may pass
    bench.wait(CALM_S)
    assert types(bench.do(REPORT)) == "cell_changed"
    bench.do(cmd.SettleCell(state="suspending"))
    state = bench.state
    assert (state.cell, state.suspended, state.cell_reason) == (CellState.SUSPENDED, why, said)
    for one in lulls(state, bench.t):
        assert all(phrases.told(sentence)["de"] != sentence for sentence in one.said)
    bench.wait(60)
    assert bench.do(REPORT) == []
    bench.do(cure)
    bench.wait(BACK_S)
    assert types(bench.do(REPORT)) == "cell_changed"
    bench.do(cmd.SettleCell(state="unsuspending"))
    assert (bench.state.cell, bench.state.suspended, bench.state.cell_reason) == (CellState.EXECUTE, "", "")
    assert bench.replayed() == bench.state


def suspended(bench: Bench) -> Bench:
    bench.wait(CALM_S)
    bench.do(REPORT)
    bench.do(cmd.SettleCell(state="suspending"))
    assert bench.state.cell == CellState.SUSPENDED
    return bench


def test_nothing_is_a_lull_while_a_lane_can_proceed_or_somebody_is_at_it() -> None:
    bench = at_work(LOAD, step("wipe", by="human", check=["person"]))
    bench.do(empty("rack"))  # the robot starves, the person does not
    assert lulls(bench.state, bench.t) == ()
    bench.start("wipe", "front")
    assert lulls(bench.state, bench.t) == ()
    bench.do(bench.confirm("wipe"))
    assert [one.bin for one in lulls(bench.state, bench.t)] == ["rack"]


def test_a_question_a_paused_order_and_a_window_that_opens_by_itself_are_no_lull() -> None:
    asked = at_work(step("look", by="human", check=["person"]))
    asked.start("look", "front")
    asked.do(cmd.ReportProblem(unit="u1", step="look", attempt=1, place="front"))
    assert lulls(asked.state, asked.t) == ()
    paused = starved()
    paused.do(cmd.ChangeOrder(order="A", verb=OrderVerb.PAUSE))
    assert lulls(paused.state, paused.t) == ()


def test_what_a_person_suspended_only_a_person_ends() -> None:
    bench = at_work(LOAD)
    bench.verb(CellVerb.SUSPEND)
    bench.wait(CALMEST_S)
    assert bench.do(REPORT) == []
    bench.do(empty("rack"))
    bench.do(cmd.RefillBin(bin="rack", count=4))
    bench.wait(CALMEST_S)
    assert bench.do(REPORT) == []
    bench.verb(CellVerb.UNSUSPEND)
    assert bench.state.cell == CellState.EXECUTE


def test_a_person_learns_why_a_suspended_cell_would_wait_again() -> None:
    bench = suspended(starved())
    assert bench.no(cmd.ChangeCell(verb=CellVerb.UNSUSPEND)) == "starved"
    bench.do(cmd.RefillBin(bin="rack", count=4))
    bench.verb(CellVerb.UNSUSPEND)


def test_a_restart_and_a_hold_win_over_a_lull() -> None:
    restarted = suspended(starved())
    restarted.do(cmd.ReportRestart(holding=False))
    restarted.do(cmd.RefillBin(bin="rack", count=4))
    restarted.wait(CALMEST_S)
    assert (restarted.do(REPORT), restarted.state.cell) == ([], CellState.HELD)
    held = suspended(starved())
    held.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    held.do(cmd.RefillBin(bin="rack", count=4))
    held.wait(CALMEST_S)
    assert (held.do(REPORT), held.state.cell) == ([], CellState.HOLDING)


def test_a_safety_stop_of_a_suspended_cell_holds_it() -> None:
    bench = suspended(starved())
    bench.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    assert (bench.state.cell, bench.state.suspended) == (CellState.HOLDING, "")


def test_an_order_that_is_aborted_meanwhile_lets_the_cell_go_on_and_complete() -> None:
    bench = suspended(starved())
    bench.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT))
    bench.wait(BACK_S)
    assert types(bench.do(REPORT)) == "cell_changed"


def test_a_reason_that_comes_and_goes_for_an_hour_is_not_journalled_to_and_fro() -> None:
    """Each time that nothing came of doubles the wait, so pairs grow with the logarithm of time."""
    bench, schedule = away(), Schedule()
    pairs = 0
    for second in range(3600):
        bench.wait(1)
        if second % 97 == 0:  # somebody who is not qualified to stay
            bench.do(cmd.JoinPlace(place="back", operator="b") if second % 2 else cmd.LeavePlace(place="back"))
        if bench.state.cell in {CellState.SUSPENDING, CellState.UNSUSPENDING}:
            bench.do(cmd.SettleCell(state=bench.state.cell))
        for command in schedule(bench.state, bench.t)[0]:
            if isinstance(command, cmd.ReportLull):
                pairs += bench.do(command) != []
    assert 4 <= pairs <= 14


def test_a_step_that_begins_makes_the_next_lull_the_first_again() -> None:
    bench = suspended(starved())
    assert bench.state.suspends == 1
    bench.do(cmd.RefillBin(bin="rack", count=4))
    bench.verb(CellVerb.UNSUSPEND)
    bench.start("load", "robot")
    assert bench.state.suspends == 0
