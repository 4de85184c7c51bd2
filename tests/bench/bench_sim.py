"""How fast the embedded cell runs, whether it repeats itself, and what its arm and camera can do."""

from __future__ import annotations

import asyncio
import functools
import math
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.collision import Collision
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.planner import Planner
from orchestrator.adapters.sim.worker import SimWorker
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.app import EmbeddedCell, embedded, shared
from orchestrator.cli.places import settings
from orchestrator.core import commands as cmd
from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellVerb, OrderState, OrderVerb
from orchestrator.core.ports import Box, Move, MoveJoints, Scene, SceneObject
from tests.bench.cells import BOSS, OPTIONS, PRODUCT
from tests.bench.report import Figure, bench, percentile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.core.ports import Joints

RUNS = 3
POSES = 10_000
QUERIES = 40
BOXES = 10
SHOTS = 12
DOWN = (math.pi, 0.0, 0.0)


# ---- one unit, several times -----------------------------------------------------------------------------------


@bench("sim.x_realtime_125hz", "x", hold=50, better="more")
def speed() -> Figure:
    runs = _runs()
    virtual_s = runs[0]["virtual_s"]
    factors = [run["virtual_s"] / run["wall_s"] for run in runs]
    wall, plan, see = (statistics.median(run[key] for run in runs) for key in ("wall_s", "plan_s", "see_s"))
    note = (
        f"median of {RUNS}: a whole unit, {virtual_s:.0f} s of cell time in {wall:.1f} s; of them planning with its "
        f"collision checks {plan:.1f} s, pictures and Open3D checks {see:.1f} s; most cell time is the person's; "
        "separation from the person and contact are watched in motion"
    )
    return Figure(statistics.median(factors), RUNS, note)


@bench(f"sim.hashes_of_{RUNS}", "", hold=1)
def repeatable() -> Figure:
    hashes = {run["sha256"] for run in _runs()}
    return Figure(len(hashes), RUNS, f"distinct journals of {RUNS} runs with one seed, a unit each; a soak takes 100")


@functools.cache
def _runs() -> list[dict[str, Any]]:
    return [run_virtual(_one_unit) for _ in range(RUNS)]


async def _one_unit() -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    spent = {"plan_s": 0.0, "see_s": 0.0}
    base = settings("demo", data=None)
    vision = VisionOpen3D(base.instructions)
    await vision.warm_up()
    async with embedded(base, VirtualClock(loop), vision=vision) as cell:  # type: ignore[arg-type]
        cell.robot.plan = _timed(cell.robot.plan, spent, "plan_s")  # type: ignore[method-assign]
        cell.runner.crew.look = _timed(cell.runner.crew.look, spent, "see_s")  # type: ignore[method-assign, union-attr]
        began, virtual = time.perf_counter(), loop.time()
        await _build(cell)
        times = {"wall_s": time.perf_counter() - began, "virtual_s": loop.time() - virtual}
    await vision.close()
    return {**times, **spent, "sha256": cell.desk.journal.head[1]}


async def _build(cell: EmbeddedCell) -> None:
    await cell.desk.store_order("bench", PRODUCT, OPTIONS, 1, None, BOSS)
    worker = SimWorker(cell.desk, "front", seed=1)
    cell.people.slip = worker.slip
    task = asyncio.ensure_future(worker.run())
    for command in (cmd.ChangeCell(verb=CellVerb.START), cmd.ChangeOrder(order="bench", verb=OrderVerb.START)):
        request = cmd.Request(id=command.type, by=BOSS, t=cell.desk.now(), command=command)
        assert (await cell.desk.submit(request)).ok
    await cell.runner.until(lambda state: state.orders["bench"].state == OrderState.ENDED)
    assert cell.runner.state.orders["bench"].done == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _timed(work: Callable[..., Awaitable[Any]], spent: dict[str, float], key: str) -> Callable[..., Awaitable[Any]]:
    async def timed(*args: Any, **more: Any) -> Any:
        began = time.perf_counter()
        try:
            return await work(*args, **more)
        finally:
            spent[key] += time.perf_counter() - began

    return timed


@bench("sim.motion_x_realtime", "x")
def motion_alone() -> Figure:
    """Ride planned motions; planning is left out of both times."""

    async def ride() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        world = World(MeshStore(shared("instructions")))
        robot = SimRobot(world, VirtualClock(loop), seed=1)  # type: ignore[arg-type]
        await robot.ready()
        there = MoveJoints((1.2, -1.2, 1.4, -1.7, -1.4, 0.8))
        wall_s = virtual_s = 0.0
        for _ in range(20):
            plan = await robot.plan((there, MoveJoints(UR5E.home_rad)))
            began, virtual = time.perf_counter(), loop.time()
            assert (await robot.execute(plan).result()).ok
            wall_s += time.perf_counter() - began
            virtual_s += loop.time() - virtual
        await robot.close()
        return wall_s, virtual_s

    wall_s, virtual_s = run_virtual(ride)
    note = f"{virtual_s:.0f} s of motion in joints at 125 Hz, each tick published; nobody near"
    return Figure(virtual_s / wall_s, round(virtual_s * 125), note)


# ---- the arm ---------------------------------------------------------------------------------------------------


