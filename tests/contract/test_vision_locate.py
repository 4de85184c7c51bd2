"""What every `Vision` promises of `locate`; held by Open3D in its process, and the first of it by the simulated one."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose, deviation
from orchestrator.core.locating import Fingers, Hold, Kind, LocateRequest, Space
from orchestrator.core.ports import Expected, Mesh
from tests.locate_scenes import FLOOR_Z, Thrower, write_kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orchestrator.core.locating import Located
    from orchestrator.core.ports import Shot

BASE = Pose((0.5, 0.0, FLOOR_Z))
TOP = Expected("top", "top.glb", BASE)
BRACKET = Kind("bracket", "bracket.glb")
UPRIGHT = BASE @ Pose.from_rpy((0.03, 0.02, 0.0), (0, 0, 0.7))
ON_SIDE = BASE @ Pose.from_rpy((-0.08, -0.05, 0.015), (math.pi / 2, 0, 1.9))
LENS = intrinsics_for(640, 360, 45.0)
FROM_ABOVE = Hold("above", Pose.from_rpy((0.005, 0.0, 0.003), (math.pi, 0, 0)), 0.03)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    write_kinds(folder)
    return folder


@pytest.fixture(scope="module")
def vision(parts: Path) -> Iterator[VisionOpen3D]:
    adapter = VisionOpen3D(parts)
    yield adapter
    asyncio.run(adapter.close())


@pytest.fixture(params=["open3d", "sim"])
def ask(request: Any, parts: Path, vision: VisionOpen3D) -> Callable[[LocateRequest, list[Expected]], Located]:
    def asked(what: LocateRequest, truth: list[Expected]) -> Located:
        if request.param == "open3d":
            return asyncio.run(vision.locate(what, picture(parts, truth)))
        world = World(MeshStore(parts))
        for each in truth:
            world.add(each.id, Mesh(each.mesh), each.pose)
        return asyncio.run(SimVision(world).locate(what, picture(parts, truth)))

    return asked


def picture(parts: Path, truth: list[Expected], camera: str = "structured_light") -> Shot:
    return Thrower(parts, seed=4).shoot([TOP, *truth], camera, BASE, LENS)


def thing(name: str, pose: Pose) -> Expected:
    return Expected(f"{name} at {pose.p}", f"{name}.glb", pose)


def find(vision: VisionOpen3D, parts: Path, truth: list[Expected], **changes: Any) -> Located:
    request = replace(LocateRequest("e1", BRACKET), **changes)
    return asyncio.run(vision.locate(request, picture(parts, truth)))


def test_parts_of_a_kind_are_found_where_they_lie(ask: Callable[..., Located]) -> None:
    truth = [thing("bracket", UPRIGHT), thing("bracket", ON_SIDE), thing("block", BASE.shifted(x=-0.08, y=0.08))]
    answer = ask(LocateRequest("e1", BRACKET), truth)
    assert len(answer.found) == 2
    for pose in (UPRIGHT, ON_SIDE):
        off = min((deviation(each.pose, pose) for each in answer.found), key=lambda each: each.distance_m)
        assert off.distance_m < 0.001
        assert max(map(abs, off.rot_rad)) < math.radians(2)
    assert all(each.score > 0.7 and each.visible > 0.7 and not each.doubt for each in answer.found)


def test_none_is_an_answer_with_a_reason(ask: Callable[..., Located]) -> None:
    answer = ask(LocateRequest("e1", BRACKET), [])
    assert answer.found == ()
    assert answer.reason


def test_no_more_than_asked_for_are_reported(ask: Callable[..., Located]) -> None:
    answer = ask(LocateRequest("e1", BRACKET, most=1), [thing("bracket", UPRIGHT), thing("bracket", ON_SIDE)])
    assert len(answer.found) == 1


def test_what_lies_outside_of_the_space_is_left_alone(ask: Callable[..., Located]) -> None:
    space = Space(UPRIGHT.shifted(z=0.03), (0.12, 0.12, 0.1))
    answer = ask(LocateRequest("e1", BRACKET, space=space), [thing("bracket", UPRIGHT), thing("bracket", ON_SIDE)])
    assert [math.dist(each.pose.p, UPRIGHT.p) < 0.001 for each in answer.found] == [True]


def test_holds_are_answered_in_the_world(ask: Callable[..., Located]) -> None:
    (found,) = ask(LocateRequest("e1", BRACKET, holds=(FROM_ABOVE,)), [thing("bracket", UPRIGHT)]).found
    (hold,) = found.holds
    assert (hold.name, hold.opening_m, hold.blocked) == ("above", 0.03, "")
    # The camera is believed 0.3 mm and 0.05 degrees off.
    assert deviation(hold.pose, UPRIGHT @ FROM_ABOVE.pose).distance_m < 0.0015


def test_it_is_said_how_a_part_lies(vision: VisionOpen3D, parts: Path) -> None:
    answer = find(vision, parts, [thing("bracket", UPRIGHT), thing("bracket", ON_SIDE)])
    assert {each.lies for each in answer.found} == {"upright", "on its -y side"}
    assert all(0 < sigma < 0.002 for each in answer.found for sigma in each.uncertainty_m)
    assert answer.floor is not None
    assert answer.floor.p[2] == pytest.approx(FLOOR_Z, abs=0.001)


def test_an_empty_floor_is_told_by_the_height_that_was_looked_for(vision: VisionOpen3D, parts: Path) -> None:
    assert "Nothing taller than" in find(vision, parts, []).reason


def test_something_else_is_not_taken_for_the_part(vision: VisionOpen3D, parts: Path) -> None:
    answer = find(vision, parts, [thing("block", UPRIGHT), thing("cup", ON_SIDE.shifted(z=-0.015))])
    assert answer.found == ()
    assert "not bracket" in answer.reason


def test_a_look_alike_is_named_and_not_reported(vision: VisionOpen3D, parts: Path) -> None:
    long = Kind("bracket_long", "bracket_long.glb")
    answer = find(vision, parts, [thing("bracket_long", UPRIGHT)], look_alikes=(long,))
    assert answer.found == ()
    assert [each.id for each in answer.others] == ["bracket_long"]
    assert "bracket_long lies there" in answer.reason


def test_a_twin_that_looks_the_same_is_doubted(vision: VisionOpen3D, parts: Path) -> None:
    answer = find(vision, parts, [thing("bracket", UPRIGHT)], look_alikes=(Kind("twin", "bracket.glb"),))
    assert answer.found == ()
    assert "may be bracket or twin" in answer.reason


def test_a_neighbour_between_the_fingers_blocks_a_hold(vision: VisionOpen3D, parts: Path) -> None:
    beside = UPRIGHT @ Pose((0.005, 0.038, 0.0))
    truth = [thing("bracket", UPRIGHT), thing("block", beside)]
    asked = {"holds": (FROM_ABOVE,), "gripper": Fingers()}
    (unknown,) = find(vision, parts, truth, **asked).found
    assert unknown.holds[0].blocked == "Something unknown is in the way."
    (known,) = find(vision, parts, truth, **asked, around=(thing("block", beside),)).found
    assert "block" in known.holds[0].blocked
    (free,) = find(vision, parts, truth[:1], **asked).found
    assert free.holds[0].blocked == ""


def test_a_hold_from_below_meets_the_floor(vision: VisionOpen3D, parts: Path) -> None:
    below = replace(FROM_ABOVE, pose=Pose((0.005, 0.0, 0.001)))
    (found,) = find(vision, parts, [thing("bracket", UPRIGHT)], holds=(below,), gripper=Fingers()).found
    assert "into the floor" in found.holds[0].blocked


def test_a_part_wider_than_the_stroke_is_not_held(vision: VisionOpen3D, parts: Path) -> None:
    narrow = Fingers(stroke_m=0.02)
    (found,) = find(vision, parts, [thing("bracket", UPRIGHT)], holds=(FROM_ABOVE,), gripper=narrow).found
    assert "30 mm wide" in found.holds[0].blocked


def test_a_picture_without_depth_shows_nothing(vision: VisionOpen3D, parts: Path) -> None:
    shot = picture(parts, [])
    blind = replace(shot, depth_m=np.zeros_like(shot.depth_m))
    answer = asyncio.run(vision.locate(LocateRequest("e1", BRACKET), blind))
    assert (answer.found, answer.reason) == ((), "The camera measured nothing there.")


def test_a_kind_without_a_mesh_is_refused(vision: VisionOpen3D, parts: Path) -> None:
    with pytest.raises(VisionError, match="There is no mesh"):
        find(vision, parts, [], part=Kind("ghost", "ghost.glb"))


def test_the_same_picture_gives_the_same_answer(vision: VisionOpen3D, parts: Path) -> None:
    truth = [thing("bracket", UPRIGHT), thing("bracket", ON_SIDE)]
    assert find(vision, parts, truth) == find(vision, parts, truth)
