"""The composition root: the only module that knows concrete classes."""

from __future__ import annotations

import asyncio
import importlib
from collections import ChainMap
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from orchestrator.adapters.clock_file import ClockFile
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.clock_watch import ClockWatch
from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.adapters.snapshot_file import SnapshotFile
from orchestrator.core import commands as cmd
from orchestrator.core.camera import NOISE
from orchestrator.core.cell import URDF
from orchestrator.core.errors import AuthoringError, SetupError, TandemError
from orchestrator.core.events import decode
from orchestrator.core.interlock import why_not_calibrate
from orchestrator.core.state import initial
from orchestrator.engine import conditions
from orchestrator.engine.arm_in_view import ArmInView
from orchestrator.engine.cell_desk import CellDesk
from orchestrator.engine.checks import pretended
from orchestrator.engine.correcting import Correcting
from orchestrator.engine.crew import CellCrew
from orchestrator.engine.eyes import SHOT_S, Eyes
from orchestrator.engine.grip_watch import GripWatch
from orchestrator.engine.guide import Guide
from orchestrator.engine.library import Library, cell_files, read_cell
from orchestrator.engine.motion_watch import MotionWatch
from orchestrator.engine.pausing import Pausing
from orchestrator.engine.registry import Registry
from orchestrator.engine.runner import BATCH, Runner
from orchestrator.engine.schedule import Schedule
from orchestrator.engine.screen import LiveScreen
from orchestrator.engine.snapshot import SnapshotKeeper
from orchestrator.engine.standstill import Standstill
from orchestrator.engine.yaml_source import read_source
from orchestrator.skill import Cell
from orchestrator.wire import LinkView, Primitive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence

    from orchestrator.adapters.calibration.camera import CalibratedCamera
    from orchestrator.adapters.calibration.store import CalibrationStore
    from orchestrator.adapters.camera_ros2 import RosCameras
    from orchestrator.adapters.camera_sim import SimCamera
    from orchestrator.adapters.devices_sim import SimDevices
    from orchestrator.adapters.robot_ros2 import RosRobot
    from orchestrator.adapters.robot_sim import SimRobot
    from orchestrator.adapters.ros2.graph import CellGraph
    from orchestrator.adapters.ros2.link import Link
    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.boards import SimBoards
    from orchestrator.adapters.sim.contact import Fit
    from orchestrator.adapters.sim.fitting import Fitting
    from orchestrator.adapters.sim.meshes import MeshStore
    from orchestrator.adapters.sim.people import SimPeople
    from orchestrator.adapters.sim.physics import Physics
    from orchestrator.adapters.sim.presence import Presence
    from orchestrator.adapters.sim.world import World
    from orchestrator.adapters.vision_open3d import VisionOpen3D
    from orchestrator.core.cell import CellSpec, RobotSpec
    from orchestrator.core.errors import Problem
    from orchestrator.core.events import Event
    from orchestrator.core.ports import Box, Clock, Journal, Mesh, Vision
    from orchestrator.core.settings import Settings
    from orchestrator.core.variant import PartSpec

_HERE = Path(__file__).resolve().parent
log = structlog.get_logger(__name__)

SLOW = ("scipy.interpolate", "scipy.spatial", "trimesh")  # to load: what paths and meshes take
UNTOLD_S = 1.0  # what was written so shortly before the end nobody may have been told of


def shared(name: str) -> Path:
    """Return a folder that ships with Tandem (skills, instructions, launch, web): the source tree's, or the wheel's.

    Raises SetupError where it is missing.
    """
    source = _HERE.parent / name
    if (_HERE.parent / "pyproject.toml").is_file():
        return source / "dist" if name == "web" else source
    packed = _HERE / "_share" / name
    if not packed.is_dir():
        raise SetupError(f"This installation lacks its {name}.", remedy="Install Tandem again.")
    return packed


@dataclass(frozen=True, slots=True)
class EmbeddedCell:
    """A running cell; its world, people and devices are simulated unless its spec is `real`, and then nobody's."""

    desk: CellDesk
    runner: Runner
    robot: SimRobot | RosRobot
    world: World
    people: SimPeople
    presence: Presence
    cameras: Mapping[str, SimCamera]
    devices: SimDevices
    seed: int
    calibrated: Mapping[str, CalibratedCamera]  # the same cameras, as everybody else sees through them
    boards: SimBoards
    warm_up: Callable[[], Coroutine[Any, Any, None]]  # loads what the first motion and check would wait for


