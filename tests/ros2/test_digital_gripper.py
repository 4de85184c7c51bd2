"""A gripper on a digital output over a real middleware: what it holds, what it misses, and how it fails."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.core.errors import RobotError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, Grip, Move
from orchestrator.core.ros2_spec import Ros2DigitalSpec, Ros2GripperSpec
from tests.contract import test_robot as suite
from tests.contract.robot_rigs import tasks
from tests.contract.running import on_robot
from tests.ros2.found import why_not
from tests.ros2.rig import SETTINGS, RosKind, RosRig, ServerProcess, alone
from tests.ros2.test_gripper import ABOVE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.ros2
HELD = ("own_moves_and_grips", "paused_gripper_cancelled", "grip_outside_the_plan")  # all that is not a set opening
globals().update({name: test for name, test in vars(suite).items() if any(words in name for words in HELD)})
PEG = Box((0.03, 0.03, 0.10))
AT = Pose((-0.45, -0.15, 0.05))
CLOSE, OPEN = Grip(close=True, opening_m=0.03), Grip(close=False, opening_m=0.06)
STROKE_M = UR5E.gripper.stroke_m


@pytest.fixture(scope="module")
def digital():
    if reason := why_not():
        pytest.skip(reason)
    alone(7)
    servers = ServerProcess("--gripper", "digital")
    yield servers
    servers.close()
    alone()


class DigitalKind(RosKind):
    """The ROS 2 robot with a digital gripper."""

    def make(self, folder: Path) -> RosRig:
        return RosRig(folder, self._servers, settings())


@pytest.fixture
def on_rig(digital: ServerProcess, tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine on it, as the port's suite does."""
    return on_robot(DigitalKind(digital), tmp_path)


def settings(**changes: Any) -> Any:
    spec = {"output": "gripper/close", "holding": "gripper/holding", "closed": "gripper/closed", "time_s": 1.5}
    gripper = Ros2GripperSpec(digital=Ros2DigitalSpec(**{**spec, **changes}))
    return SETTINGS.model_copy(update={"gripper": gripper})


def on_servers(body, folder, servers, **changes):
    async def whole():
        rig = RosRig(folder, servers, settings(**changes))
        try:
            await rig.robot.ready()
            return await body(rig)
        finally:
            await rig.close()
            assert tasks() == set()

    return asyncio.run(whole())


@pytest.mark.parametrize("closed", ["gripper/closed", None])
def test_it_holds_a_part_and_closes_on_nothing(tmp_path, digital, closed):
    async def body(rig):
        robot = rig.robot
        peg = rig.put("peg", PEG, AT)
        assert robot.state.value.opening_m == pytest.approx(STROKE_M)
        assert (await robot.execute(await robot.plan([Move(ABOVE)])).result()).ok
        assert (await robot.grip(CLOSE).result()).ok
        assert robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.03)  # as wide as the command says
        assert (await robot.grip(OPEN).result()).ok
        assert not robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(STROKE_M)  # it opens all the way
        rig.take(peg)
        assert (await robot.grip(CLOSE).result()).ok
        assert not robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.0, abs=1e-6)

    on_servers(body, tmp_path, digital, closed=closed)


def test_a_plan_with_grips_is_planned_as_the_gripper_opens(tmp_path, digital):
    async def body(rig):
        robot = rig.robot
        rig.put("peg", PEG, AT)
        plan = await robot.plan([OPEN, Move(ABOVE), CLOSE, Move(ABOVE.shifted(z=-0.05))])
        assert [leg.opening_m for leg in plan.path] == pytest.approx([STROKE_M, STROKE_M, 0.03, 0.03])
        assert (await robot.execute(plan).result()).ok
        assert robot.state.value.holding

    on_servers(body, tmp_path, digital)


def test_what_is_lost_from_the_fingers_is_told(tmp_path, digital):
    async def body(rig):
        robot = rig.robot
        rig.put("peg", PEG, AT)
        assert (await robot.execute(await robot.plan([Move(ABOVE)])).result()).ok
        assert (await robot.grip(CLOSE).result()).ok
        lost = asyncio.Event()
        end = robot.state.listen(lambda state: None if state.holding else lost.set())
        digital.call("let_go")
        async with asyncio.timeout(10.0):
            await lost.wait()
        end()

    on_servers(body, tmp_path, digital)


@pytest.mark.parametrize(
    ("flags", "command", "words"),
    [
        ({"rejects": True}, CLOSE, "gave up: no air"),
        ({"sticks": True}, CLOSE, "neither gripper/holding nor gripper/closed after 1.5 s"),
        ({"torn": True}, CLOSE, "gripper/holding and gripper/closed contradict each other"),
        ({"torn": True}, OPEN, "gripper/holding is still on after 1.5 s"),
    ],
)
def test_a_gripper_that_does_not_do_it_says_what_is_wrong(tmp_path, digital, flags, command, words):
    async def body(rig):
        rig.misbehave(**flags)
        outcome = await rig.robot.grip(command).result()
        assert (outcome.kind, outcome.code) == ("aborted", "gripper")
        assert words in outcome.message
        assert outcome.remedy

    on_servers(body, tmp_path, digital)


def test_a_gripper_that_never_answers_ends_its_motion(tmp_path, digital):
    async def body(rig):
        rig.misbehave(deaf=True)
        begun_s = time.monotonic()
        outcome = await rig.robot.grip(CLOSE).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_answer")
        assert time.monotonic() - begun_s < 5.0
        rig.hear()

    on_servers(body, tmp_path, digital)


def test_a_gripper_whose_inputs_fall_silent_is_not_believed(tmp_path, digital):
    async def body(rig):
        robot = rig.robot
        rig.misbehave(numb=True)
        unknown = asyncio.Event()
        end = robot.safety.listen(lambda safety: unknown.set() if safety == "unknown" else None)
        async with asyncio.timeout(10.0):
            await unknown.wait()  # as of an arm whose joints are not heard of
        end()
        assert (await robot.grip(CLOSE).result()).code == "unsafe"

    on_servers(body, tmp_path, digital)


def test_a_grip_that_is_cancelled_ends_so(tmp_path, digital):
    async def body(rig):
        motion = rig.robot.grip(CLOSE)
        assert await motion.accepted()
        assert (await motion.cancel()).kind == "canceled"

    on_servers(body, tmp_path, digital, time_s=6.0)


def test_a_service_that_is_not_there_is_missed_by_name(tmp_path, digital):
    async def body(rig):
        raise AssertionError("it can't get ready")

    with pytest.raises(RobotError, match="There is no gripper at nowhere/close"):
        on_servers(body, tmp_path, digital, output="nowhere/close")


def test_an_output_whose_server_is_gone_is_lost(tmp_path, digital):
    async def body(rig):
        rig.misbehave(sticks=True)
        motion = rig.robot.grip(CLOSE)
        assert await motion.accepted()
        digital.call("unplug")
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("unknown", "lost")
        assert "gripper's server is gone" in outcome.message

    on_servers(body, tmp_path, digital, time_s=8.0)
