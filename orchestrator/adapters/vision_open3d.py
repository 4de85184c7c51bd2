"""Vision by Open3D, in a process of its own: a crash in native code costs one check, not the cell."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision import work
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.render import BESIDE_M, Region, region_of
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.adapters.vision_process import MEMORY_MB, Limits, ProcessGone, WatchedProcess
from orchestrator.core.errors import VisionError
from orchestrator.core.ports import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from orchestrator.core.locating import Located, LocateRequest, Space
    from orchestrator.core.ports import CheckRequest, Expected, Shot


class VisionOpen3D:
    """`Vision` by render-and-compare. Checks run one after another in one child process, started at first use.

    `meshes` is the folder that mesh paths are below, `evidence` the folder that records of checks go to (None: none
    are kept). `noise_m` is the depth noise of single cameras, see `VisionSettings`. A check whose process dies or hangs
    (for `VisionSettings.seconds`) can't see. The process is then started again, as it is when it holds more than
    `memory_mb` after a check. One job may bring it to `most_mb`. `kept` is told after each check why its evidence could
    not be kept, "" where it was: the verdict counts, and says so.
    """

    def __init__(
        self,
        meshes: Path,
        *,
        evidence: Path | None = None,
        settings: VisionSettings | None = None,
        noise_m: Mapping[str, float] | None = None,
        memory_mb: float = MEMORY_MB,
        most_mb: float = work.MOST_MB,
        kept: Callable[[str], None] = lambda _detail: None,
    ) -> None:
        self._meshes = meshes.resolve()
        self._evidence = evidence.resolve() if evidence is not None else None
        self._most_mb = most_mb
        self._kept = kept
        self._settings = settings or VisionSettings()
        self._noise_m = dict(noise_m or {})
        self._process = WatchedProcess(
            work.serve,
            (self._meshes, self._evidence, self._settings, most_mb),
            Limits(answer_s=self._settings.seconds, memory_mb=memory_mb),
        )
        self._boxes: dict[str, tuple[int, work.Box]] = {}

    @property
    def process_id(self) -> int | None:
        """The vision process's id while it is ready, None before."""
        return self._process.id

    async def warm_up(self) -> int:
        """Start the process and load Open3D, which takes seconds, ahead of the first check; returns its id."""
        return await self._process.warm_up()

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        """Judge one result; see `Vision.check`. It can't see when the process died or hung meanwhile.

        Raises:
            VisionError: a mesh is missing or unreadable (no_mesh, bad_mesh), or this was closed (closed).
        """
        for thing in (request.part, *request.around, *request.look_alikes, *request.datum):
            self._path(thing.mesh)
        crop: Crop | None = None
        try:
            crop = await self._cropped(request, shot)
            check = await self._process.run(work.check, request, crop, shot.calibration)
        except ProcessGone as gone:
            return await self._unjudged(request, crop, shot, str(gone))
        except MemoryError:
            reason = (
                f"The vision process needed more than the {self._most_mb:g} MB that it may take. See the part's mesh."
            )
            return await self._unjudged(request, crop, shot, reason)
        if self._evidence is not None:
            self._kept("" if check.evidence else check.reason.partition(work.UNKEPT)[2])
        return check

    async def _unjudged(self, request: CheckRequest, crop: Crop | None, shot: Shot, reason: str) -> Check:
        """Return that a picture could not be judged; the process, a fresh one by now, keeps it as evidence."""
        if crop is not None and self._evidence is not None:
            with suppress(ProcessGone, MemoryError):
                return await self._process.run(work.keep_unjudged, request, crop, reason, shot.calibration)
        return Check("cannot_see", reason=reason, shot_stamp=shot.stamp)

    async def locate(self, request: LocateRequest, shot: Shot) -> Located:
        """Say where parts of a kind lie; see `Vision.locate`.

        Raises VisionError as `check` does, and when the process died or hung meanwhile (vision_crashed).
        """
        around, alike = (thing.mesh for thing in request.around), (kind.mesh for kind in request.look_alikes)
        for mesh in (request.part.mesh, *around, *alike):
            self._path(mesh)
        return await self._process.run(work.locate, request, self._cut(shot, _region_of_space(request.space, shot)))

    async def close(self) -> None:
        """End the process, also in the middle of a check, or when it is stopped. Idempotent."""
        await self._process.close()

    async def _cropped(self, request: CheckRequest, shot: Shot) -> Crop:
        """Cut out the pixels that matter, so that little crosses to the other process."""
        region = await self._region(request.part, shot, self._settings.margin_m)
        if region is not None and request.datum:
            beside = await self._region(request.part, shot, BESIDE_M)
            for datum in request.datum:
                box = await self._region(datum, shot, self._settings.margin_m)
                if box is not None and beside is not None and box.meets(beside):
                    region = region.joined(box.common(beside))
        return self._cut(shot, region)

    def _cut(self, shot: Shot, region: Region | None) -> Crop:
        inside = region.inside(shot.intrinsics) if region is not None else Region(0, 0, 0, 0)
        rows = slice(inside.top, inside.top + inside.height)
        columns = slice(inside.left, inside.left + inside.width)
        depth = np.ascontiguousarray(shot.depth_m[rows, columns], dtype=np.float32)
        noise_m = self._noise_m.get(shot.camera)
        return Crop(shot.camera, depth, inside, shot.intrinsics, shot.pose, shot.stamp, noise_m)

    async def _region(self, thing: Expected, shot: Shot, margin_m: float) -> Region | None:
        low, high = np.array(await self._box(thing.mesh))
        corners = np.array([np.where(np.array(mask), high, low) for mask in np.ndindex(2, 2, 2)])
        return region_of(corners, thing.pose, shot.pose, shot.intrinsics, margin_m)

    async def _box(self, mesh: str) -> work.Box:
        changed = self._path(mesh).stat().st_mtime_ns
        held = self._boxes.get(mesh)
        if held is None or held[0] != changed:
            held = self._boxes[mesh] = (changed, await self._process.run(work.box_of, mesh))
        return held[1]

    def _path(self, mesh: str) -> Path:
        path = (self._meshes / mesh).resolve()
        if not path.is_relative_to(self._meshes) or not path.is_file():
            raise VisionError(f"There is no mesh {mesh}.", remedy="Check the part's `mesh`.", code="no_mesh")
        return path


def _region_of_space(space: Space | None, shot: Shot) -> Region:
    """Return the pixels that a space can cover, and the floor that it stands on; the whole picture where it is None."""
    whole = Region(0, 0, shot.intrinsics.width, shot.intrinsics.height)
    if space is None:
        return whole
    corners = np.array([np.where(np.array(mask), 0.5, -0.5) for mask in np.ndindex(2, 2, 2)]) * np.array(space.size_m)
    return region_of(corners, space.pose, shot.pose, shot.intrinsics, 0.01) or whole
