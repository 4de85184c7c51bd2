"""The ledger of part instances."""

from __future__ import annotations

import math
from typing import Any

import pytest

from orchestrator.core.events import PartMoved
from orchestrator.core.geometry import Pose
from orchestrator.core.world import World


def _moved(world: World, part: str, holder: str, what: str = "placed", t: float = 1.0, **more: Any) -> World:
    unit = part.split("/", maxsplit=1)[0]
    data = {"unit": unit, "part": part, "kind": "thing", "what": what, "holder": holder, **more}
    return world.moved(PartMoved.model_validate(data), t)


def _stack() -> World:
    """A pin on a shaft on a body that stands in the cell, turned by a quarter."""
    world = World({})
    world = _moved(world, "u1/body", "cell", frame="nest", pose=Pose.from_rpy((1, 0, 0), (0, 0, math.pi / 2)), t=1)
    world = _moved(world, "u1/shaft", "u1/body", frame="bore", pose=Pose((0.1, 0, 0)), t=2)
    return _moved(world, "u1/pin", "u1/shaft", frame="tip", pose=Pose((0, 0, 0.2)), t=3)


def test_what_sits_on_a_part_moves_with_it() -> None:
    world = _stack()
    pose = world.pose("u1/pin")
    assert pose is not None
    assert pose.p == pytest.approx((1, 0.1, 0.2))
    world = _moved(world, "u1/body", "cell", frame="out", pose=Pose((0, 0, 1)), t=4)
    pose = world.pose("u1/pin")
    assert pose is not None
    assert pose.p == pytest.approx((0.1, 0, 1.2))


def test_what_the_gripper_holds_is_where_the_tool_is() -> None:
    world = _moved(_stack(), "u1/body", "gripper", "grasped", pose=Pose((0, 0, -0.05)))
    assert world.pose("u1/pin") is None
    pose = world.pose("u1/pin", tcp=Pose((0, 0, 1)))
    assert pose is not None
    assert pose.p == pytest.approx((0.1, 0, 1.15))
    held = world.held()
    assert held is not None
    assert held.part == "u1/body"


def test_an_unknown_carrier_makes_what_it_carries_unknown() -> None:
    world = _moved(_stack(), "u1/shaft", "lost", "lost", certainty="unknown")
    assert world.pose("u1/pin") is None
    assert world.pose("u1/body") is not None


def test_a_look_is_no_contact() -> None:
    world = _moved(_stack(), "u1/pin", "u1/shaft", "seen", t=9, source="measured", pose=Pose((0, 0, 0.3)))
    fact = world.get("u1/pin")
    assert fact is not None
    assert (fact.t, fact.source) == (3, "measured")


def test_the_last_contact_counts_the_support() -> None:
    world = _stack()
    assert world.last_contact("u1/pin") == 3
    world = _moved(world, "u1/body", "cell", frame="nest", t=7)
    assert world.last_contact("u1/pin") == 7
    assert world.last_contact("u1/none") == 0


def test_everything_on_a_part_is_found_directly_or_not() -> None:
    assert [fact.part for fact in _stack().on("u1/body")] == ["u1/shaft", "u1/pin"]


def test_parts_that_sit_on_each_other_in_a_circle_have_no_place_and_hang_nothing() -> None:
    world = _moved(_stack(), "u1/body", "u1/pin", t=8)
    assert world.pose("u1/pin") is None
    assert world.last_contact("u1/shaft") == 8
    assert {fact.part for fact in world.on("u1/body")} == {"u1/shaft", "u1/pin"}


def test_a_consumed_part_leaves_the_ledger() -> None:
    world = _moved(_stack(), "u1/pin", "lost", "consumed")
    assert world.get("u1/pin") is None


def test_a_unit_that_is_given_up_leaves_what_stands_in_the_cell_or_hangs_in_the_gripper() -> None:
    world = _moved(_stack(), "u1/lid", "place:front", "released")
    world = _moved(world, "u1/screw", "u1/lid")
    world = _moved(world, "u1/clip", "lost", "lost")
    assert set(world.left_lying("u1").facts) == set(_stack().facts) - {"u1/lid"}


def test_a_unit_that_leaves_takes_its_parts_but_not_what_the_gripper_holds() -> None:
    world = _moved(_stack(), "u2/body", "cell", frame="nest_2")
    world = _moved(world, "u1/pin", "gripper", "grasped")
    assert set(world.without_unit("u1").facts) == {"u1/pin", "u2/body"}


def test_what_stands_at_a_frame_of_the_cell_is_found() -> None:
    assert [fact.part for fact in _stack().at_frame("nest")] == ["u1/body"]
    assert not list(_stack().at_frame("bore"))
