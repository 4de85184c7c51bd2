"""A lost screen against every status of a step: none changes, what needs it pauses, and what was confirmed counts."""

from __future__ import annotations

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.react import Cancel, react
from orchestrator.core.readiness import blockers
from tests.unit.core_builders import Bench, step, types, variant

LOST = cmd.ReportDevice(place="front", there=False)
BACK = cmd.ReportDevice(place="front", there=True)
LOAD = step("load", part="body", at="nest", by="robot")
PIN = step("pin", ["load"], part="pin", at="body/seat")


def _ready() -> Bench:
    bench = Bench().running(variant(LOAD, PIN, step("last", ["pin"], by="human", check=["person"])))
    bench.finish("load")
    return bench


def _active() -> Bench:
    bench = _ready()
    bench.start("pin", "front")
    return bench


def _verifying() -> Bench:
    bench = _active()
    bench.do(bench.confirm("pin"))
    return bench


def _attention() -> Bench:
    bench = _active()
    bench.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front", code="dropped"))
    return bench


def _done() -> Bench:
    bench = _ready()
    bench.finish("pin")
    return bench


@pytest.mark.parametrize("at", [_ready, _active, _verifying, _attention, _done])
def test_a_lost_screen_and_its_return_change_no_step(at) -> None:  # type: ignore[no-untyped-def]  # any builder
    bench = at()
    before = bench.status()
    assert types(bench.do(LOST)) == "screen_lost"
    assert bench.do(LOST) == []  # told twice
    assert bench.status() == before
    assert types(bench.do(BACK)) == "screen_back"
    assert bench.do(BACK) == []
    assert bench.status() == before
    assert bench.replayed() == bench.state


def test_nothing_new_begins_at_a_place_without_a_screen_but_the_robot_may_do_it() -> None:
    bench = _ready()
    bench.do(LOST)
    unit, now = bench.state.units["u1"], bench.state.t
    assert [why.code for why in blockers(bench.state, unit, bench.step("pin"), ("front",), now)] == ["screen"]
    assert blockers(bench.state, unit, bench.step("pin"), ("robot",), now) == []
    bench.do(BACK)
    assert blockers(bench.state, bench.state.units["u1"], bench.step("pin"), ("front",), now) == []


def test_what_was_confirmed_on_a_lost_screen_counts_when_it_arrives() -> None:
    bench = _active()
    bench.do(LOST)
    bench.do(bench.confirm("pin"))
    assert bench.status()["pin"] == "verifying"


def test_only_what_both_are_at_is_called_off() -> None:
    cap = step("cap", ["load"], part="pin", at="body/seat", together=True)
    bench = Bench().running(variant(LOAD, cap, step("last", ["cap"], by="human", check=["person"])))
    bench.finish("load")
    lost = ev.ScreenLost(place="front")
    assert react(bench.state, lost) == []
    bench.start("cap", "robot", "front")
    assert react(bench.state, lost) == [Cancel("u1/cap/")]
    assert react(bench.state, ev.ScreenLost(place="back")) == []


def test_a_place_that_nobody_is_at_loses_nothing_and_who_leaves_takes_it_along() -> None:
    bench = _ready()
    bench.do(LOST)
    bench.do(cmd.LeavePlace(place="front"))
    assert bench.state.screens_lost == frozenset()
    assert bench.do(LOST) == []
