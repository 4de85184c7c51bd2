"""A part that the gripper had as all ended may be where it was to be put: the robot puts no second one onto it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb, OrderVerb
from orchestrator.core.variant import ValueSpec
from orchestrator.engine.asking import question
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, Refused, cell, ladder, step, types, variant

if TYPE_CHECKING:
    from orchestrator.wire import Button


TOP = {"top": {"at": {"xyz_mm": [400, 0, 1000], "rpy_deg": [180, 0, 90]}, "model": "structured_light"}}
CLAIM_OF_SKILL = ValueSpec(kind="number", low=1.0)


def buttons(b: Bench, name: str, unit: str = "u1") -> tuple[Button, ...]:
    """What screens offer for a step that is a question."""
    captions: Any = SimpleNamespace(title=lambda *_: {"en": name, "de": name})
    return question(captions, b.state, unit, name).buttons


def opened(check: list[str], **more: Any) -> Bench:
    """The gripper opened over the nest, and all ended before the ledger heard of it."""
    load = step("load", part="body", at="nest", check=check, **more)
    b = Bench(cell(nests={"nest": ["nest_1"]}, cameras=TOP)).running(variant(load), quantity=3)
    b.start("load", "robot")
    b.do(b.moved("body", "grasped", "gripper"))
    b.do(cmd.ReportRestart(holding=False))
    b.do(cmd.JoinPlace(place="front", operator="op"))
    return b


def goes_on(b: Bench) -> None:
    b.do(cmd.Acknowledge())
    b.verb(CellVerb.UNHOLD)


def blind(**more: Any) -> Bench:
    """A camera checks the result, and could not see it."""
    b = opened(["camera"], **more)
    for _ in range(2):
        b.wait(1)
        b.do(b.seen("load", "cannot_see", reason="the arm is in the way"))
    return b


ASKED = {"nobody looks": lambda **more: opened(["person"], **more), "the camera saw nothing": blind}


@pytest.mark.parametrize("choice", ["retry", "other_actor", "skip", "rework"])
@pytest.mark.parametrize("how", ASKED)
def test_who_has_it_go_on_says_that_the_part_is_not_in(how: str, choice: str) -> None:
    b = ASKED[how]()
    assert (b.at("load").status, b.at("load").unsaid) == ("attention", True)
    (button,) = [each for each in buttons(b, "load") if each.command["choice"] == choice]
    assert button.label == f"{choice}_empty"
    assert button.command["part_out"] is True
    asked = b.choice("load", choice, rework="load" if choice == "rework" else None, reason="r")
    assert b.no(asked, SUPERVISOR) == "unsaid"
    b.do(asked.model_copy(update={"part_out": True}), SUPERVISOR)
    goes_on(b)
    assert ("u1" in b.state.units) == (choice != "skip")
    assert choice == "skip" or b.at("load").status == "ready"
    if choice in {"retry", "rework"}:
        b.start("load", "robot")
    assert b.replayed() == b.state


@pytest.mark.parametrize("choice", ["recheck", "force", "scrap", "abort"])
def test_what_takes_nothing_for_empty_needs_no_such_word(choice: str) -> None:
    b = blind()
    assert {each.label for each in buttons(b, "load")} >= {"recheck", "force", "scrap", "abort"}
    b.do(b.choice("load", choice, reason="r"), SUPERVISOR)


@pytest.mark.parametrize("rung", ["retry", "other_actor", "skip"])
@pytest.mark.parametrize("how", ASKED)
def test_no_ladder_takes_it_for_empty(how: str, rung: str) -> None:
    b = ASKED[how](on_fail={"*": ladder("ask"), "interrupted": ladder(rung), "cannot_see": ladder(rung)})
    assert b.at("load").status == "attention"
    assert b.no(b.choice("load", "retry"), SUPERVISOR) == "unsaid"


@pytest.mark.parametrize("rung", ["retry", "other_actor", "skip"])
def test_where_a_camera_can_look_an_authors_own_answer_waits_for_what_it_sees(rung: str) -> None:
    """Then the answer to what it sees counts."""
    b = opened(["camera"], on_fail={"*": ladder("ask"), "interrupted": ladder(rung), "missing": ladder(rung)})
    assert b.at("load").wants == {"camera"}
    b.wait(1)
    b.do(b.seen("load", "missing"))
    assert b.at("load").status == "ready" if rung != "skip" else "u1" not in b.state.units
    assert b.replayed() == b.state


def test_a_second_try_where_a_camera_looks_begins_with_what_it_sees() -> None:
    """The skill measures a value, too, so that a look alone could not tell whether all was done."""
    b = opened(["camera"], values={"seated": CLAIM_OF_SKILL})
    assert (b.at("load").status, b.at("load").unsaid) == ("attention", True)
    assert "retry" in {each.label for each in buttons(b, "load")}
    b.do(b.choice("load", "retry"), WORKER)
    goes_on(b)
    assert b.at("load").wants == {"camera"}
    assert Schedule()(b.state, b.t)[0] == ()
    b.wait(1)
    b.do(b.seen("load", "missing"))
    b.start("load", "robot")
    assert b.replayed() == b.state


@pytest.mark.parametrize("verdict", ["displaced", "cannot_see"])
def test_a_second_try_that_the_camera_is_not_sure_of_is_a_question_again(verdict: str) -> None:
    b = opened(["camera"], values={"seated": CLAIM_OF_SKILL}, on_fail=ladder("retry", "ask"))
    b.do(b.choice("load", "retry"), WORKER)
    for _ in range(2 if verdict == "cannot_see" else 1):
        b.wait(1)
        b.do(b.seen("load", verdict))
    goes_on(b)
    assert b.at("load").status == "attention"
    with pytest.raises(Refused):
        b.start("load", "robot")


# ---- nothing was at it when all ended --------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [False, True])
def test_a_step_that_only_waited_for_the_part_in_the_gripper_is_a_question_where_it_is_gone(asked: bool) -> None:
    b = Bench().running(variant(step("load", part="body", at="nest", check=["person"])))
    b.start("load", "robot")
    b.do(b.moved("body", "grasped", "gripper"))
    b.do(b.skill("load", "failed", code="jam") if asked else b.skill("load", "canceled"))
    assert b.at("load").status == ("attention" if asked else "ready")
    b.do(cmd.ReportRestart(holding=False))
    assert (b.at("load").status, b.at("load").code, b.at("load").unsaid) == ("attention", "interrupted", True)
    goes_on(b)
    assert Schedule()(b.state, b.t)[0] == ()
    assert b.no(b.choice("load", "retry"), WORKER) == "unsaid"
    b.do(b.choice("load", "retry", part_out=True), WORKER)
    b.start("load", "robot")
    assert b.replayed() == b.state


def test_a_part_that_the_gripper_still_holds_is_gone_on_with_as_before() -> None:
    b = Bench().running(variant(step("load", part="body", at="nest", check=["person"])))
    b.start("load", "robot")
    b.do(b.moved("body", "grasped", "gripper"))
    b.do(cmd.ReportRestart(holding=True))
    goes_on(b)
    b.do(b.choice("load", "retry"), WORKER)
    b.start("load", "robot")


# ---- the unit is given up --------------------------------------------------------------------------------------


def given_up(b: Bench, by: str) -> None:
    if by == "abort":
        b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="crash"), SUPERVISOR)
        b.running(variant(step("load", part="body", at="nest", by="robot", check=["person"])), order="B", units=0)
    elif by == "scrap":
        b.do(b.choice("load", "scrap", reason="crash"), SUPERVISOR)


@pytest.mark.parametrize("by", ["scrap", "abort", "its ladder"])
def test_where_it_may_lie_the_robot_loads_nothing_before_somebody_has_looked(by: str) -> None:
    more = {"on_fail": {"*": ladder("ask"), "interrupted": ladder("scrap")}} if by == "its ladder" else {}
    b = opened(["person"], **more)
    given_up(b, by)
    fact = b.state.world.facts["u1/body"]
    assert (fact.holder, fact.frame, fact.certainty) == ("cell", "nest_1", "doubtful")
    goes_on(b)
    order = "B" if by == "abort" else "A"
    assert b.no(cmd.StartUnit(order=order)) == "no_nest"
    b.do(cmd.TakePart(part="u1/body"), WORKER)
    b.do(cmd.StartUnit(order=order))
    b.start("load", "robot", unit="u2")
    assert b.replayed() == b.state


def test_while_the_camera_is_asked_an_abort_leaves_it_in_doubt_as_well() -> None:
    b = opened(["camera"])
    assert b.at("load").status == "verifying"
    given_up(b, "abort")
    assert b.state.world.facts["u1/body"].certainty == "doubtful"
    goes_on(b)
    assert b.no(cmd.StartUnit(order="B")) == "no_nest"


def test_what_somebody_took_over_from_the_gripper_may_be_set_down_where_it_was_to_go() -> None:
    give = step("load", part="body", at="nest", together=True, check=["person"])
    b = Bench(cell(nests={"nest": ["nest_1"]}, cameras=TOP)).running(variant(give), quantity=3)
    b.start("load", "robot", "front")
    b.do(b.moved("body", "grasped", "gripper"))
    b.do(b.moved("body", "released", "place:front"))
    ended = b.skill("load", "canceled")
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    fact = b.state.world.facts["u1/body"]
    assert (fact.holder, fact.frame, fact.certainty) == ("cell", "nest_1", "doubtful")
    b.do(ended)
    b.do(cmd.ClearPlace(place="front"), WORKER)
    b.running(variant(step("load", part="body", at="nest", by="robot")), order="B", units=0)
    assert b.no(cmd.StartUnit(order="B")) == "no_nest"
    assert types(b.do(cmd.TakePart(part="u1/body"), WORKER)) == "part_moved"
    b.do(cmd.StartUnit(order="B"))
