"""Whether sampled joints kept an arm's limits, and how much a property test looks for."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.core.ports import Joints

SOAK = bool(os.environ.get("TANDEM_SOAK"))  # many more examples, new ones each time
EXACT = 1e-6  # share by which rounding may let a difference of samples exceed a limit


def looked_for(examples: int) -> Any:
    """Settings of a property test: the same examples each time, and without shrinking, for a ride is long."""
    return settings(
        max_examples=examples * 30 if SOAK else examples,
        derandomize=not SOAK,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow],
    )


def hold_limits(samples: Sequence[Joints], arm: ArmModel, dt_s: float) -> None:
    """Assert limits of position, velocity, acceleration and jerk on joints (rad) sampled every `dt_s`.

    The n-th difference over dt^n is a weighted mean of the n-th derivative over n steps: it keeps a limit whenever the
    motion does, so nothing is forgiven but rounding, which is 2^n times the last bit of the joints over dt^n.
    """
    q = np.array(samples)
    bit = np.spacing(np.abs(q).max())
    for order, limits in enumerate((arm.velocity_rad_s, arm.acceleration_rad_s2, arm.jerk_rad_s3), start=1):
        if len(q) > order:
            rate = np.abs(np.diff(q, n=order, axis=0)).max(axis=0) / dt_s**order
            rounding = 4 * 2**order * bit / dt_s**order
            assert (rate <= np.array(limits) * (1 + EXACT) + rounding).all(), (order, rate.tolist())
    assert (q >= np.array(arm.lower_rad) - 1e-9).all()
    assert (q <= np.array(arm.upper_rad) + 1e-9).all()


def at_ticks(seen: Sequence[tuple[float, Any]], tick_s: float) -> list[Any]:
    """Return what was sampled tick by tick: heartbeats between ticks left out, rests shortened to four ticks."""
    moved = [seen[0]]
    for stamp, sample in seen:
        if sample != moved[-1][1]:
            moved.append((stamp, sample))
    out = [moved[0][1]] * 4
    for (before, stood), (stamp, sample) in itertools.pairwise(moved):
        if stamp - before > 1.5 * tick_s:
            out += [stood] * 4
        out.append(sample)
    return [*out, *[out[-1]] * 4]
