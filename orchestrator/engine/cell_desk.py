"""The front desk of one running cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.core.commands import ReportDevice, Request, StoreOrder, Who
from orchestrator.core.errors import known
from orchestrator.engine.photographing import Photographing
from orchestrator.engine.taught import as_yaml
from orchestrator.wire import BinView, BoardView, PoseFrame, RegistrationView, SceneView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.commands import PhotoOf
    from orchestrator.core.geometry import Pose
    from orchestrator.core.photo import KeptPhoto, Photos
    from orchestrator.core.ports import Clock, Journal, Robot, Twist
    from orchestrator.engine.calibrating import Calibrating
    from orchestrator.engine.correcting import Correcting
    from orchestrator.engine.desk import Following
    from orchestrator.engine.library import Library
    from orchestrator.engine.manual import Manual
    from orchestrator.engine.registry import Registry
    from orchestrator.engine.runner import Runner
    from orchestrator.engine.screen import LiveScreen
    from orchestrator.wire import Answer, LinkView, RewindView


class CellDesk:
    """Implements `Desk` over a runner."""

    def __init__(
        self,
        runner: Runner,
        screen: LiveScreen,
        library: Library,
        registry: Registry,
        journal: Journal,
        robot: Robot,
        clock: Clock,
        *,
        epoch: str,
        evidence: Path,
        links: Sequence[LinkView],
        by_hand: Manual,
        calibrating: Calibrating,
        correcting: Correcting,
        photos: Photos,
    ) -> None:
        self.name = runner.state.spec.name
        self.epoch = epoch
        self.screen = screen
        self.library = library
        self.journal = journal
        self.evidence = evidence
        self.calibrating = calibrating
        self.correcting: Following = correcting
        self._correcting = correcting
        self.runner = runner
        self.scene = _scene(runner, library, links)
        self.registry = registry
        self._robot = robot
        self._clock = clock
        self._by_hand = by_hand
        self._photographing = Photographing(runner, photos)
        self._link_names = tuple(link.name for link in links)

    def now(self) -> float:
        """UTC seconds."""
        return self._clock.now()

    async def submit(self, request: Request) -> Answer:
        """Hand in a command; the answer comes when its events are durable, or when it is refused."""
        return await self.runner.submit(request)

    async def keep_photo(self, request: str, of: PhotoOf, upload: bytes, by: Who) -> tuple[Answer, KeptPhoto | None]:
        """Keep a picture of a result; returns the answer, and what is kept. Raises BadInput or SetupError."""
        return await self._photographing.keep(request, of, upload, by, self.now())

    async def store_order(
        self, order: str, product: str, options: Mapping[str, Any], quantity: int, due_t: float | None, by: Who
    ) -> Answer:
        """Compile and store an order. Raises NotFound, BadInput or AuthoringError with a remedy."""
        variant = self.library.variant(product, options)
        command = StoreOrder(order=order, quantity=quantity, due_t=due_t, variant=variant)
        return await self.runner.ask(command, by)

    async def screen_at(self, place: str, there: bool) -> None:
        """Learn that the screen at a worker place has lost its line, or has one again."""
        if place in self.runner.state.spec.places:
            await self.runner.ask(ReportDevice(place=place, there=there))

    async def jog(self, press: str, twist: Twist, by: Who) -> Answer:
        """Begin or renew a press of a jog button; a twist of zero releases it."""
        return await self._by_hand.jog(press, twist, by, self.now())

    async def teach(self, name: str, relative_to: str, by: Who) -> Answer:
        """Keep where the TCP is, relative to a frame or part ("" the cell). Raises RobotError while the arm moves."""
        return await self._by_hand.teach(name, relative_to, by, self.now())

    def taught(self, name: str = "") -> str:
        """Return what was taught as YAML ready to paste: everything, or one pose. Raises NotFound."""
        taught = self.runner.state.taught
        if name and name not in taught:
            raise known("taught pose", name, taught)
        return as_yaml([taught[name]] if name else taught.values())

    def poses(self) -> tuple[PoseFrame, ...]:
        """Return where the robot's links and the parts in its gripper are now, and what live looks saw last."""
        state = self._robot.state.value
        t = round(state.stamp, 4)
        links = {name: pose.rounded() for name, pose in zip(self._link_names, state.links, strict=False)}
        links["tcp"] = state.tcp.rounded()
        joints = tuple(round(angle, 5) for angle in state.joints)
        frames = [PoseFrame(topic="robot", t=t, poses=links, joints_rad=joints, opening_m=round(state.opening_m, 5))]
        held = self.runner.state.world.held()
        if held is not None:
            frames.append(PoseFrame(topic="parts", t=t, poses=self._carried(held.part, state.tcp)))
        return (*frames, *self._correcting.frames())

    def rewind(self, unit: str, step: str) -> RewindView:
        """Return what going back to before a step of a unit in work would mean. Raises NotFound."""
        state = self.runner.state
        if unit not in state.units:
            raise known("unit in work", unit, state.units)
        if step not in state.units[unit].steps:
            raise known("step", step, state.units[unit].steps)
        return self.screen.guide.rewind(state, unit, step)

    def as_built(self, unit: str) -> dict[str, Any] | None:
        """Return the record of a finished unit."""
        for recorded in self.journal.read(kind="unit_ended", subject=unit):
            payload: dict[str, Any] = orjson.loads(recorded.entry.payload)
            return {**payload["record"], "seq": recorded.seq, "sha256": recorded.sha256}
        return None

    def units(self) -> list[dict[str, Any]]:
        """Return finished units, newest first."""
        out = []
        for recorded in self.journal.read(kind="unit_ended"):
            event = orjson.loads(recorded.entry.payload)
            out.append(
                {"unit": event["unit"], "order": event["order"], "state": event["state"], "ended_t": recorded.entry.t}
            )
        return out[::-1]

    def skills(self) -> list[dict[str, Any]]:
        """Return each skill, and each file that is broken."""
        working = [
            {
                "name": skill.name,
                "text": skill.text,
                "parameters": skill.schema,
                "timeout_s": skill.timeout_s,
                "needs": list(skill.promise.needs),
                "leaves": list(skill.promise.leaves),
                "resources": list(skill.resources),
                "pausable": skill.promise.pausable,
                "retry": skill.promise.retry,
                "undone_by": skill.promise.undone_by,
                "autonomy": skill.promise.autonomy,
                "file": skill.file,
                "sha256": skill.sha256,
            }
            for skill in sorted(self.registry.all().values(), key=lambda item: item.name)
        ]
        return working + [{"file": broken.file, "error": broken.error} for broken in self.registry.broken()]

    def not_ready(self) -> list[str]:
        """Return why the cell can't take orders yet."""
        dead = [trouble.detail for trouble in self.runner.troubles.there.values() if trouble.kind == "journal"]
        return dead + [f"Skill file {item.file} is broken: {item.error}" for item in self.registry.broken()]

    def _carried(self, part: str, tcp: Pose) -> dict[str, Pose]:
        world = self.runner.state.world
        names = [part, *(fact.part for fact in world.on(part))]
        return {name: pose.rounded() for name in names if (pose := world.pose(name, tcp)) is not None}


