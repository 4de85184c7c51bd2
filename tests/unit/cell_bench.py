"""The embedded cell with a small product, under virtual time, and hands to knock its true parts about."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import trimesh

from orchestrator.adapters.clock_virtual import VirtualClock
from orchestrator.adapters.sim.worker import Habits, SimWorker
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.app import EmbeddedCell, embedded
from orchestrator.core import commands as cmd
from orchestrator.core.events import MotionIntended
from orchestrator.core.machine import CellVerb, OrderState, OrderVerb, StepStatus
from orchestrator.core.ports import Shot
from orchestrator.core.settings import Settings
from orchestrator.engine.trial import TRIED, trial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from orchestrator.adapters.ros2.link import Link
    from orchestrator.core.events import Event
    from orchestrator.core.ports import Camera, Clock, Journal, Vision
    from orchestrator.core.state import State, StepState
    from orchestrator.engine.bus import Fresh
    from orchestrator.wire import Answer, Card

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BOSS = cmd.Who(name="boss", role="supervisor")
STUCK_S = 600.0  # virtual seconds after which a test says that nothing goes on
OVER = frozenset({OrderState.ENDED, OrderState.ABORTED, OrderState.CANCELLED})


def authored(folder: Path) -> Path:
    """Lay out the small product below a folder: `instructions/stack` with its meshes, and `cell.yaml`."""
    shutil.copytree(HERE / "small_product", folder, dirs_exist_ok=True)
    stack = folder / "stack"
    block = trimesh.creation.box((0.06, 0.06, 0.03), trimesh.transformations.translation_matrix((0, 0, 0.015)))
    hole = _rod(0.0101, 0.02, 0.018)
    _write(stack / "base.glb", block.difference(hole), {"bore": 0.018})
    _write(stack / "pin_steel.glb", _rod(0.01, 0.04), {"top": 0.04})
    _write(stack / "pin_brass.glb", _rod(0.01, 0.04).difference(_rod(0.006, 0.03, 0.02)), {"top": 0.04})
    plate = trimesh.creation.box((0.04, 0.04, 0.01), trimesh.transformations.translation_matrix((0, 0, 0.005)))
    _write(stack / "cap.glb", plate, {"middle": 0.01})
    return folder


def _rod(radius: float, height: float, z: float = 0.0) -> trimesh.Trimesh:
    at = trimesh.transformations.translation_matrix((0, 0, z + height / 2))
    return trimesh.creation.cylinder(radius, height, sections=32, transform=at)


def _write(path: Path, body: trimesh.Trimesh, frames: dict[str, float]) -> None:
    scene = trimesh.Scene(base_frame="world")
    scene.add_geometry(body, node_name=path.stem, geom_name=path.stem)
    for frame, z in frames.items():
        scene.graph.update(
            frame_from="world", frame_to=frame, matrix=trimesh.transformations.translation_matrix((0, 0, z))
        )

    def sign(tree: dict[str, Any]) -> None:
        tree["nodes"] = sorted((n for n in tree["nodes"] if "children" not in n), key=lambda n: str(n["name"]))
        tree["scenes"] = [{"nodes": list(range(len(tree["nodes"])))}]

    path.write_bytes(bytes(trimesh.exchange.gltf.export_glb(scene, tree_postprocessor=sign)))


class NoPicture:
    """A camera for tests in which vision knows the truth: its pictures are empty and cost nothing."""

    def __init__(self, camera: Any) -> None:
        self._camera = camera

    async def shoot(self) -> Shot:
        setup = self._camera.setup
        await asyncio.sleep(0.2)
        stamp = self._camera._clock.now()
        links = self._camera._robot.state.value.links  # the flange is where the palm begins
        pose = links[-3] @ setup.pose if setup.on_flange else setup.pose
        return Shot(setup.name, np.zeros((1, 1), np.float32), setup.intrinsics, pose, stamp)


@dataclass
class Bench:
    """A running cell, what happened in it, and who asks."""

    cell: EmbeddedCell
    log: list[Event] = field(default_factory=list)
    fresh: list[Fresh] = field(default_factory=list)
    workers: list[asyncio.Task[None]] = field(default_factory=list)
    _ids: Any = field(default_factory=itertools.count)

    @property
    def state(self) -> State:
        return self.cell.runner.state

    @property
    def now(self) -> float:
        return self.cell.desk.now()

    # ---- asking ------------------------------------------------------------------------------------------------

    async def ask(self, command: cmd.Command, by: cmd.Who = BOSS, request_id: str = "") -> Answer:
        name = request_id or f"test-{self.state.seq}-{next(self._ids)}"
        async with asyncio.timeout(STUCK_S):
            return await self.cell.desk.submit(cmd.Request(id=name, by=by, t=self.now, command=command))

    async def do(self, *commands: cmd.Command) -> None:
        for command in commands:
            answer = await self.ask(command)
            assert answer.ok, f"{command.type}: {answer.message} {answer.remedy}"

    async def change(self, *verbs: CellVerb) -> None:
        """Give PackML commands, each once the cell has settled from the one before."""
        for verb in verbs:
            await self.do(cmd.ChangeCell(verb=verb, reason="test"))
            await self.settled()

    async def order(self, quantity: int = 1, name: str = "o", pin: str = "steel") -> None:
        """Store and start an order of the small product."""
        answer = await self.cell.desk.store_order(name, "stack", {"pin": pin}, quantity, None, BOSS)
        assert answer.ok, answer.message
        await self.do(cmd.ChangeOrder(order=name, verb=OrderVerb.START))

    async def attempt(self, name: str, given: dict[str, str]) -> str:
        """Run a skill of this bench alone, on the parts of its product; returns the name of the step that runs it.

        A person must be at work where the skill, or what it needs before it, takes one.
        """
        library = self.cell.desk.library
        (product,) = library.products()
        options = {option: values[0] for option, values in library.procedure(product).options.items()}
        variant = trial(self.cell.desk.registry.get(name), given, library.variant(product, options), self.state.spec)
        await self.do(cmd.StoreOrder(order="o", quantity=1, variant=variant))
        await self.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
        return TRIED

    async def begin(self, quantity: int = 1, *, worker: bool = True, **more: Any) -> None:
        """Start the cell and an order, with a simulated worker at the front unless told otherwise."""
        if worker:
            self.work(**more)
        await self.change(CellVerb.START)
        await self.order(quantity)

    def work(self, *, slips: float = 0.0, seed: int = 1, tends: bool = False) -> None:
        """Let a simulated worker come to the front; one who tends the cell brings it back to work as well."""
        worker = SimWorker(self.cell.desk, "front", seed=seed, habits=Habits(slips=slips, tends=tends))
        self.cell.people.slip = worker.slip
        self.workers.append(asyncio.create_task(worker.run(), name="worker"))

    # ---- waiting -----------------------------------------------------------------------------------------------

    async def until(self, predicate: Callable[[State], bool], timeout_s: float = STUCK_S) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self.cell.runner.until(predicate)
        except TimeoutError:
            raise AssertionError(f"it never came to that: {self.story()}") from None

    async def event(self, kind: str, **fields: Any) -> Event:
        """Wait for the next event of a kind, with these fields."""
        start = len(self.log)

        def happened() -> Event | None:
            return next((e for e in self.log[start:] if _is(e, kind, fields)), None)

        await self.until(lambda _state: happened() is not None)
        found = happened()
        assert found is not None
        return found

    async def intended(self, **fields: Any) -> MotionIntended:
        """Wait for the next motion that is let through, with these fields."""
        event = await self.event("motion_intended", **fields)
        assert isinstance(event, MotionIntended)
        return event

    async def settled(self) -> None:
        await self.until(lambda state: not state.cell.endswith("ing"))

    async def step_is(self, step: str, status: StepStatus, unit: str = "u1") -> None:
        await self.until(lambda state: unit in state.units and state.units[unit].steps[step].status == status)

    async def ended(self, name: str = "o", timeout_s: float = STUCK_S) -> None:
        await self.until(lambda state: state.orders[name].state in OVER, timeout_s)

    async def in_motion(self, text: str, share_s: float = 0.3) -> None:
        """Wait until a motion of this name runs for a while."""
        motion = await self.intended(text=text)
        await asyncio.sleep(motion.lead_s + share_s)
        assert motion.motion in self.state.motions, f"'{text}' was over already"

    # ---- reading -----------------------------------------------------------------------------------------------

    def step(self, step: str, unit: str = "u1") -> StepState:
        return self.state.units[unit].steps[step]

    def all(self, kind: str, **fields: Any) -> list[Any]:
        return [e for e in self.log if _is(e, kind, fields)]

    def card(self, place: str = "front") -> Card:
        return self.cell.desk.screen.topics[f"card/{place}"]  # type: ignore[return-value] # that topic holds cards

    def record(self, unit: str = "u1") -> dict[str, Any]:
        record = self.cell.desk.as_built(unit)
        assert record is not None
        return record

    def bodies(self, kind: str) -> list[str]:
        """The true bodies of a kind that are in nobody's bin."""
        return [b.id for b in self.cell.world if b.kind == kind and not b.source]

    def story(self) -> str:
        """What happened last, for a test that fails."""
        cell = f"cell {self.state.cell}, safety {self.state.safety}, acknowledged {self.state.acknowledged}"
        steps = [
            f"{unit.id} {name}: {step.status} {step.code} {step.message}"
            for unit in self.state.units.values()
            for name, step in unit.steps.items()
        ]
        last = [
            f"{f.t - 1767254400:.1f} {f.event.model_dump_json(exclude_defaults=True)[:200]}" for f in self.fresh[-25:]
        ]
        return "\n".join([cell, *steps, *last])


