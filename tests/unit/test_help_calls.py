"""A call for help: it reaches every screen, one other person answers, and the step stays whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.carried import from_plain, states, to_json
from orchestrator.engine.helping import help_view
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, step, variant

if TYPE_CHECKING:
    from orchestrator.wire import HelpView

CALL = cmd.CallHelp(place="front")
COMING = cmd.AnswerHelp(of="front", place="back")
ENOUGH = cmd.WithdrawHelp(place="front")


def at_work() -> Bench:
    """Somebody at the front is at a step of their own."""
    bench = Bench().running(variant(step("look", by="human", check=("person",))))
    bench.start("look", "front")
    return bench


def view(bench: Bench, place: str = "front") -> HelpView:
    shown = help_view(bench.state, place)
    assert shown is not None
    return shown


def test_a_call_leaves_the_step_to_whoever_has_it() -> None:
    bench = at_work()
    before = bench.at("look")
    (called,) = bench.do(CALL, WORKER)
    assert (called.type, called.by, called.unit, called.step) == ("help_called", "op-front", "u1", "look")
    assert bench.at("look") is before
    bench.do(COMING, WORKER)
    bench.do(ENOUGH, WORKER)
    bench.do(bench.confirm("look"), WORKER)
    assert bench.state.orders["A"].done == 1


def test_a_screen_shows_the_call_and_who_comes_with_the_words_that_are_left() -> None:
    bench = at_work()
    assert [button.label for button in view(bench).own] == ["call_help"]
    assert view(bench).since_t is None
    bench.do(CALL, WORKER)
    called = view(bench)
    assert called.since_t == bench.state.helps["front"].t
    assert [button.label for button in (*called.own, *called.others)] == ["withdraw_help", "answer_help"]
    bench.do(COMING, WORKER)
    coming = view(bench)
    assert (coming.coming, coming.others) == ("op-back", ())
    assert coming.coming_t is not None
    bench.do(ENOUGH, WORKER)
    assert view(bench) == view(at_work())
    assert view(bench, "back").since_t is None


def test_somebody_unnamed_comes_as_somebody() -> None:
    bench = at_work()
    bench.do(CALL, WORKER)
    bench.do(cmd.AnswerHelp(of="front"), cmd.Who())
    assert view(bench).coming == ""
    assert view(bench).coming_t is not None


def test_who_called_is_not_who_comes_and_one_is_enough() -> None:
    bench = at_work()
    assert bench.no(COMING, WORKER) == "stale"
    bench.do(CALL, WORKER)
    assert bench.do(CALL, WORKER) == []
    assert bench.no(cmd.AnswerHelp(of="front", place="front"), WORKER) == "same_person"
    assert bench.no(cmd.AnswerHelp(of="front"), cmd.Who(name="op-front", role="worker", known=True)) == "same_person"
    bench.do(COMING, WORKER)
    assert bench.do(COMING, WORKER) == []
    assert bench.no(cmd.AnswerHelp(of="front"), SUPERVISOR) == "answered"
    bench.do(ENOUGH, WORKER)
    assert bench.do(ENOUGH, WORKER) == []


def test_nobody_calls_or_comes_from_an_empty_place() -> None:
    bench = Bench(joined=("back",))
    assert bench.no(CALL, WORKER) == "nobody"
    bench.do(cmd.CallHelp(place="back"), WORKER)
    assert bench.no(cmd.AnswerHelp(of="back", place="front"), WORKER) == "nobody"
    assert help_view(bench.state, "front") is None


@pytest.mark.parametrize("role", ["auditor", "device"])
def test_who_only_looks_on_neither_calls_nor_comes(role: cmd.Role) -> None:
    bench = at_work()
    bench.do(CALL, WORKER)
    for word in (CALL, COMING, ENOUGH):
        bench.ask(word, cmd.Who(name="visitor", role=role))
    assert bench.state.helps["front"].coming == ""


@pytest.mark.parametrize("leaves", [cmd.LeavePlace(place="front"), cmd.JoinPlace(place="front", operator="kim")])
def test_a_call_ends_with_who_called(leaves: cmd.Command) -> None:
    bench = Bench()
    bench.do(CALL, WORKER)
    bench.do(cmd.JoinPlace(place="front", operator="op-front"), WORKER)
    assert "front" in bench.state.helps
    bench.do(leaves, SUPERVISOR)
    assert not bench.state.helps


def test_a_snapshot_keeps_a_call() -> None:
    bench = at_work()
    bench.do(CALL, WORKER)
    bench.do(COMING, WORKER)
    plain = states().dump_python(bench.state, exclude={"spec"})
    assert from_plain(plain, bench.state.spec).helps == bench.state.helps
    assert b"op-back" in to_json(bench.state)
