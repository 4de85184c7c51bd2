"""Gauge repeatability and reproducibility: how much of what is measured is the measuring.

AIAG, "Measurement Systems Analysis", 4th edition, 2010: the ANOVA method for crossed studies (chapter III, section B;
variance components in appendix A). Also D. C. Montgomery, "Introduction to Statistical Quality Control", 8.7.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from orchestrator.core.errors import BadInput

if TYPE_CHECKING:
    import numpy.typing as npt

    Band = Literal["good", "conditional", "not suitable"]

POOL = 0.25  # an interaction that chance gives this often or oftener is no interaction, and counts as repeatability
SPREAD = 6.0  # sigmas that a measuring system's variation is taken to span
DISTINCT = 1.41  # 97 % confidence interval's width, as AIAG counts categories
GOOD, BEARABLE = 10.0, 30.0  # % of the tolerance


@dataclass(frozen=True, slots=True)
class Anova:
    """Sums of squares and degrees of freedom of a crossed study: parts, appraisers, their interaction, the rest."""

    parts: tuple[float, int]
    appraisers: tuple[float, int]
    interaction: tuple[float, int]
    repeats: tuple[float, int]


@dataclass(frozen=True, slots=True)
class Gauge:
    """A study's result for one axis, as standard deviations in the unit of the measurements.

    `ev` is repeatability, `av` reproducibility (appraisers and their interaction with parts), `pv` the parts' own
    variation. `tolerance` is the whole width that is allowed, upper minus lower limit.
    """

    ev: float
    av: float
    pv: float
    tolerance: float

    @property
    def grr(self) -> float:
        """Everything that the measuring adds."""
        return math.hypot(self.ev, self.av)

    @property
    def of_tolerance(self) -> float:
        """% of the tolerance that six sigma of the measuring take: 100 * 6 * GRR / (upper - lower)."""
        return 100 * SPREAD * self.grr / self.tolerance

    @property
    def of_variation(self) -> float:
        """% of the total variation: 100 * GRR / TV."""
        total = math.hypot(self.grr, self.pv)
        return 100 * self.grr / total if total > 0 else 0.0

    @property
    def ndc(self) -> int:
        """The number of distinct categories that it tells apart: 1.41 * PV / GRR, cut off, at least 1."""
        return max(1, int(DISTINCT * self.pv / self.grr)) if self.grr > 0 else 1

    @property
    def band(self) -> Band:
        """Whether the tolerance can be checked so: below 10 % good, to 30 % conditional."""
        return (
            "good" if self.of_tolerance < GOOD else "conditional" if self.of_tolerance <= BEARABLE else "not suitable"
        )

    @property
    def least_tolerance(self) -> float:
        """The narrowest whole width for which it is conditional still."""
        return 100 * SPREAD * self.grr / BEARABLE


def anova(values: npt.NDArray[np.float64]) -> Anova:
    """Split the sum of squares of a crossed study, (parts, appraisers, repeats).

    Raises:
        BadInput: fewer than two parts or repeats, or a value is no number.
    """
    if values.ndim != 3 or values.shape[0] < 2 or values.shape[1] < 1 or values.shape[2] < 2:
        raise BadInput(
            "A gauge study needs two parts and two shots of each at least.", remedy="Take ten parts and three shots."
        )
    if not np.isfinite(values).all():
        raise BadInput("A value of the study is no number.", remedy="Leave out the part that could not be measured.")
    parts, appraisers, repeats = values.shape
    whole = values.mean()
    by_part, by_appraiser, by_cell = values.mean(axis=(1, 2)), values.mean(axis=(0, 2)), values.mean(axis=2)
    apart = by_cell - by_part[:, None] - by_appraiser[None, :] + whole
    return Anova(
        parts=(appraisers * repeats * float(((by_part - whole) ** 2).sum()), parts - 1),
        appraisers=(parts * repeats * float(((by_appraiser - whole) ** 2).sum()), appraisers - 1),
        interaction=(repeats * float((apart**2).sum()), (parts - 1) * (appraisers - 1)),
        repeats=(float(((values - by_cell[:, :, None]) ** 2).sum()), parts * appraisers * (repeats - 1)),
    )


def study(values: npt.NDArray[np.float64], tolerance: float, *, pool: float = POOL) -> Gauge:
    """Estimate the variance components of a crossed study, (parts, appraisers, repeats), from its mean squares.

    An interaction whose F test gives a chance of `pool` or more is pooled with the repeats. Negative estimates are 0.
    With one appraiser there is no reproducibility to tell.

    Raises:
        BadInput: see `anova`; or the tolerance is not above 0.
    """
    if not tolerance > 0:
        raise BadInput("A tolerance must be more than 0.", remedy="Give the whole width that is allowed.")
    table = anova(values)
    count, appraisers, repeats = values.shape
    error = table.repeats[0] / table.repeats[1]
    together = error
    if appraisers > 1:
        together = table.interaction[0] / table.interaction[1]
        if _chance(together, table.interaction[1], error, table.repeats[1]) >= pool:
            error = (table.interaction[0] + table.repeats[0]) / (table.interaction[1] + table.repeats[1])
            together = error
    interaction = max(0.0, (together - error) / repeats)
    by = table.appraisers[0] / table.appraisers[1] if appraisers > 1 else together
    appraiser = max(0.0, (by - together) / (count * repeats))
    part = max(0.0, (table.parts[0] / table.parts[1] - together) / (appraisers * repeats))
    return Gauge(math.sqrt(error), math.sqrt(appraiser + interaction), math.sqrt(part), tolerance)


def _chance(of: float, of_degrees: int, over: float, over_degrees: int) -> float:
    """Return how often chance alone gives such a ratio of mean squares, or a larger one."""
    from scipy.special import fdtrc  # loaded for a study alone

    if over <= 0:
        return 1.0 if of <= 0 else 0.0
    return float(fdtrc(of_degrees, over_degrees, of / over))
