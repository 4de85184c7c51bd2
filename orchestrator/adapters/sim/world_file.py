"""The simulated cell on disk: it outlives the orchestrator, as a real cell does.

Whoever ends the process, by `kill -9` too, finds on the next start the arm where it stood, and in the gripper and on
the table what was there. It is kept beside the journal and apart from it: what the ledger believes is not asked.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import orjson
import structlog
from pydantic import TypeAdapter, ValidationError

from orchestrator.adapters.sim.world import Contents, World
from orchestrator.core import geometry, ports
from orchestrator.core.errors import TandemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.core.ports import Joints, Latest, RobotState

log = structlog.get_logger(__name__)

AGAIN_S = 1.0  # after which a cell that could not be written is tried once more
Screws = Mapping[str, Mapping[str, float]]  # of each driver: how far (degrees) each true screw was turned


@dataclass(frozen=True, slots=True)
class Standing:
    """A cell as it was left: bodies, the arm's joints (rad), the fingers' opening (m), how far screws are turned."""

    contents: Contents
    joints: Joints
    opening_m: float
    screws: Screws


class WorldFile:
    """Keeps the true world of one cell in `folder`. `cell` is the hash of the cell file that it stands in.

    Nothing is forced to disk: what a killed process has written is there, and a power cut ends a simulation anyhow.
    """

    def __init__(self, folder: Path, cell: str) -> None:
        self._bodies, self._arm = folder / "world.json", folder / "arm"
        self._cell = cell
        self._ends: list[Callable[[], None]] = []

    def load(self, joints: int) -> Standing | None:
        """Return the cell as it was left, for an arm of so many joints.

        None where there is none, where it stood in a cell by another file, and where it is damaged.
        """
        try:
            said = orjson.loads(self._bodies.read_bytes())
            arm = self._arm.read_bytes()
        except OSError:
            return None
        except orjson.JSONDecodeError:
            return self._unread("it is damaged")
        if not isinstance(said, dict) or len(arm) != 8 * (joints + 1):
            return self._unread("it is damaged")
        if said.get("cell") != self._cell:
            return self._unread("the cell file has changed since")
        *angles, opening_m = struct.unpack(f"<{joints + 1}d", arm)
        try:
            contents = _contents().validate_python(said.get("contents"))
            return Standing(contents, tuple(angles), opening_m, said.get("screws", {}))
        except ValidationError:
            return self._unread("it is damaged")

    def keep(
        self,
        world: World,
        state: Latest[RobotState],
        screws: Callable[[], Screws],
        fares: Callable[[str], None] = lambda _detail: None,
    ) -> None:
        """Write every change from now on, before anybody can learn of it. Raises OSError where it can't begin.

        `fares` is told how writing goes later: why it failed, "" where it did not. What is older than the cell is
        taken away, and a start then sets the cell up as the ledger has it; it is written again with the next change,
        or with the first reading `AGAIN_S` after it failed.
        """
        self._bodies.parent.mkdir(parents=True, exist_ok=True)
        size = 8 * (len(state.value.joints) + 1)
        file = os.open(self._arm, os.O_RDWR | os.O_CREAT, 0o600)
        os.posix_fallocate(file, 0, size)  # a full disk says so now, and not by a signal as the arm moves
        arm = mmap.mmap(file, size)
        os.close(file)

        again: float | None = None  # stamp of the reading to try it again with, where it failed

        def stands(reading: RobotState) -> None:
            arm[:] = struct.pack(f"<{len(reading.joints) + 1}d", *reading.joints, reading.opening_m)
            if again is not None and reading.stamp >= again:
                lie()

        def lie() -> None:
            nonlocal again
            said = {"cell": self._cell, "contents": world.contents(), "screws": screws()}
            fresh = self._bodies.with_suffix(".new")
            try:
                fresh.write_bytes(orjson.dumps(said))
                fresh.replace(self._bodies)
            except OSError as error:
                self._bodies.unlink(missing_ok=True)
                fresh.unlink(missing_ok=True)
                again = state.value.stamp + AGAIN_S
                fares(f"{self._bodies}: {error.strerror}")
            else:
                again = None
                fares("")

        stands(state.value)
        lie()
        self._ends = [state.listen(stands), world.listen(lie), arm.close]

    def close(self) -> None:
        """Write no more."""
        for end in self._ends:
            end()
        self._ends = []

    def _unread(self, why: str) -> Standing | None:
        log.warning("the simulated cell is set up as the ledger has it", why=why, file=str(self._bodies))
        return None


def refill(world: World, standing: Standing) -> bool:
    """Put into an empty world what stood there; False where a mesh of it is gone, and the world stays empty."""
    try:
        world.restore(standing.contents)
    except TandemError as error:
        log.warning("the simulated cell is set up as the ledger has it", why=error.message)
        return False
    return True


@cache
def _contents() -> TypeAdapter[Contents]:
    adapter: TypeAdapter[Contents] = TypeAdapter(Contents)
    names = {"Mapping": Mapping, **vars(geometry), **vars(ports)}
    adapter.rebuild(_types_namespace=names, raise_errors=True)
    return adapter