def _is(event: Event, kind: str, fields: dict[str, Any]) -> bool:
    return event.type == kind and all(getattr(event, name) == value for name, value in fields.items())


@asynccontextmanager
async def bench(
    folder: Path,
    *,
    vision: Vision | None = None,
    own_vision: bool = False,
    journal: Journal | None = None,
    data: Path | None = None,
    seed: int = 1,
    skills: Path = ROOT / "skills",
    cell_file: Path | None = None,
    reload: bool = False,
    clock: Clock | None = None,
    link: Callable[[Clock], Link] | None = None,
) -> AsyncIterator[Bench]:
    """Run the cell of an authored folder; without `vision` one that knows the truth judges, or the cell's own."""
    loop = asyncio.get_running_loop()
    settings = Settings(
        instructions=folder,
        cell=cell_file or folder / "cell.yaml",
        skills=skills,
        data=data,
        seed=seed,
        reload=reload,
    )
    judge = vision or (None if own_vision else SimVision())
    clock = clock or VirtualClock(loop)
    async with embedded(settings, clock, vision=judge, journal=journal, link=link and link(clock)) as cell:
        if isinstance(judge, SimVision):
            judge.world = cell.world
            cameras: dict[str, Camera] = cell.cameras  # type: ignore[assignment] # tests may put others in
            cameras.update({name: NoPicture(camera) for name, camera in cell.cameras.items()})
        out = Bench(cell)

        def keep(_before: State, _after: State, events: Sequence[Fresh]) -> None:
            out.fresh.extend(events)
            out.log.extend(item.event for item in events)

        cell.runner.bus.join(keep)
        try:
            yield out
        finally:
            for task in out.workers:
                task.cancel()
            await asyncio.gather(*out.workers, return_exceptions=True)


def shipped(**more: Any) -> AbstractAsyncContextManager[Bench]:
    """Run the demo's cell with the shipped product."""
    return bench(ROOT / "instructions", cell_file=ROOT / "launch" / "cells" / "demo.yaml", **more)