@asynccontextmanager
async def embedded(
    settings: Settings,
    clock: Clock,
    *,
    vision: Vision | None = None,
    journal: Journal | None = None,
    calibrations: CalibrationStore | None = None,
    link: Link | None = None,
) -> AsyncIterator[EmbeddedCell]:
    """Run an embedded cell; leaving cancels what runs, waits until the arm stands, and closes the journal.

    `vision`, `journal` and `calibrations` stand in for the cell's own; vision that is given stays open. The robot of a
    cell file with `adapter: ros2` is reached through `link`, where one is given, else through rclpy.
    Raises AuthoringError for mistakes in the cell file, JournalError for a journal that can't be opened, SetupError
    without ROS 2, and RobotError where its robot is not heard of.
    """
    from orchestrator.adapters.calibration.calibrator import Calibrator
    from orchestrator.adapters.calibration.camera import CalibratedCamera
    from orchestrator.adapters.calibration.store import CalibrationStore
    from orchestrator.adapters.camera_sim import SimCamera, setup_of
    from orchestrator.adapters.devices_sim import SimDevices
    from orchestrator.adapters.golden_store import GoldenStore
    from orchestrator.adapters.photos.files import PhotoFiles
    from orchestrator.adapters.photos.memory import PhotoMemory
    from orchestrator.adapters.robot_sim import SimRobot
    from orchestrator.adapters.sim.board_hands import BoardHands
    from orchestrator.adapters.sim.boards import SimBoards
    from orchestrator.adapters.sim.fitting import Fitting
    from orchestrator.adapters.sim.hands import SimHands
    from orchestrator.adapters.sim.meshes import MeshStore
    from orchestrator.adapters.sim.people import SimPeople
    from orchestrator.adapters.sim.presence import Presence
    from orchestrator.adapters.sim.world import World
    from orchestrator.adapters.sim.world_file import WorldFile, refill
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.adapters.vision_open3d import VisionOpen3D

    registry = Registry(settings.skills, reload=settings.reload)
    library = Library(settings.instructions, settings.cell, registry)
    spec = library.cell
    assert spec is not None
    own = spec.adapters.robot_sim.seed
    seed = settings.seed if settings.seed is not None else own if own is not None else 1
    kinds = _all_kinds(library)
    shelf = SnapshotFile(_journal_file(settings.data)) if settings.data is not None and journal is None else None
    journal, evidence = _storage(settings) if journal is None else (journal, None)
    runner = Runner(initial(spec), journal, clock, Schedule(registry.sha256, registry.repeats))
    keeper = SnapshotKeeper(runner, shelf.save) if shelf else None
    restarted = (keeper.restore(shelf.load(), journal) if keeper and shelf else runner.replay()) > 0
    watch = _set_going(clock, settings.data, runner) if isinstance(clock, WallClock) else None
    clock.not_before(runner.state.t)

    world = World(MeshStore(settings.instructions))
    fitting = Fitting(library)
    people = SimPeople(world, SimHands(world, seed), kinds, registry.hands_over, seed)
    arm = arm_of(settings.cell, spec.robot)
    simulated = not spec.real
    keeps = simulated and settings.data is not None and shelf is not None
    room = WorldFile(settings.data / "simulated", spec.sha256) if keeps and settings.data is not None else None
    standing = room.load(len(arm.home_rad)) if room is not None and restarted else None
    if standing is None or not refill(world, standing):
        standing = None
        people.stock(runner.state)
    else:
        people.take_up(runner.state, _last(journal))
    presence = Presence(spec, world, asyncio.get_running_loop().time, seed=seed)
    presence.follow(runner.state)
    robot: SimRobot | RosRobot
    if spec.robot.adapter == "ros2":
        if settings.speed != 1.0:
            raise SetupError("A ROS 2 robot moves in real time.", remedy="Leave out --speed.")
        robot = await _ros2(spec, world, clock, arm, seed, fitting.fits, link)
    else:
        robot = SimRobot(
            world,
            clock,
            base=spec.robot.at,
            arm=arm,
            fits=fitting.fits,
            payload_kg=spec.robot.payload_kg,
            seed=seed,
            rate_hz=spec.adapters.robot_sim.rate_hz,
            physics=_physics(world, arm, spec, kinds) if spec.adapters.robot_sim.physics else None,
            people=presence,
            separation=spec.separation,
            stands=(standing.joints, standing.opening_m) if standing else None,
        )
    boards = SimBoards(world, spec.boards, spec.frames)
    cameras = {
        name: SimCamera(setup_of(spec, name), world, clock, robot=robot, seed=seed, boards=boards.bodies)
        for name, camera in spec.cameras.items()
        if camera.ros2 is None
    }
    try:
        real = _real_cameras(spec, clock, robot)
    except SetupError:
        await robot.close()
        raise
    seen = ChainMap[str, Any](cameras, real.cameras if real is not None else {})
    if calibrations is None and settings.data is not None:
        calibrations = CalibrationStore(settings.data / "calibration")
    fixed = {name: (board, spec.frames[board.at]) for name, board in spec.boards.items() if board.at is not None}
    calibrated = {
        name: CalibratedCamera(name, seen, spec.cameras[name], fixed, store=calibrations, now=clock.now)
        for name in spec.cameras
    }
    noise_m = {name: NOISE[camera.model].sigma_m for name, camera in spec.cameras.items()}
    own_vision = live_vision = None
    if vision is None:
        live_vision = VisionOpen3D(  # its process begins with the first live look
            settings.instructions,
            settings=VisionSettings(seconds=settings.vision_s),
            noise_m=noise_m,
            memory_mb=settings.vision_mb,
        )
        own_vision = VisionOpen3D(
            settings.instructions,
            evidence=evidence,
            settings=VisionSettings(seconds=settings.vision_s),
            noise_m=noise_m,
            memory_mb=settings.vision_mb,
            kept=lambda detail: runner.troubles.note("evidence", detail),
        )
    judge = own_vision if vision is None else vision
    assert judge is not None
    devices = (
        SimDevices.of(spec, world, seed=seed, kinds=kinds, heads=fitting.heads)
        if simulated
        else SimDevices({}, seed=seed)
    )
    if standing is not None:
        devices.restore(standing.screws)
    if room is not None:
        room.keep(world, robot.state, lambda: devices.screws, lambda detail: runner.troubles.note("world", detail))
    still = Standstill(robot.state, lambda: runner.state, runner.bus)
    eyes = Eyes(
        calibrated,
        judge,
        library.kinds,
        trusted=lambda name: calibrated[name].why_not(),
        still=still,
        arm=ArmInView(robot),
        taught=GoldenStore(settings.data / "golden").taught if settings.data is not None else lambda _: (None, ""),
        fares=lambda camera, detail: runner.troubles.note("camera", detail, camera),
        patience_s=SHOT_S * settings.speed,
    )
    correcting = Correcting(runner, eyes, live_vision or judge, clock.now)
    runner.crew = crew = CellCrew(runner, robot, devices, eyes, registry, Cell, kinds)
    Pausing(runner, robot)
    calibrator = Calibrator(
        spec,
        calibrated,
        calibrations,
        hands=BoardHands(boards, cameras) if simulated else None,
        why_not=lambda: why_not_calibrate(runner.state),
        now=clock.now,
        arm=crew.by_hand.drives,
    )
    if simulated:  # else nobody but real people takes and puts
        runner.bus.join(people.observe)
        runner.bus.join(presence.observe)
    screen = LiveScreen(Guide(library, simulated=simulated), runner.state)
    runner.bus.join(screen.observe)
    runner.troubles.listen(screen.trouble)
    if keeper is not None:
        runner.bus.join(keeper.observe)
    desk = CellDesk(
        runner,
        screen,
        library,
        registry,
        journal,
        robot,
        clock,
        epoch=f"{clock.now():.6f}",
        evidence=evidence or settings.instructions,
        links=_links(robot.arm),
        by_hand=crew.by_hand,
        calibrating=calibrator,
        correcting=correcting,
        photos=PhotoFiles(evidence) if evidence is not None else PhotoMemory(),
    )
    graph = _graph(spec, desk) if link is None else None
    heartbeat = crew.watch()
    grip_watch = GripWatch(runner, robot)
    motion_watch = MotionWatch(runner, robot, crew.stop_at_once)
    if isinstance(robot, SimRobot):
        robot.heartbeat()
    tasks = [asyncio.create_task(runner.run(), name="runner")]
    try:
        if restarted:
            await runner.ask(cmd.ReportRestart(holding=robot.state.value.holding))
        await runner.ask(cmd.ReportSafety(safety=robot.safety.value))  # the journal may know an older one
        yield EmbeddedCell(
            desk,
            runner,
            robot,
            world,
            people,
            presence,
            cameras,
            devices,
            seed,
            calibrated=calibrated,
            boards=boards,
            warm_up=partial(_warm_up, world, fitting, own_vision),
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if graph is not None:
            await graph.close()
        await correcting.close()
        if real is not None:
            await real.close()
        heartbeat.close()
        grip_watch.close()
        crew.retreating.close()
        motion_watch.close()
        if watch is not None:
            watch.close()
        await robot.close()
        if room is not None:
            room.close()
        if keeper is not None:
            await keeper.close()
        for process in (own_vision, live_vision):
            if process is not None:
                await process.close()
        await journal.close()


def arm_of(cell: Path, spec: RobotSpec) -> ArmModel:
    """Return the arm that a cell file names: one that Tandem knows, or the integrator's own URDF beside the file.

    Raises AuthoringError for mistakes in the URDF.
    """
    from orchestrator.adapters.sim.arm import UR5E
    from orchestrator.adapters.sim.urdf_arm import load_arm

    return load_arm(cell.parent / spec.model, spec) if spec.model.endswith(URDF) else UR5E


async def _ros2(
    spec: CellSpec,
    world: World,
    clock: Clock,
    arm: ArmModel,
    seed: int,
    fits: Callable[[], Sequence[Fit]],
    link: Link | None,
) -> RosRobot:
    """Return a robot that speaks ROS 2, once it is heard of."""
    from orchestrator.adapters.robot_ros2 import RosRobot
    from orchestrator.adapters.ros2.node import RosLink
    from orchestrator.adapters.ros2.readings import Readings
    from orchestrator.adapters.ros2.rehearsal import Rehearsal

    settings, base = spec.adapters.robot_ros2, spec.robot.at
    assert settings is not None
    if said := pretended.words(spec):
        raise SetupError(said, remedy=pretended.REMEDY)
    moveit = None
    if link is None:
        link = own = RosLink(settings, clock)
        moveit = own.moveit
    hands = link
    if settings.rehearsal:
        hands = Rehearsal(
            hands,
            world,
            Readings(settings.joints, settings.gripper, arm.gripper.stroke_m, simulated=settings.use_sim_time),
            arm=arm,
            base=base,
            fits=fits,
            seed=seed,
        )
    payload_kg = spec.robot.payload_kg
    robot = RosRobot(
        hands,
        clock,
        world.meshes,
        arm=arm,
        settings=settings,
        base=base,
        payload_kg=payload_kg,
        seed=seed,
        moveit=moveit,
    )
    try:
        await robot.connect()
    except BaseException:
        await robot.close()
        raise
    return robot


def _real_cameras(spec: CellSpec, clock: Clock, robot: SimRobot | RosRobot) -> RosCameras | None:
    """Return the cell's cameras over ROS 2, None where it has none. Raises SetupError without ROS 2."""
    if all(camera.ros2 is None for camera in spec.cameras.values()):
        return None
    from orchestrator.adapters.camera_ros2 import RosCameras

    return RosCameras.of(spec, clock, robot)


def _graph(spec: CellSpec, desk: CellDesk) -> CellGraph | None:
    """Let other ROS 2 systems see a cell whose robot speaks it, as far as its file lets them."""
    settings = spec.adapters.robot_ros2
    if spec.robot.adapter != "ros2" or settings is None or settings.others == "none":
        return None
    from orchestrator.adapters.ros2.graph import CellGraph

    namespace = settings.namespace.strip("/")
    return CellGraph(desk, f"/{namespace}" if namespace else "", obeys=settings.others == "ask")


def check_arms(cells: Path | None) -> list[Problem]:
    """Return what is wrong with the arms that cell files name; files with mistakes of their own are left out."""
    problems: list[Problem] = []
    for path in cell_files(cells):
        try:
            spec = read_cell(path)
        except AuthoringError:
            continue
        try:
            arm = arm_of(path, spec.robot)
        except AuthoringError as error:
            problems += error.problems
            continue
        ros2 = spec.adapters.robot_ros2
        if ros2 is not None and len(ros2.joints) != len(arm.home_rad):
            words = f"robot_ros2 names {len(ros2.joints)} joints; the arm has {len(arm.home_rad)}."
            place = ("adapters", "robot_ros2", "joints")
            problems.append(read_source(path).problem(place, words, "Name its joints, from the base on."))
    return problems


def _physics(world: World, arm: ArmModel, spec: CellSpec, kinds: Mapping[str, PartSpec]) -> Physics:
    """Return dynamics for a cell: a frame a little above the table is the top of a fixture that stands there."""
    from orchestrator.adapters.sim.physics import Physics

    tick_s = 1 / spec.adapters.robot_sim.rate_hz
    return Physics(world, arm, spec.robot.at, plates=list(spec.fixtures.values()), masses=_masses(kinds), tick_s=tick_s)


async def _warm_up(world: World, fitting: Fitting, vision: VisionOpen3D | None) -> None:
    """Make what the first order takes, start the vision process, then load the rest; in a thread, for pages to answer.

    An order that came first would hold the event loop up for it, and so a robot's readings.
    """
    shapes = {body.shape for body in world}  # told here: the world is the event loop's
    await asyncio.to_thread(_try, "conditions", conditions.ready)
    if vision is not None:
        try:
            await vision.warm_up()
        except TandemError as error:  # the first check says it again; the rest is loaded all the same
            log.warning("vision_cold", reason=str(error))
    await asyncio.to_thread(_load, world.meshes, shapes, fitting)


def _load(meshes: MeshStore, shapes: Iterable[Box | Mesh], fitting: Fitting) -> None:
    """Load the libraries of paths and meshes, the parts that lie about, and what goes into what."""
    parts: list[tuple[str, Callable[[], object]]] = [(name, partial(importlib.import_module, name)) for name in SLOW]
    parts += [("mesh", partial(_mesh, meshes, shape)) for shape in shapes]
    for name, load in [*parts, ("fits", fitting.fits), ("heads", fitting.heads)]:
        _try(name, load)


def _try(name: str, load: Callable[[], object]) -> None:
    try:
        load()
    except Exception as error:  # noqa: BLE001 # whoever needs it says what is wrong; the next part is loaded all the same
        log.warning("not_warm", part=name, error=repr(error))


def _mesh(meshes: MeshStore, shape: Box | Mesh) -> None:
    with suppress(TandemError):  # who needs the mesh says what is wrong with it
        meshes.get(shape)


def _set_going(clock: WallClock, data: Path | None, runner: Runner) -> ClockWatch:
    """Set a cell's clock going: with units in work it goes on from the run before, so that their windows stay true."""
    if data is not None:
        file = ClockFile(data / "clock.json")
        carried = file.carried()
        if carried is not None and runner.state.units:
            clock.go_on_from(carried)
        clock.not_before(runner.state.t)
        with suppress(OSError):  # on a full disk the next start goes by the wall
            file.keep(clock.now())
    return ClockWatch(clock, lambda detail: runner.troubles.note("clock", detail))


def _storage(settings: Settings) -> tuple[Journal, Path | None]:
    if settings.data is None:
        return MemoryJournal(), None
    evidence = settings.data / "evidence"
    try:
        evidence.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The data folder {settings.data} can't be written to: {error.strerror or error}.",
            remedy="Give a folder of your own with --data, or put its rights and its disk right.",
        ) from error
    return SqliteJournal(_journal_file(settings.data)), evidence


