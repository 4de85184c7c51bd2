"""Picks and places as sequences: what is gripped where, what may be touched, and what is refused with a reason."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.errors import TandemError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellVerb, OrderVerb, StepStatus
from orchestrator.core.ports import Box, Grip, Move, MoveJoints
from orchestrator.core.variant import Grasp, PartSpec, Target
from orchestrator.engine.handling import CLEAR_M, WIDER_M, Handling
from tests.unit.cell_bench import BOSS, shipped
from tests.unit.core_builders import Bench, cell, step, variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.ports import Scene
    from orchestrator.core.state import State

HOME = (0.0, -1.0, 1.0, 0.0, 0.0, 0.0)
OPTIONS = {"ratio": 5, "cover": "blind", "plate": "en"}
TCP = Pose((0.0, 0.3, 0.5), (0.0, 1.0, 0.0, 0.0))
DOWN = Pose.from_rpy((0.0, 0.0, 0.03), (math.pi, 0.0, 0.0))
STEPS = (
    step("load", part="body", at="nest", by="robot"),
    step("pin", ["load"], part="pin", at="body/seat", by="robot"),
)


def spec(**more: Any) -> PartSpec:
    data: dict[str, Any] = {"mesh": "thing/x.glb", "low_m": (-0.02, -0.02, 0.0), "high_m": (0.02, 0.02, 0.05)}
    return PartSpec.model_validate({"name": {"en": "X"}, "mass_kg": 0.5, **data, **more})


def state(**facts: dict[str, Any]) -> State:
    """A unit whose parts have shapes, with what the ledger believes of them."""
    grasps = {"neck": Grasp(pose=DOWN, opening_m=0.02), "side": Grasp(pose=DOWN.shifted(0.01), opening_m=0.04)}
    parts = {
        "body": spec(mass_kg=2.0, frames={"seat": Pose((0.0, 0.0, 0.05))}, grasps={"top": grasps["side"]}),
        "pin": spec(mass_kg=0.1, symmetry_z=0, grasps=grasps),
    }
    what = variant(*STEPS).model_copy(update={"parts": {**variant(*STEPS).parts, **parts}})
    rig = Bench(cell())
    rig.do(cmd.StoreOrder(order="o", quantity=1, variant=what))
    rig.do(cmd.ChangeCell(verb=CellVerb.START))
    rig.do(cmd.SettleCell(state="starting"))
    rig.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
    rig.do(cmd.StartUnit(order="o"))
    for part, told in facts.items():
        rig.do(cmd.ReportPart.model_validate({"effect": "x", "part": f"u1/{part}", "kind": part, **told}))
    return rig.state


SET = {"what": "placed", "to": "nest_1"}
SEATED = {"what": "placed", "to": "u1/body", "frame": "seat", "pose": Pose((0.0, 0.0, 0.05))}
HELD = {"what": "grasped", "to": "gripper", "pose": DOWN.inverse()}


def handling(now: State) -> Handling:
    return Handling(now, "u1", TCP, HOME)


def test_a_part_that_is_not_there_yet_is_taken_from_the_next_slot_of_its_bin() -> None:
    now = state(body=SET)
    seen = handling(now).find("pin")
    assert (seen.bin, seen.kind) == ("tray", "pin")
    assert seen.pose == now.spec.supply["tray"].slot(0)
    one_less = replace(now, bins={**now.bins, "tray": 5})
    assert handling(one_less).find("pin").pose == now.spec.supply["tray"].slot(1)


def test_a_part_that_is_there_is_taken_from_where_the_ledger_knows_it() -> None:
    seen = handling(state(body=SET, pin=SEATED)).find("pin")
    assert seen.bin == ""
    assert seen.pose.p == pytest.approx((0.4, -0.15, 0.05))


def test_empty_bins_and_doubtful_parts_are_refused_with_a_remedy() -> None:
    now = state(body=SET)
    with pytest.raises(TandemError, match="No bin") as starved:
        handling(replace(now, bins={**now.bins, "tray": 0})).find("pin")
    assert (starved.value.code, starved.value.remedy) == ("starved", "Refill the bin.")
    seated = state(body=SET, pin=SEATED)
    fact = replace(seated.world.facts["u1/pin"], certainty="doubtful")
    world = replace(seated.world, facts={**seated.world.facts, "u1/pin": fact})
    with pytest.raises(TandemError) as doubtful:
        handling(replace(seated, world=world)).find("pin")
    assert doubtful.value.code == "doubtful"


def moves(segments: tuple[Any, ...]) -> Iterator[Move]:
    return (segment for segment in segments if isinstance(segment, Move))


def test_a_pick_opens_goes_down_straight_closes_on_the_part_and_comes_up_the_same_way() -> None:
    now = state(body=SET)
    hands = handling(now)
    seen = hands.find("pin")
    way = next(hands.picks(seen, 0.08))
    opens, above, down, grip, up = way.segments
    assert isinstance(opens, Grip)
    assert (opens.close, opens.opening_m) == (False, pytest.approx(0.02 + WIDER_M))
    assert isinstance(above, Move)
    assert isinstance(down, Move)
    assert isinstance(up, Move)
    assert down.line
    assert up.line
    assert above.to.p == up.to.p == pytest.approx((down.to.p[0], down.to.p[1], down.to.p[2] + 0.08))
    assert down.to.z_axis == pytest.approx((0.0, 0.0, -1.0))
    assert isinstance(grip, Grip)
    assert (grip.close, grip.attach, grip.mass_kg) == (True, "u1/pin", 0.1)
    assert "bin:tray" in down.touching
    assert (down.to @ way.held).p == pytest.approx(seen.pose.p)


def test_every_grasp_is_tried_at_every_angle_that_looks_the_same() -> None:
    hands = handling(state(body=SET))
    ways = list(hands.picks(hands.find("pin"), 0.08))
    assert len(ways) == 8 * 2
    assert len({tuple(round(v, 6) for v in way.held.q) for way in ways}) == 8
    assert all((way.segments[2].to @ way.held).p == pytest.approx(hands.find("pin").pose.p) for way in ways)  # type: ignore[union-attr] # the third is a Move


def test_lifting_a_base_takes_all_that_sits_on_it_with_its_weight() -> None:
    hands = handling(state(body=SET, pin=SEATED))
    grip = next(hands.picks(hands.find("body"), 0.08)).segments[3]
    assert isinstance(grip, Grip)
    assert grip.takes == ("u1/pin",)
    assert grip.mass_kg == pytest.approx(2.1)


def test_a_place_ends_at_home_and_goes_up_above_everything_that_stands_around() -> None:
    now = state(body=SET, pin=HELD)
    hands = handling(now)
    seat = hands.seat(Target(owner="body", frame="seat"))
    assert seat.p == pytest.approx((0.4, -0.15, 0.05))
    way = next(hands.places("pin", seat, "body", now.world.facts["u1/pin"].pose, 0.01))
    above, down, opens, up, home = way.segments
    assert isinstance(down, Move)
    assert (down.to @ way.held).p == pytest.approx(seat.p)
    assert isinstance(above, Move)
    top_of_body = 0.05
    assert above.to.p[2] - down.to.p[2] >= top_of_body - seat.p[2] + CLEAR_M - 1e-9
    assert isinstance(opens, Grip)
    assert not opens.close
    assert isinstance(up, Move)
    assert up.to == above.to
    assert home == MoveJoints(HOME)
    assert {"u1/body", "u1/pin"} <= down.touching


def test_nobody_places_on_an_owner_whose_place_is_unknown() -> None:
    with pytest.raises(TandemError) as error:
        handling(state()).seat(Target(owner="body", frame="seat"))
    assert error.value.code == "no_owner"


def test_a_part_without_a_grasp_is_left_to_a_person() -> None:
    now = state(body=SET)
    order = now.orders["o"]
    bare = order.variant.model_copy(update={"parts": {**order.variant.parts, "pin": spec(mass_kg=0.1)}})
    now = replace(now, orders={"o": replace(order, variant=bare)})
    with pytest.raises(TandemError) as error:
        next(handling(now).picks(handling(now).find("pin"), 0.08))
    assert (error.value.code, "person" in error.value.remedy) == ("no_grasp", True)


def test_the_scene_has_parts_bins_and_what_is_held_each_once() -> None:
    hands = handling(state(body=SET, pin=HELD))
    scene = hands.scene()
    names = [thing.id for thing in scene.objects]
    assert sorted(names) == sorted(set(names))
    assert "u1/body" in names
    assert [thing.id for thing in scene.attached] == ["u1/pin"]
    assert all(isinstance(thing.shape, Box) for thing in scene.objects if thing.id.startswith("bin:"))
    assert "bin:tray" in names
    assert "bin:box" not in names  # loose parts have no grid that the arm could run into


def test_what_sits_on_a_held_part_is_held_too() -> None:
    on_held = {**SEATED}
    now = state(body={**HELD}, pin=on_held)
    scene = handling(now).scene()
    assert {thing.id for thing in scene.attached} == {"u1/body", "u1/pin"}


def test_the_careful_way_out_goes_straight_up_and_may_touch_what_it_stands_in() -> None:
    (up,) = handling(state(body=SET)).away(0.08)
    assert isinstance(up, Move)
    assert up.line
    assert up.to.p == pytest.approx((TCP.p[0], TCP.p[1], TCP.p[2] + 0.08))
    assert "u1/body" in up.touching


def test_a_zone_in_which_a_person_works_alone_is_a_box_that_the_arm_keeps_out_of() -> None:
    now = state(body=SET)
    unit = now.units["u1"]

    def with_actors(*actors: str) -> set[str]:
        busy = replace(unit.steps["pin"], status=StepStatus.ACTIVE, actors=actors, resources=("zone:west", "tool:x"))
        units = {"u1": replace(unit, steps={**unit.steps, "pin": busy})}
        return {thing.id for thing in handling(replace(now, units=units)).scene().objects if "zone" in thing.id}

    assert with_actors("front") == {"zone:west"}
    assert with_actors("robot") == set()
    assert with_actors("robot", "front") == set()


def test_a_bin_of_a_kind_that_no_unit_has_is_in_the_way_too() -> None:
    now = state(body=SET)
    supply = {**now.spec.supply, "others": now.spec.supply["tray"].model_copy(update={"parts": ("cog",)})}
    now = replace(now, spec=now.spec.model_copy(update={"supply": supply}), bins={**now.bins, "others": 6})
    cog = spec(low_m=(-0.01, -0.01, 0.0), high_m=(0.01, 0.01, 0.02))
    known = Handling(now, "u1", TCP, HOME, {"cog": cog})
    assert "bin:others" in {thing.id for thing in known.scene().objects}
    empty = Handling(replace(now, bins={**now.bins, "others": 0}), "u1", TCP, HOME, {"cog": cog})
    assert "bin:others" not in {thing.id for thing in empty.scene().objects}


def test_the_shipped_cell_plans_around_every_full_bin() -> None:
    scenes = []

    async def main() -> None:
        async with shipped() as cell:
            sync = cell.cell.robot.sync_scene

            async def heard(scene: Scene) -> str:
                scenes.append({thing.id for thing in scene.objects})
                return await sync(scene)

            cell.cell.robot.sync_scene = heard  # type: ignore[method-assign] # to hear what is planned in
            assert (await cell.cell.desk.store_order("o", "gear_reducer", OPTIONS, 1, None, BOSS)).ok
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
            await cell.change(CellVerb.START)
            await cell.event("step_done", step="load")
            full = {f"bin:{name}" for name, bin_ in cell.state.spec.supply.items() if bin_.grid is not None}
            assert all(full <= scene for scene in scenes)

    run_virtual(main)
    assert scenes
