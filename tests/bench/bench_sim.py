"""How fast the embedded cell runs, whether it repeats itself, what memory it needs and how long a picture takes."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.camera_sim import CameraSetup, SimCamera, intrinsics_for
from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.worker import SimWorker
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.app import EmbeddedCell, embedded, shared
from orchestrator.cli.places import settings
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellVerb, OrderState, OrderVerb
from orchestrator.core.ports import MoveJoints
from tests.bench.cells import BOSS, OPTIONS, PRODUCT, library
from tests.bench.queries import stocked_world
from tests.bench.report import Figure, bench, percentile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RUNS = 3
REPEATS = 100
SHOTS = 12


# ---- one unit, several times -----------------------------------------------------------------------------------


@bench("sim.x_realtime_125hz", "x", hold=50, better="more")
def speed() -> Figure:
    return _speed(125)


@bench("sim.x_realtime_500hz", "x", better="more")
def speed_at_500() -> Figure:
    return _speed(500)


def _speed(rate_hz: int) -> Figure:
    runs = [run_virtual(functools.partial(_one_unit, rate_hz)) for _ in range(RUNS)]
    virtual_s = runs[0]["virtual_s"]
    factors = [run["virtual_s"] / run["wall_s"] for run in runs]
    wall, plan, see = (statistics.median(run[key] for run in runs) for key in ("wall_s", "plan_s", "see_s"))
    note = (
        f"median of {RUNS}: a whole unit, {virtual_s:.0f} s of cell time in {wall:.1f} s; of them planning with its "
        f"collision checks {plan:.1f} s, pictures and Open3D checks {see:.1f} s; most cell time is the person's; "
        "separation from the person and contact are watched in motion"
    )
    return Figure(statistics.median(factors), RUNS, note)


@bench(f"sim.hashes_of_{REPEATS}", "", hold=1)
def repeatable() -> Figure:
    """Run in two processes at once, each with hash seeds of its own: neither order of threads nor of sets may count."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        hashes = {sha256 for batch in pool.map(_hashes, [REPEATS // 2] * 2) for sha256 in batch}
    return Figure(
        len(hashes), REPEATS, f"distinct journals of {REPEATS} runs with one seed, a unit each, in 2 processes"
    )


def _hashes(runs: int) -> list[str]:
    vision = VisionOpen3D(shared("instructions"))
    try:
        return [run_virtual(functools.partial(_one_unit, 125, vision))["sha256"] for _ in range(runs)]
    finally:
        run_virtual(vision.close)


async def _one_unit(rate_hz: int = 125, shared_vision: VisionOpen3D | None = None) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    spent = {"plan_s": 0.0, "see_s": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        base = settings("demo", data=None)
        text = base.cell.read_text(encoding="utf-8")
        own = "robot_sim: {seed: 1"
        assert own in text
        cell_file = Path(folder) / base.cell.name
        cell_file.write_text(text.replace(own, f"{own}, rate_hz: {rate_hz}"), encoding="utf-8")
        vision = shared_vision or VisionOpen3D(base.instructions)
        await vision.warm_up()
        base = base.model_copy(update={"cell": cell_file})
        async with embedded(base, VirtualClock(loop), vision=vision) as cell:
            cell.robot.plan = _timed(cell.robot.plan, spent, "plan_s")  # type: ignore[method-assign]
            cell.runner.crew.look = _timed(cell.runner.crew.look, spent, "see_s")  # type: ignore[method-assign, union-attr]
            began, virtual = time.perf_counter(), loop.time()
            await _build(cell)
            times = {"wall_s": time.perf_counter() - began, "virtual_s": loop.time() - virtual}
            memory = {"memory_mb": _resident_mb()}
    if shared_vision is None:
        await vision.close()
    return {**times, **memory, **spent, "sha256": cell.desk.journal.head[1]}


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


@bench("cell.memory_mb", "MB")
def memory() -> list[Figure]:
    """Measured in a fresh process: in this one other benches have left their own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        mine, judge = pool.submit(_memory).result()
    return [
        Figure(mine, 1, "resident after a unit, without the vision process"),
        Figure(judge, 1, "the vision process, Open3D in it", name="vision.memory_mb", unit="MB"),
    ]


def _memory() -> tuple[float, float]:
    mine, *others = run_virtual(_one_unit)["memory_mb"]
    return mine, sum(others)


def _resident_mb() -> list[float]:
    """Resident memory of this process and of each child, in MB."""
    out = []
    for pid in (os.getpid(), *(child.pid for child in multiprocessing.active_children())):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        out.append(int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024)
    return out


# ---- the arm alone ---------------------------------------------------------------------------------------------


@bench("sim.motion_x_realtime_125hz", "x", better="more")
def motion_alone() -> Figure:
    return _ride(125)


@bench("sim.motion_x_realtime_500hz", "x", better="more")
def motion_alone_at_500() -> Figure:
    return _ride(500)


def _ride(rate_hz: int) -> Figure:
    """Ride planned motions; planning is left out of both times."""

    async def ride() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        world = World(MeshStore(shared("instructions")))
        robot = SimRobot(world, VirtualClock(loop), seed=1, rate_hz=rate_hz)
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
    note = f"{virtual_s:.0f} s of motion in joints, each tick published; nobody in the cell"
    return Figure(virtual_s / wall_s, round(virtual_s * rate_hz), note)


# ---- the camera ------------------------------------------------------------------------------------------------


@bench("camera.depth_ms_640", "ms")
def small_shots() -> Figure:
    return _shots(640, 480)


@bench("camera.depth_ms_1280", "ms")
def shots() -> Figure:
    return _shots(1280, 720)


def _shots(width: int, height: int) -> Figure:
    async def shoot() -> tuple[list[float], int]:
        world = stocked_world(MeshStore(shared("instructions")))
        robot = SimRobot(world, WallClock(), seed=1)
        spec = library().cell
        assert spec is not None
        setup = CameraSetup("top", spec.cameras["top"].at, intrinsics_for(width, height))
        camera = SimCamera(setup, world, WallClock(), robot=robot, seed=1)
        part = next(body.id for body in world if body.kind == "housing")
        took_ms = []
        for n in range(SHOTS + 2):  # the first two load and warm up
            world.settle(part, Pose((0.45, -0.15 + n * 1e-4, 0.02)))
            began = time.perf_counter()
            await camera.shoot()
            took_ms.append((time.perf_counter() - began) * 1000)
        await robot.close()
        return took_ms[2:], len(world.visible())

    took_ms, bodies = asyncio.run(shoot())
    note = (
        f"median, p95 {percentile(took_ms, 0.95):.0f} ms; {width} x {height} with noise, {bodies} bodies in the cell "
        "and the arm, one part moved before each"
    )
    return Figure(percentile(took_ms, 0.5), len(took_ms), note)