@bench("ik.success_share", "", better="more")
def inverse_kinematics() -> list[Figure]:
    arm = Kinematics(UR5E, Pose.from_rpy((0.2, -0.1, 0.05), (0.0, 0.0, 0.7)))
    random = np.random.default_rng(1)
    took_ms, found = [], 0
    for _ in range(POSES):
        pose = arm.flange(_anywhere(random))
        began = time.perf_counter()
        ways = arm.within_limits(pose, UR5E.home_rad)
        took_ms.append((time.perf_counter() - began) * 1000)
        found += bool(ways) and math.dist(arm.flange(ways[0]).p, pose.p) < 1e-8
    middle = percentile(took_ms, 0.5)
    note = f"poses of random joints, all branches within limits, the nearest verified; p50 {middle:.2f} ms"
    return [
        Figure(found / POSES, POSES, note),
        Figure(percentile(took_ms, 0.95), POSES, "all branches of one pose", name="ik.p95_ms", unit="ms"),
    ]


@bench("plan.success_share", "", better="more")
def planning() -> list[Figure]:
    meshes = MeshStore(shared("instructions"))
    kinematics, tcp = Kinematics(UR5E), UR5E.gripper.tcp
    random = np.random.default_rng(1)
    took_ms, found, straight = [], 0, 0
    for seed in range(QUERIES):
        scene, start, goal = _query(random, kinematics, meshes)
        planner = Planner(kinematics, meshes, seed)
        began = time.perf_counter()
        try:
            legs = planner.plan((Move(goal),), start=start, opening_m=0.085, scene=scene, tcp=tcp)
        except PlanError:
            continue
        finally:
            took_ms.append((time.perf_counter() - began) * 1000)
        found += 1
        straight += len(legs[0].curves) == 1
    note = f"{BOXES} boxes about the arm, start and goal free and apart; {straight} of {found} found without a detour"
    return [
        Figure(found / QUERIES, QUERIES, note),
        Figure(percentile(took_ms, 0.95), QUERIES, f"p50 {percentile(took_ms, 0.5):.0f} ms; failures counted in",
               name="plan.p95_ms", unit="ms"),
    ]  # fmt: skip


def _anywhere(random: np.random.Generator) -> Joints:
    a, b, c, d, e, f = (float(angle) for angle in random.uniform(-math.pi, math.pi, 6))
    return (a, b, c, d, e, f)


def _query(random: np.random.Generator, arm: Kinematics, meshes: MeshStore) -> tuple[Scene, Joints, Pose]:
    """Draw boxes, and two poses with the gripper down that are free and at least 0.4 m apart."""
    collision = Collision(UR5E, Pose(), meshes)
    boxes = []
    while len(boxes) < BOXES:
        size = random.uniform((0.05, 0.05, 0.15), (0.2, 0.2, 0.5))
        angle, reach = random.uniform(-math.pi, math.pi), random.uniform(0.35, 0.8)
        at = (reach * math.cos(angle), reach * math.sin(angle), size[2] / 2)
        boxes.append(SceneObject(f"box {len(boxes)}", Box(tuple(map(float, size))), Pose(tuple(map(float, at)))))
    scene = Scene(tuple(boxes))
    collision.enter(scene, tcp=UR5E.gripper.tcp)
    while True:
        ends: list[tuple[Pose, Joints]] = []
        while len(ends) < 2:
            angle, reach = random.uniform(-math.pi, math.pi), random.uniform(0.35, 0.7)
            x, y, z = reach * math.cos(angle), reach * math.sin(angle), random.uniform(0.08, 0.35)
            pose = Pose.from_rpy((float(x), float(y), float(z)), DOWN)
            ways = arm.within_limits(pose @ UR5E.gripper.tcp.inverse(), UR5E.home_rad)
            free = next((way for way in ways if collision.hit(way, 0.085) is None), None)
            if free is not None:
                ends.append((pose, free))
        if math.dist(ends[0][0].p, ends[1][0].p) >= 0.4:
            return scene, ends[0][1], ends[1][0]


# ---- the camera ------------------------------------------------------------------------------------------------


@bench("camera.shot_ms", "ms")
def shots() -> Figure:
    from orchestrator.adapters.camera_sim import CameraSetup, SimCamera
    from orchestrator.adapters.clock_wall import WallClock
    from orchestrator.core.state import initial
    from tests.bench.cells import library

    async def shoot() -> tuple[list[float], int]:
        world = World(MeshStore(shared("instructions")))
        _stock(world)
        robot = SimRobot(world, WallClock(), seed=1)
        spec = library().cell
        assert spec is not None
        camera = SimCamera(CameraSetup("top", spec.cameras["top"].at), world, WallClock(), robot=robot, seed=1)
        part = next(body.id for body in world if body.kind == "housing")
        took_ms = []
        for n in range(SHOTS + 2):  # the first two load and warm up
            world.settle(part, Pose((0.45, -0.15 + n * 1e-4, 0.02)))
            began = time.perf_counter()
            await camera.shoot()
            took_ms.append((time.perf_counter() - began) * 1000)
        await robot.close()
        return took_ms[2:], len(world.visible())

    def _stock(world: World) -> None:
        from orchestrator.adapters.sim.hands import SimHands
        from orchestrator.adapters.sim.people import SimPeople

        shelf = library()
        assert shelf.cell is not None
        SimPeople(world, SimHands(world, 1), shelf.kinds(PRODUCT)).stock(initial(shelf.cell))

    took_ms, bodies = asyncio.run(shoot())
    note = f"1280 x 720 with noise, {bodies} bodies in the cell and the arm, one part moved before each; median"
    return Figure(percentile(took_ms, 0.5), len(took_ms), note)
