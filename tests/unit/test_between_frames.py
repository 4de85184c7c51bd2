"""A part that somebody was taking from one frame of the cell to another when its unit was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import OrderVerb
from orchestrator.core.readiness import blockers
from orchestrator.engine.contradicting import contradictions
from orchestrator.engine.handling import Handling
from orchestrator.engine.offers import granted
from orchestrator.engine.snapshot import Snapshot
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, cell, step, variant
from tests.unit.test_remains import CAMERA, looked

if TYPE_CHECKING:
    from orchestrator.core.variant import Step, Variant

LOAD = step("load", part="body", at="nest", by="human")


def meshed(*steps: Step) -> Variant:
    """A variant whose parts a camera can tell."""
    one = variant(*steps)
    parts = {kind: spec.model_copy(update={"mesh": f"thing/{kind}.glb"}) for kind, spec in one.parts.items()}
    return one.model_copy(update={"parts": parts})


def carried() -> Bench:
    """Somebody had the body in hand, from the nest to the press, when its unit was given up."""
    b = Bench(cell(nests={"nest": ["nest_1"]}, cameras=CAMERA))
    b.running(meshed(LOAD, step("press", ["load"], part="body", at="press", by="human")))
    b.finish("load", "front")
    b.start("press", "front")
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    return b


def free(b: Bench) -> tuple[bool, bool]:
    """Whether the nest and the press are free for the next unit."""
    b.running(variant(step("shaft", part="body", at="press", by="human")), order=f"P{b.t}")
    unit = next(reversed(b.state.units.values()))
    press = blockers(b.state, unit, b.state.variant_of(unit.id).by_id["shaft"], ("front",), b.t)
    b.do(cmd.StoreOrder(order=f"N{b.t}", quantity=1, variant=variant(step("load", part="body", at="nest"))))
    b.do(cmd.ChangeOrder(order=f"N{b.t}", verb=OrderVerb.START))
    nest = not isinstance(b.ask(cmd.StartUnit(order=f"N{b.t}")), Rejected)
    b.wait(1)
    return nest, press == []


def test_what_somebody_was_taking_from_one_frame_to_another_keeps_both() -> None:
    b = carried()
    b.do(cmd.ClearPlace(place="front"), WORKER)
    fact = b.state.world.facts["u1/body"]
    assert (fact.certainty, fact.frames) == ("doubtful", ("press", "nest_1"))
    assert free(b) == (False, False)
    kept = Snapshot(b.state.seq, "", b.state)
    assert Snapshot.from_bytes(kept.to_bytes(), b.state.spec) == kept
    assert b.replayed() == b.state


def test_it_goes_from_both_by_a_persons_word_and_is_at_neither_by_a_guess() -> None:
    b = carried()
    (doubt,) = contradictions(b.state, granted)
    assert doubt.says[0].text == {"en": "it is at press or at nest_1", "de": "es liegt auf press oder auf nest_1"}
    assert [button.label for button in doubt.buttons] == ["take_part"]
    assert b.no(cmd.SettlePart(part="u1/body"), WORKER) == "not_sure_where"
    b.do(cmd.TakePart(part="u1/body"), WORKER)
    assert free(b) == (True, True)


def test_a_camera_that_sees_it_at_neither_frees_both_one_after_the_other() -> None:
    b = carried()
    b.do(cmd.ClearPlace(place="front"), WORKER)
    assert looked(b, "missing") == "remains_look_ended part_moved"
    fact = b.state.world.facts["u1/body"]
    assert (fact.certainty, fact.frames, fact.pose.p) == ("doubtful", ("nest_1",), (0.4, -0.15, 0.0))
    assert looked(b, "missing") == "remains_look_ended part_moved"
    assert (b.state.world.facts, b.state.remains) == ({}, {})
    assert b.replayed() == b.state


@pytest.mark.parametrize("there", ["press", "nest_1"])
def test_a_camera_that_sees_it_at_one_knows_that_it_is_not_at_the_other(there: str) -> None:
    b = carried()
    b.do(cmd.ClearPlace(place="front"), WORKER)
    if there == "nest_1":
        looked(b, "missing")
    looked(b, "ok")
    fact = b.state.world.facts["u1/body"]
    assert (fact.certainty, fact.frames) == ("known", (there,))
    assert free(b) == ((False, True) if there == "nest_1" else (True, False))


def test_what_was_being_taken_off_another_part_may_be_there_still() -> None:
    off = step("off", ["pin"], part="pin", at="waste", by="human")
    b = Bench(cell(cameras=CAMERA)).running(
        meshed(LOAD, step("pin", ["load"], part="pin", at="body/seat", by="human"), off)
    )
    b.finish("load", "front")
    b.finish("pin", "front")
    b.start("off", "front")
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    fact = b.state.world.facts["u1/pin"]
    assert (fact.certainty, fact.frames) == ("doubtful", ("waste", "nest_1"))
    assert b.state.world.facts["u1/body"].frames == ("nest_1",)


def test_what_the_gripper_holds_stays_in_the_gripper() -> None:
    b = Bench(cell(nests={"nest": ["nest_1"]})).running(variant(step("load", part="body", at="nest", by="robot")))
    b.start("load", "robot")
    b.do(b.moved("body", "grasped", "gripper"))
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    assert b.state.world.facts["u1/body"].holder == "gripper"


def test_the_arm_keeps_away_from_both() -> None:
    b = carried()
    ids = {thing.id: thing.pose.p for thing in Handling(b.state, "u2", Pose(), (0.0,) * 6).scene().objects}
    assert ids["u1/body"] == (0.3, 0.45, 0.0)
    assert ids["u1/body at nest_1"] == pytest.approx((0.4, -0.15, 0.0))


def slipped(*, pressed: bool = False) -> Bench:
    """The gripper took the body off its nest for the press, and was found empty after a restart; its unit ends."""
    b = Bench(cell(nests={"nest": ["nest_1"]}, cameras=CAMERA))
    b.running(meshed(LOAD, step("press", ["load"], part="body", at="press", by="robot")))
    b.finish("load", "front")
    b.start("press", "robot")
    b.do(b.moved("body", "grasped", "gripper"))
    if pressed:
        b.do(b.moved("body", "placed", "cell", frame="press"))
        b.do(b.moved("body", "grasped", "gripper"))
    b.do(cmd.ReportRestart(holding=False))
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    return b


def test_what_slipped_out_of_the_gripper_may_stand_where_it_was_taken_from() -> None:
    b = slipped()
    fact = b.state.world.facts["u1/body"]
    assert (fact.holder, fact.certainty, fact.frames) == ("cell", "doubtful", ("press", "nest_1"))
    assert b.replayed() == b.state


def test_what_slipped_where_it_was_to_be_put_is_looked_for_there_alone() -> None:
    b = slipped(pressed=True)
    fact = b.state.world.facts["u1/body"]
    assert (fact.holder, fact.certainty, fact.frames) == ("cell", "doubtful", ("press",))
