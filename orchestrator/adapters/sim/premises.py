"""What a person in the embedded cell does with eyes and hands, beside what the screen asks: see, put right, mend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.world import HANDS
from orchestrator.core.ports import Mesh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.adapters.sim.world import Body, World
    from orchestrator.wire import PartView

NOTICE_M = 0.0025  # what lies less beside its place is not seen by eye
REACH_M = 0.06  # a body within this of where the screen shows a part of its shape is that part


class Premises:
    """The true cell as a person sees it who compares it with the screen. Knows nothing of the ledger itself."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._broken: dict[str, Callable[[], None]] = {}

    # ---- what is broken ----------------------------------------------------------------------------------------

    def broke(self, what: str, mend: Callable[[], None]) -> None:
        """Note something that only a person can mend, by a name, and what mending it does."""
        self._broken[what] = mend

    def mend(self) -> tuple[str, ...]:
        """Mend whatever is broken: release the emergency stop, start the controller anew. Returns its names."""
        names = tuple(self._broken)
        for name in names:
            self._broken.pop(name)()
        return names

    # ---- bins --------------------------------------------------------------------------------------------------

    def count(self, bin_name: str) -> int:
        """Return how many pieces really lie in a bin of slots."""
        return sum(body.source == bin_name for body in self._world)

    # ---- parts -------------------------------------------------------------------------------------------------

    def amiss(self, shown: Iterable[PartView], unit: str) -> tuple[str, ...]:
        """Return a unit's parts that visibly lie beside where the screen shows them. What is out of sight is not."""
        return tuple(part.id for part, _ in self._beside(tuple(shown), unit))

    def put_right(self, shown: Iterable[PartView], unit: str) -> tuple[str, ...]:
        """Push every part that visibly lies beside its place back to where the screen shows it. Returns them."""
        beside = self._beside(tuple(shown), unit)
        for part, body in beside:
            self._world.settle(body, part.pose)
        return tuple(part.id for part, _ in beside)

    def clear(self, shown: Iterable[PartView]) -> tuple[str, ...]:
        """Take away what lies about: bodies that no screen shows anywhere near. Returns their ids.

        While the robot handles a part, nothing that looks like it is touched.
        """
        parts = tuple(shown)
        handled = {part.mesh for part in parts if part.holder == "gripper"}
        meant = {body for body, _ in self._meant(parts).values()}
        gone: list[str] = []
        for body in self._loose():
            inside = self._world.with_contents(body.id) if body.id not in gone else []
            shapes = [self._world.body(name).shape for name in inside]
            in_work = any(not isinstance(shape, Mesh) or shape.path in handled for shape in shapes)
            if inside and not in_work and not meant & set(inside):
                gone += inside
                self._world.remove(body.id)
        return tuple(gone)

    def empty_gripper(self, shown: Iterable[PartView]) -> str | None:
        """Take out of the fingers what no screen shows there; returns its id."""
        held = self._world.held
        if held is None or any(part.holder == "gripper" for part in shown):
            return None
        self._world.remove(held)
        return held

    def _loose(self) -> list[Body]:
        """The bodies that are in no bin, no hand and no gripper."""
        return [body for body in self._world if not body.source and not self._in_hand(body.id)]

    def _meant(self, parts: tuple[PartView, ...]) -> dict[str, tuple[str, float]]:
        """Return the body that each part on the screen is, and how far beside: the nearest of its shape, each once."""
        pairs = sorted(
            (distance, part.id, body.id)
            for part in parts
            for body in self._loose()
            if part.holder != "gripper"
            and body.shape == Mesh(part.mesh)
            and (distance := math.dist(self._world.pose(body.id).p, part.pose.p)) < REACH_M
        )
        found: dict[str, tuple[str, float]] = {}
        taken: set[str] = set()
        for distance, part_id, body_id in pairs:
            if part_id not in found and body_id not in taken:
                found[part_id] = (body_id, distance)
                taken.add(body_id)
        return found

    def _beside(self, parts: tuple[PartView, ...], unit: str) -> list[tuple[PartView, str]]:
        """Return a unit's parts that visibly are not where the screen shows them, each with its body."""
        meant = self._meant(parts)
        mine = [part for part in parts if part.id.startswith(f"{unit}/") and part.id in meant]
        return [(part, meant[part.id][0]) for part in mine if meant[part.id][1] > NOTICE_M]

    def _in_hand(self, body_id: str) -> bool:
        body = self._world.body(body_id)
        while body.parent not in {"", HANDS, "gripper"}:
            body = self._world.body(body.parent)
        return body.parent != ""
