"""A saved shot judged anew: with its own thresholds, or with others."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.vision.evidence import MESHES, read
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.core.errors import BadInput, VisionError, known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.adapters.vision.evidence import Evidence
    from orchestrator.adapters.vision.render import Solids
    from orchestrator.core.ports import Check, CheckRequest, Expected

WITHIN = ("within_mm", "within_deg")
Change = tuple[float, ...]  # one number, or one an axis


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A record with what is needed to judge it: its request with meshes as files, and what is to be known of them."""

    evidence: Evidence
    request: CheckRequest
    notes: tuple[str, ...]


def names() -> tuple[str, ...]:
    """Return what can be changed: tolerances, and every number of the settings."""
    numbers = (f.name for f in dataclasses.fields(VisionSettings) if isinstance(f.default, int | float))
    return (*WITHIN, *sorted(numbers))


def load(record: Path, instructions: Path | None = None) -> Shot:
    """Read a record and find its meshes: as they were, kept beside it, else those below `instructions`.

    Raises:
        VisionError: it can't be read (see `evidence.read`), or a mesh is nowhere (no_mesh).
    """
    folder = record if record.is_dir() else record.parent
    evidence = read(folder)
    files, notes = {}, []
    for mesh, digest in evidence.meshes.items():
        then = folder.resolve().parents[1] / MESHES / f"{digest}{Path(mesh).suffix}"
        now = instructions / mesh if instructions is not None else None
        changed = now is not None and now.is_file() and _sha256(now) != digest
        if then.is_file() and _sha256(then) == digest:
            files[mesh] = then
            if changed:
                notes.append(f"{mesh} has changed since; judged with the mesh as it was.")
        elif now is not None and now.is_file():
            files[mesh] = now
            if changed:
                notes.append(f"{mesh} has changed since, and the one of then is not there: judged with today's.")
        else:
            raise VisionError(
                f"The mesh {mesh} of this record is neither beside it nor below the instructions.",
                remedy="Copy the folder meshes/ along with records, or name --instructions.",
                code="no_mesh",
            )
    request = evidence.request

    def placed(things: Sequence[Expected]) -> tuple[Expected, ...]:
        return tuple(dataclasses.replace(one, mesh=str(files[one.mesh].resolve())) for one in things)

    located = dataclasses.replace(
        request,
        part=placed([request.part])[0],
        around=placed(request.around),
        look_alikes=placed(request.look_alikes),
        datum=placed(request.datum),
    )
    return Shot(evidence, located, tuple(notes))


def rejudge(shot: Shot, changes: Mapping[str, Change], solids: Solids) -> Check:
    """Judge a shot with some tolerances and settings changed.

    Raises:
        BadInput, NotFound: there is no such name, or it takes no such value.
    """
    request, settings = shot.request, shot.evidence.settings
    for name, values in changes.items():
        if name in WITHIN:
            x, y, z = values * 3 if len(values) == 1 else values
            scale = 0.001 if name == "within_mm" else math.radians(1)
            allowed = (x * scale, y * scale, z * scale)
            if name == "within_mm":
                request = dataclasses.replace(request, within_m=allowed)
            else:
                request = dataclasses.replace(request, within_rad=allowed)
        else:
            whole = isinstance(getattr(settings, name), int)
            value = round(values[0]) if whole else values[0]
            settings = dataclasses.replace(settings, **{name: value})  # type: ignore[arg-type] # checked by parse
    return judge(request, shot.evidence.crop, solids, settings).check


def parse(text: str) -> tuple[str, Change]:
    """Read `name=value` or, for tolerances, `name=x,y,z`. Raises BadInput, or NotFound with the known names."""
    name, value = _pair(text, "0.5")
    try:
        values = tuple(float(one) for one in value.split(","))
    except ValueError:
        raise BadInput(f"'{value}' is no number.", remedy=f"Write {name}=0.5.") from None
    if len(values) not in ({1, 3} if name in WITHIN else {1}) or not all(math.isfinite(v) for v in values):
        raise BadInput(f"{name} takes no '{value}'.", remedy=f"Write one number: {name}=0.5.")
    if name in WITHIN and min(values) <= 0:
        raise BadInput("A tolerance must be more than 0.", remedy=f"Write {name}=0.5.")
    return name, values


def parse_row(text: str) -> tuple[str, tuple[float, ...]]:
    """Read `name=from:to` or `name=from:to:count` (6 values without a count). Raises as `parse`."""
    name, value = _pair(text, "0.5:3")
    try:
        ends = value.split(":")
        low, high = float(ends[0]), float(ends[1])
        count = int(ends[2]) if len(ends) > 2 else 6
    except (ValueError, IndexError):
        raise BadInput(f"'{value}' is no row of values.", remedy=f"Write {name}=0.5:3 or {name}=0.5:3:11.") from None
    if not 2 <= count <= 100 or len(ends) > 3 or not high > low or (name in WITHIN and low <= 0):
        raise BadInput(
            f"'{value}' is no row of values.", remedy="Write a smaller and a larger number, and 2 to 100 values."
        )
    return name, tuple(low + (high - low) * i / (count - 1) for i in range(count))


def _pair(text: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"'{text}' is no change.", remedy=f"Write it as name=value, for example within_mm={example}.")
    if name not in names():
        raise known("threshold", name, names())
    return name, value


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