def _last(journal: Journal) -> list[Event]:
    """Return what was written last, as far as nobody may have been told of it."""
    entries = [(at.seq, at.entry) for at in journal.read(after=max(0, journal.head[0] - BATCH))]
    return [decode(entry.payload, seq) for seq, entry in entries if entry.t >= entries[-1][1].t - UNTOLD_S]


def _journal_file(data: Path) -> Path:
    return data / "journal.db"


def stocked(cell: Path, instructions: Path) -> tuple[CellSpec, World, Mapping[str, float]]:
    """Return a cell, its simulated world with full bins before anything has happened, and its kinds' masses in kg.

    Raises AuthoringError for mistakes in the cell file or a procedure.
    """
    from orchestrator.adapters.sim.hands import SimHands
    from orchestrator.adapters.sim.meshes import MeshStore
    from orchestrator.adapters.sim.people import SimPeople
    from orchestrator.adapters.sim.world import World

    library = Library(instructions, cell)
    assert library.cell is not None
    own = library.cell.adapters.robot_sim.seed
    seed = own if own is not None else 1
    kinds = _all_kinds(library)
    world = World(MeshStore(instructions))
    SimPeople(world, SimHands(world, seed), kinds, seed=seed).stock(initial(library.cell))
    return library.cell, world, _masses(kinds)


def _masses(kinds: Mapping[str, PartSpec]) -> dict[str, float]:
    return {name: kind.mass_kg for name, kind in kinds.items() if kind.mass_kg}


def _all_kinds(library: Library) -> dict[str, PartSpec]:
    out: dict[str, PartSpec] = {}
    for product in library.products():
        out.update(library.kinds(product))
    return out


def _links(arm: ArmModel) -> tuple[LinkView, ...]:
    bodies: dict[str, list[Primitive]] = {name: [] for name in arm.drawn}
    for visual in arm.visual():
        x, y, z = (*visual.size_m, 0.0, 0.0)[:3]
        bodies[visual.link].append(Primitive(shape=visual.shape, size_m=(x, y, z), pose=visual.pose, role=visual.role))
    return tuple(LinkView(name=name, bodies=tuple(bodies[name])) for name in arm.drawn)
