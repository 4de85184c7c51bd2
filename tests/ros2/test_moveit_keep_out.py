"""A cell file's keep-out zones in MoveIt's planning scene: told, gone around, and named where they refuse."""

from __future__ import annotations

import pytest

from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Move, MoveJoints, Scene
from orchestrator.engine.handling import Handling
from tests.contract.running import on_robot
from tests.contract.test_robot import FAR, HIGH, LOW
from tests.ros2.moveit_double import MoveItDoubleKind
from tests.ros2.moveit_rig import MoveItKind, why_no_moveit
from tests.unit.core_builders import Bench, cell

POST = {"post": {"box_mm": [[-380, -380, 0], [-320, -320, 600]]}}
SHELF = {"shelf": {"box_mm": [[-520, -220, 0], [-380, -80, 320]]}}  # around LOW, below HIGH
NAME = "keep-out zone {}"


def of_cell(keep_out):
    """Return the scene that a skill's motions are planned in, of a cell with these zones and nothing else around."""
    state = Bench(cell(keep_out=keep_out, supply={})).state
    return Handling(state, "u1", Pose(), (0.0,) * 6).scene()


@pytest.fixture(params=["double", pytest.param("ros2", marks=pytest.mark.ros2)])
def on_rig(request, tmp_path):
    """Run a coroutine on a robot whose plans are MoveIt's."""
    if request.param == "double":
        return on_robot(MoveItDoubleKind(), tmp_path)
    if reason := why_no_moveit():
        pytest.skip(reason)
    return on_robot(MoveItKind(request.getfixturevalue("servers"), request.getfixturevalue("move_group")), tmp_path)


def known(rig):
    """Return what MoveIt believes to be around: names and places (m)."""
    if hasattr(rig, "moveit"):
        return {name: thing.pose.p for name, thing in rig.moveit.mind.around.items()}
    return {name: tuple(at) for name, at in rig.move_group.call("knows")["world"].items()}


def test_moveit_is_told_each_zone_where_it_is_and_forgets_one_that_is_no_more(on_rig):
    async def body(rig):
        await rig.robot.sync_scene(of_cell({**POST, **SHELF}))
        await rig.robot.plan([Move(FAR)])
        there = known(rig)
        assert set(there) == {"table", NAME.format("post"), NAME.format("shelf")}
        assert there[NAME.format("post")] == pytest.approx((-0.35, -0.35, 0.3))
        await rig.robot.sync_scene(of_cell(SHELF))
        await rig.robot.plan([Move(FAR)])
        assert set(known(rig)) == {"table", NAME.format("shelf")}

    on_rig(body)


def test_its_way_leads_around_a_zone(on_rig):
    async def body(rig):
        await rig.robot.execute(await rig.robot.plan([Move(HIGH)])).result()
        there = MoveJoints((await rig.robot.plan([Move(FAR)])).path[-1].end)
        assert len((await rig.robot.plan([there])).path[0].curves) == 1  # straight
        await rig.robot.sync_scene(of_cell(POST))
        assert len((await rig.robot.plan([there])).path[0].curves) > 1
        await rig.robot.sync_scene(Scene())
        assert len((await rig.robot.plan([there])).path[0].curves) == 1

    on_rig(body)


@pytest.mark.parametrize("line", [True, False])
def test_a_motion_into_a_zone_is_refused_and_names_it(on_rig, line):
    async def body(rig):
        await rig.robot.execute(await rig.robot.plan([Move(HIGH)])).result()
        await rig.robot.sync_scene(of_cell(SHELF))
        with pytest.raises(PlanError, match=NAME.format("shelf")) as refused:
            await rig.robot.plan([Move(LOW, line=line)])
        assert refused.value.code == "no_plan"
        assert refused.value.remedy

    on_rig(body)
