"""A camera waits until the arm is out of its way, or says that it is not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.machine import StepStatus
from orchestrator.core.ports import Capabilities, Check, Latest, RobotState, Solid
from orchestrator.core.react import Look
from orchestrator.core.world import World
from orchestrator.engine.arm_in_view import ArmInView
from orchestrator.engine.bus import Bus
from orchestrator.engine.eyes import Eyes
from orchestrator.engine.standstill import WAITS_S, Standstill
from tests.unit.cell_bench import authored, bench
from tests.unit.test_eyes import ASIDE, TOP, Told, cell_with

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orchestrator.core.commands import EndCheck
    from orchestrator.core.ports import Robot
    from orchestrator.core.state import State

BALL = Capabilities(body=((0, Solid("sphere", (0.12,), IDENTITY)),))
OVER_NEST = Pose((0.45, -0.12, 0.6))  # between `top` and nest_1, not between `aside` and it
AWAY = Pose((-0.5, 0.0, 0.5))
LOOK = Look("l", "u1", "load", 1)


@dataclass
class Arm:
    """An arm that is one ball."""

    state: Latest[RobotState]
    capabilities: Capabilities = BALL

    def at(self, pose: Pose, *, moving: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        old = self.state.value
        since = old.since if old.moving is moving else now
        self.state.put(replace(old, links=(pose,), tcp=pose, moving=moving, stamp=now, since=since))


def arm(pose: Pose = AWAY) -> Arm:
    return Arm(Latest(RobotState((0.0,) * 6, pose, 0.05, False, 1.0, True, False, 0.0, links=(pose,))))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def looking(
    folder: Path,
    robot: Arm,
    test: Callable[[Callable[[], Awaitable[EndCheck]], Told], Awaitable[None]],
    *cameras: str,
    change: Callable[[State], State] = lambda state: state,
) -> None:
    """Let cameras look at a base in nest_1, beside an arm that is a ball."""

    async def main() -> None:
        async with bench(folder, vision=Told(), cell_file=cell_with(folder, *cameras)) as cell:
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.DONE)
            state = change(replace(cell.state, motions={}))
            there: Robot = robot  # type: ignore[assignment] # all that a camera asks of it
            vision = Told()
            shots: Any = cell.cell.cameras
            eyes = Eyes(
                shots,
                vision,
                lambda _product: {},
                still=Standstill(robot.state, lambda: state, Bus()),
                arm=ArmInView(there),
            )
            await test(lambda: eyes.look(lambda: state, LOOK), vision)

    run_virtual(main)


def test_an_arm_that_stands_elsewhere_is_not_in_the_way(folder: Path) -> None:
    async def test(look: Callable[[], Awaitable[EndCheck]], vision: Told) -> None:
        before = asyncio.get_running_loop().time()
        assert (await look()).measured is not None
        assert vision.seen == ["top"]
        assert asyncio.get_running_loop().time() - before < 1.0

    looking(folder, arm(), test, TOP)


def test_the_camera_waits_until_the_arm_is_out_of_its_way(folder: Path) -> None:
    robot = arm(OVER_NEST)

    async def test(look: Callable[[], Awaitable[EndCheck]], vision: Told) -> None:
        waiting = asyncio.ensure_future(look())  # type: ignore[arg-type] # a coroutine
        await asyncio.sleep(5.0)
        assert vision.seen == []
        robot.at(AWAY, moving=True)
        await asyncio.sleep(1.0)
        assert vision.seen == []  # it moves still
        robot.at(AWAY)
        ended = await waiting
        assert ended.measured is not None
        assert ended.measured.shot_t >= robot.state.value.since
        assert vision.seen == ["top"]

    looking(folder, robot, test, TOP)


def test_an_arm_that_stays_in_the_way_is_named(folder: Path) -> None:
    async def test(look: Callable[[], Awaitable[EndCheck]], vision: Told) -> None:
        before = asyncio.get_running_loop().time()
        with pytest.raises(VisionError, match=r"The robot's arm is in the way of top\.") as refused:
            await look()
        assert refused.value.code == "arm_in_view"
        assert asyncio.get_running_loop().time() - before == pytest.approx(WAITS_S)
        assert vision.seen == []

    looking(folder, arm(OVER_NEST), test, TOP)


def test_a_camera_with_a_free_view_looks_instead_at_once(folder: Path) -> None:
    async def test(look: Callable[[], Awaitable[EndCheck]], vision: Told) -> None:
        before = asyncio.get_running_loop().time()
        await look()
        assert vision.seen == ["aside"]
        assert asyncio.get_running_loop().time() - before < 1.0

    looking(folder, arm(OVER_NEST), test, TOP, ASIDE)


def test_where_the_free_view_can_not_tell_the_one_behind_the_arm_is_waited_for(folder: Path) -> None:
    robot = arm(OVER_NEST)

    async def test(look: Callable[[], Awaitable[EndCheck]], vision: Told) -> None:
        vision.verdicts["aside"] = Check("cannot_see", reason="It is too small.")
        ended = await look()
        assert ended.measured is not None
        assert ended.measured.verdict == "cannot_see"
        assert ended.measured.reason == "aside: It is too small. The robot's arm is in the way of top."

    looking(folder, robot, test, TOP, ASIDE)


def test_what_the_gripper_holds_hides_as_the_arm_does(folder: Path) -> None:
    """The base lies in nest_1, another one hangs over it from the gripper."""

    def lifted(state: State) -> State:
        base = state.world.facts["u1/base"]
        other = replace(base, part="u1/base#2", holder="gripper", frame="", pose=IDENTITY)
        return replace(state, world=World({**state.world.facts, other.part: other}))

    async def test(look: Callable[[], Awaitable[EndCheck]], _vision: Told) -> None:
        with pytest.raises(VisionError, match="in the way of top"):
            await look()

    robot = arm(Pose((0.45, -0.14, 0.2)))
    robot.capabilities = Capabilities(body=())
    looking(folder, robot, test, TOP, change=lifted)


def test_the_arm_is_not_in_the_way_of_what_it_holds(folder: Path) -> None:
    def held(state: State) -> State:
        base = replace(state.world.facts["u1/base"], holder="gripper", frame="", pose=IDENTITY)
        return replace(state, world=World({"u1/base": base}))

    async def test(look: Callable[[], Awaitable[EndCheck]], vision: Told) -> None:
        await look()
        assert vision.seen == ["top"]

    looking(folder, arm(OVER_NEST), test, TOP, change=held)


def test_at_home_the_arm_leaves_both_nests_free(folder: Path) -> None:
    """And over a nest it does not: the real arm's body, from its own links."""

    def reading(joints: tuple[float, ...]) -> Arm:
        links = Kinematics(UR5E).links(joints, 0.085)
        body = tuple((UR5E.drawn.index(p.link), Solid(p.shape, p.size_m, p.pose)) for p in UR5E.visual())
        state = RobotState(joints, links[6], 0.085, False, 1.0, True, False, 0.0, links=links)
        return Arm(Latest(state), Capabilities(body=body))

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.DONE)
            state = cell.state
            spec = state.part_spec("u1", "base")
            assert spec is not None
            assert cell.cell.robot.capabilities.body == reading(UR5E.home_rad).capabilities.body
            eye = state.spec.cameras["top"].at.p
            for nest, pose in ((n, state.spec.frames[n]) for n in ("nest_1", "nest_2")):
                home: Any = reading(UR5E.home_rad)
                assert not ArmInView(home).hides(state, eye, "u1/base", spec, pose), nest
                over = Kinematics(UR5E).branches(Pose.from_rpy((pose.p[0], pose.p[1], 0.4), (3.14159, 0, 0)))
                assert over
                for joints in over:
                    there: Any = reading(joints)
                    assert ArmInView(there).hides(state, eye, "u1/base", spec, pose), nest

    run_virtual(main)
