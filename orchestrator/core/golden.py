"""Golden samples: what shots of good units have taught of one result, as one camera measures it."""

from __future__ import annotations

import hashlib

from pydantic import Field

from orchestrator.core.geometry import Deviation, Vector
from orchestrator.core.ports import Taught
from orchestrator.core.variant import Frozen


class Lesson(Frozen):
    """What a golden sample is of, and what it holds for alone.

    `calibration` is the id of the camera's calibration, or the digest of the cell file where that counts.
    """

    product: str
    step: str
    kind: str
    camera: str
    mesh_sha256: str
    procedure_sha256: str
    calibration: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is of, whatever has changed meanwhile."""
        return self.product, self.step, self.kind, self.camera

    def changed(self, now: Lesson) -> str:
        """Say what has changed since, "" where nothing has."""
        names = {"mesh_sha256": "the mesh", "procedure_sha256": "the procedure", "calibration": "the calibration"}
        return " and ".join(words for name, words in names.items() if getattr(self, name) != getattr(now, name))


class Golden(Frozen):
    """A golden sample: mean deviation of good units from their nominal pose and the scatter of single shots about it.

    Metres and radians per axis of the result; `mean_m`, `mean_rad` are how far the mean itself is known, one sigma.
    `shots` are the evidence or pictures that it rests on, by name; `left_out` says which don't count, and why.
    """

    of: Lesson
    offset_m: Vector
    offset_rad: Vector
    scatter_m: Vector
    scatter_rad: Vector
    mean_m: Vector
    mean_rad: Vector
    shots: tuple[str, ...]
    left_out: dict[str, str] = Field(default_factory=dict)
    made_t: float = 0.0  # UTC s
    by: str = ""

    @property
    def id(self) -> str:
        """The digest of its content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def taught(self) -> Taught:
        """What a check takes from it."""
        return Taught(self.id, Deviation(self.offset_m, self.offset_rad), self.scatter_m, self.scatter_rad)
