"""How well the iteration for arms without a closed form does, against the closed form of the same arm."""

from __future__ import annotations

import math
import time

import numpy as np

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.kinematics import Kinematics, distance
from tests.bench.report import Figure, bench, percentile
from tests.unit.own_arms import own_arm

POSES = 2_000


@bench("ik.iterated_success_share", "", better="more")
def iterated() -> list[Figure]:
    """Ask for poses of random joints; the UR5e told as URDF is solved by iteration, the DH table in closed form."""
    told, table = Kinematics(own_arm("ur5e")), Kinematics(UR5E)
    took_ms, found, nearest, ways_met, ways_there = [], 0, 0, 0, 0
    for joints in np.random.default_rng(1).uniform(-math.pi, math.pi, (POSES, 6)).tolist():
        pose = table.flange(joints)
        began = time.perf_counter()
        ways = told.within_limits(pose, UR5E.home_rad)
        took_ms.append((time.perf_counter() - began) * 1000)
        known = table.within_limits(pose, UR5E.home_rad)
        found += bool(ways) and math.dist(told.flange(ways[0]).p, pose.p) < 1e-8
        nearest += bool(ways) and distance(ways[0], UR5E.home_rad) < distance(known[0], UR5E.home_rad) + 1e-6
        ways_met, ways_there = ways_met + len(ways), ways_there + len(known)
    met = f"the nearest branch in {nearest / POSES:.1%}, {ways_met / ways_there:.1%} of all branches"
    note = f"the UR5e told as URDF, against its closed form: {met}"
    return [
        Figure(found / POSES, POSES, note),
        Figure(
            percentile(took_ms, 0.95),
            POSES,
            f"all starts of one pose; p50 {percentile(took_ms, 0.5):.1f} ms",
            name="ik.iterated_p95_ms",
            unit="ms",
        ),
    ]
