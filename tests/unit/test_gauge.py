"""A gauge study against numbers that others published and against sums of squares found another way."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.core.errors import BadInput
from orchestrator.engine.gauge import Gauge, anova, study

# 3 operators, 5 parts, 3 trials. W. McNeese, "ANOVA Gage R&R", SPC for Excel, 2012; the table of its part 2 gives the
# sums of squares below, and as variances repeatability 0.057, operator 0.054, part 0.802, total 0.913.
PUBLISHED = np.array(
    [
        [[3.29, 3.41, 3.64], [2.44, 2.32, 2.42], [4.34, 4.17, 4.27], [3.47, 3.50, 3.64], [2.20, 2.08, 2.16]],
        [[3.08, 3.25, 3.07], [2.53, 1.78, 2.32], [4.19, 3.94, 4.34], [3.01, 4.03, 3.20], [2.44, 1.80, 1.72]],
        [[3.04, 2.89, 2.85], [1.62, 1.87, 2.04], [3.88, 4.09, 3.67], [3.14, 3.20, 3.11], [1.54, 1.93, 1.55]],
    ]
).swapaxes(0, 1)


def test_a_published_table_comes_out() -> None:
    table = anova(PUBLISHED)
    assert table.appraisers == (pytest.approx(1.630, abs=5e-4), 2)
    assert table.parts == (pytest.approx(28.909, abs=5e-4), 4)
    assert table.interaction == (pytest.approx(0.065, abs=5e-4), 8)
    assert table.repeats == (pytest.approx(1.712, abs=5e-4), 30)


def test_published_variances_come_out_unpooled() -> None:
    gauge = study(PUBLISHED, 8.0, pool=1.1)
    assert (gauge.ev**2, gauge.av**2, gauge.pv**2) == pytest.approx((0.057, 0.054, 0.802), abs=5e-4)
    assert gauge.grr**2 + gauge.pv**2 == pytest.approx(0.913, abs=1e-3)
    assert gauge.of_tolerance == pytest.approx(100 * 6 * gauge.grr / 8)
    assert gauge.ndc == 3  # 1.41 * 0.896 / 0.333 = 3.79


def test_an_interaction_by_chance_counts_as_repeatability() -> None:
    pooled, apart = study(PUBLISHED, 8.0), study(PUBLISHED, 8.0, pool=1.1)
    assert pooled.ev**2 == pytest.approx((0.065 + 1.712) / 38, abs=5e-4)
    assert pooled.ev < apart.ev


def _residual(columns: list[np.ndarray], y: np.ndarray) -> float:
    """The sum of squares that a linear model leaves, by least squares."""
    design = np.column_stack(columns)
    return float(((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum())


@pytest.mark.parametrize("shape", [(10, 3, 3), (4, 2, 5), (6, 1, 4)])
def test_sums_of_squares_are_those_of_nested_linear_models(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(shape[0])
    values = random.normal(size=shape) + 3 * random.normal(size=(shape[0], 1, 1)) + random.normal(size=(1, shape[1], 1))
    part, appraiser, _ = (index.ravel() for index in np.indices(shape))
    y = values.ravel()
    one = [np.ones_like(y)]
    parts = [(part == k).astype(float) for k in range(shape[0])]
    people = [(appraiser == k).astype(float) for k in range(shape[1])]
    cells = [a * b for a in parts for b in people]
    left = [_residual(columns, y) for columns in (one, parts, parts + people, cells)]
    table = anova(values)
    found = [table.parts[0], table.appraisers[0], table.interaction[0], table.repeats[0]]
    assert found == pytest.approx([left[0] - left[1], left[1] - left[2], left[2] - left[3], left[3]], abs=1e-9)


def test_variances_that_were_put_in_come_out() -> None:
    random = np.random.default_rng(7)
    found = []
    for _ in range(200):
        values = random.normal(scale=0.1, size=(10, 3, 3))
        values += random.normal(scale=1.0, size=(10, 1, 1)) + random.normal(scale=0.2, size=(1, 3, 1))
        gauge = study(values, 6.0)
        found.append((gauge.ev**2, gauge.av**2, gauge.pv**2))
    ev, av, pv = np.mean(found, axis=0)
    assert ev == pytest.approx(0.01, rel=0.05)
    assert av == pytest.approx(0.04, rel=0.25)
    assert pv == pytest.approx(1.0, rel=0.15)


@pytest.mark.parametrize(("sigma", "band"), [(0.009, "good"), (0.02, "conditional"), (0.06, "not suitable")])
def test_bands_are_those_of_the_manual(sigma: float, band: str) -> None:
    gauge = Gauge(ev=sigma, av=0.0, pv=1.0, tolerance=0.6)
    assert gauge.band == band
    assert Gauge(sigma, 0.0, 1.0, gauge.least_tolerance).of_tolerance == pytest.approx(30)


@pytest.mark.parametrize("shape", [(1, 3, 3), (5, 3, 1), (0, 1, 2)])
def test_a_study_too_small_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput, match="two parts and two shots"):
        anova(np.zeros(shape))


def test_a_value_that_is_none_is_refused() -> None:
    values = PUBLISHED.copy()
    values[0, 0, 0] = np.nan
    with pytest.raises(BadInput, match="no number"):
        anova(values)
