"""A gripper of either action: what it takes, lets go, and does not get to, over a real middleware."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, Grip, Move
from tests.contract.robot_rigs import tasks
from tests.contract.test_robot import DOWN
from tests.ros2.found import why_not
from tests.ros2.rig import SETTINGS, RosRig, ServerProcess, alone

pytestmark = pytest.mark.ros2
KINDS = {"parallel": "ParallelGripperCommand", "gripper": "GripperCommand"}
ABOVE = Pose.from_rpy((-0.45, -0.15, 0.05), DOWN)


@pytest.fixture(scope="module", params=list(KINDS))
def gripper(request):
    """Return servers whose gripper has one of the two actions, and which one."""
    if reason := why_not():
        pytest.skip(reason)
    alone(1 + list(KINDS).index(request.param))
    servers = ServerProcess("--gripper", KINDS[request.param])
    yield request.param, servers
    servers.close()
    alone()


def on_servers(body, folder, servers, kind):
    settings = SETTINGS.model_copy(update={"gripper": SETTINGS.gripper.model_copy(update={"kind": kind})})

    async def whole():
        rig = RosRig(folder, servers, settings)
        try:
            await rig.robot.ready()
            await body(rig)
        finally:
            await rig.close()
        assert tasks() == set()

    asyncio.run(whole())


@pytest.mark.parametrize("said", ["auto", "this"])
def test_a_part_is_taken_and_let_go_by_whichever_action_is_there(tmp_path, gripper, said):
    kind, servers = gripper

    async def body(rig):
        robot = rig.robot
        body_id = rig.put("peg", Box((0.03, 0.03, 0.10)), Pose((-0.45, -0.15, 0.05)))
        assert (await robot.grip(Grip(close=False, opening_m=0.08)).result()).ok
        assert (await robot.execute(await robot.plan([Move(ABOVE)])).result()).ok
        assert (await robot.grip(Grip(close=True, opening_m=0.0, force_N=20.0)).result()).ok
        assert robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.03, abs=1e-3)
        assert (await robot.grip(Grip(close=False, opening_m=0.06)).result()).ok
        assert not robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.06, abs=1e-3)
        rig.take(body_id)
        assert (await robot.grip(Grip(close=True, opening_m=0.0, force_N=20.0)).result()).ok
        assert not robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.0, abs=1e-3)

    on_servers(body, tmp_path, servers, "auto" if said == "auto" else kind)


def test_a_gripper_that_never_answers_ends_its_motion(tmp_path, gripper):
    kind, servers = gripper

    async def body(rig):
        rig.misbehave(deaf=True)
        outcome = await rig.robot.grip(Grip(close=False, opening_m=0.03)).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_answer")
        rig.hear()

    on_servers(body, tmp_path, servers, kind)


def test_a_gripper_of_the_other_action_is_missed_by_name(tmp_path, gripper):
    kind, servers = gripper
    (other,) = set(KINDS) - {kind}

    async def body(rig):
        raise AssertionError("it can't get ready")

    with pytest.raises(Exception, match="There is no gripper at gripper_controller/gripper_cmd"):
        on_servers(body, tmp_path, servers, other)
