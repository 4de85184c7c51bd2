"""What was tried with a cell's cameras: golden samples and gauge studies, which tell more than any reckoning."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.core.golden import Lesson
from orchestrator.engine.gauge import BEARABLE, Gauge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.gauged import Gauged
    from orchestrator.core.golden import Golden
    from orchestrator.core.variant import Step, Variant


@dataclass(frozen=True)
class Known:
    """What is known by trial of one result as one camera sees it; None where it was not tried, or counts no more."""

    golden: Golden | None = None
    study: Gauged | None = None

    @property
    def said(self) -> str:
        """What it rests on, in words; "" where nothing was tried."""
        words = [f"{len(self.golden.shots)} shots of good units"] if self.golden is not None else []
        return " and ".join([*words, self.study.said] if self.study is not None else words)

    def scatter(self, axis: int) -> float | None:
        """Return one sigma (m or rad) of what single shots say on an axis, None where nobody knows."""
        found = []
        if self.golden is not None:
            found.append((*self.golden.scatter_m, *self.golden.scatter_rad)[axis])
        if self.study is not None and axis in self.study.axes:
            found.append(math.hypot(self.study.ev[axis], self.study.av[axis]))
        return max(found, default=None)

    def claimed(self, axis: int, reckoned: float) -> float:
        """Return the sigma that a check claims on an axis: no less than good units have taught it."""
        if self.golden is None:
            return reckoned
        return max(reckoned, (*self.golden.scatter_m, *self.golden.scatter_rad)[axis])

    def off(self, axis: int, reckoned: float) -> float:
        """Return how far off everything may be alike: what good units taught takes that out, as far as it is known."""
        return reckoned if self.golden is None else (*self.golden.mean_m, *self.golden.mean_rad)[axis]

    def taken(self, axis: int, limit: float) -> Gauge | None:
        """Return the study of an axis against a limit to each side (m or rad), None where there is none."""
        if self.study is None or axis not in self.study.axes:
            return None
        return Gauge(self.study.ev[axis], self.study.av[axis], self.study.pv[axis], 2 * limit)


@dataclass(frozen=True)
class Tried:
    """Everything that counts below one cell's data folder. `calibrations` gives the current id of each camera."""

    golden: Sequence[Golden] = ()
    studies: Sequence[Gauged] = ()
    calibrations: Mapping[str, str] = field(default_factory=dict)

    def known(self, variant: Variant, step: Step, camera: str, view: str, cell: CellSpec) -> Known:
        """Return what counts now of a step's result as a camera sees it."""
        now = self.lesson(variant, step, camera, cell)
        golden = next((one for one in self.golden if one.of == now), None)
        asked = (variant.product, step.id, camera, view, now.calibration)
        studies = [
            one for one in self.studies if (one.product, one.step, one.camera, one.view, one.calibration) == asked
        ]
        return Known(golden, max(studies, key=lambda one: one.made_t, default=None))

    def stale(self, variant: Variant, step: Step, cell: CellSpec) -> list[tuple[str, str]]:
        """Return the cameras whose golden sample of a step counts no more, each with what has changed."""
        out = []
        for one in self.golden:
            now = self.lesson(variant, step, one.of.camera, cell)
            if one.of.key == now.key and (what := one.of.changed(now)):
                out.append((one.of.camera, what))
        return out

    def lesson(self, variant: Variant, step: Step, camera: str, cell: CellSpec) -> Lesson:
        """Return what a golden sample of a step would be of now."""
        kind = step.result.kind or ""
        return Lesson(
            product=variant.product,
            step=step.id,
            kind=kind,
            camera=camera,
            mesh_sha256=variant.parts[kind].mesh_sha256 if kind in variant.parts else "",
            procedure_sha256=variant.procedure_sha256,
            calibration=self.calibrations.get(camera) or cell.sha256,
        )


NOTHING = Tried()
MOST = BEARABLE  # % of a tolerance that measuring may take