def _scene(runner: Runner, library: Library, links: Sequence[LinkView]) -> SceneView:
    spec = runner.state.spec
    meshes: dict[str, str] = {}
    for product in library.products():
        meshes.update({kind: part.mesh for kind, part in library.kinds(product).items()})
    bins = []
    for name, bin_ in spec.supply.items():
        slots = tuple(bin_.slot(i) for i in range(bin_.capacity or 0)) if bin_.grid is not None else (bin_.at,)
        slots = bin_.corners or slots
        bins.append(
            BinView(
                name=name,
                parts=bin_.parts,
                meshes=tuple(meshes.get(kind, "") for kind in bin_.parts),
                slots=slots,
                grid=bin_.grid is not None,
                loose=bin_.size_m is not None,
            )
        )
    return SceneView(
        cell=spec.name,
        links=tuple(links),
        frames=spec.frames,
        nests=spec.nests,
        zones={name: (box.low, box.high) for name, box in spec.zones.items()},
        bins=tuple(bins),
        cameras={name: camera.at for name, camera in spec.fixed_cameras.items()},
        places={name: place.at for name, place in spec.places.items()},
        registration=registration_view(spec),
        names=library.names(),
    )


def registration_view(spec: CellSpec) -> RegistrationView:
    """Return how a screen finds the real cell."""
    rules, name = spec.registration, spec.registration_board
    board = None
    printed = spec.boards.get(name or "")
    if name is not None and printed is not None and printed.at in spec.frames:
        board = BoardView(
            name=name,
            squares=printed.squares,
            square_m=printed.square_m,
            marker_m=printed.marker_m,
            dictionary=printed.dictionary,
            pose=spec.frames[printed.at],
        )
    touch = {frame: spec.frames[frame].p for frame in rules.touch if frame in spec.frames}
    return RegistrationView(
        max_off_m=rules.max_off_mm / 1000, max_age_s=rules.max_age_h * 3600, touch=touch, board=board
    )
