"""What the simulated arm can do: inverse kinematics, collision queries, and plans that coal looks at again."""

from __future__ import annotations

import functools
import itertools
import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim import search
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.collision import Collision
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.planner import Planner
from orchestrator.app import shared
from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Move
from tests.bench.queries import OPENING_M, Query, among_boxes, anywhere, in_the_cell
from tests.bench.report import Figure, bench, percentile
from tests.coal_scene import CoalScene, fine

if TYPE_CHECKING:
    from orchestrator.adapters.sim.planner import Leg

POSES = 10_000
QUERIES = 200  # half of them among boxes, half in the shipped cell
LOOKS = 3_000
PATIENCE = 10  # times longer than the planner looks before a query counts as one that has no answer
TCP = UR5E.gripper.tcp


@bench("ik.success_share", "", hold=0.999, better="more")
def reachable() -> Figure:
    took_ms, _, found = _inverse_kinematics()
    middle = percentile(took_ms, 0.5)
    note = f"poses of random joints, all branches within limits, the nearest verified; p50 {middle:.2f} ms"
    return Figure(found / POSES, POSES, note)


@bench("ik.p95_ms", "ms", hold=0.5)
def quick() -> Figure:
    took_ms, own_ms, _ = _inverse_kinematics()
    own = percentile(own_ms, 0.95)
    note = f"all branches of one pose; in the thread's own time, other programs left out, {own:.2f} ms"
    return Figure(percentile(took_ms, 0.95), POSES, note)


@functools.cache
def _inverse_kinematics() -> tuple[list[float], list[float], int]:
    arm = Kinematics(UR5E, Pose.from_rpy((0.2, -0.1, 0.05), (0.0, 0.0, 0.7)))
    random = np.random.default_rng(1)
    took_ms, own_ms, found = [], [], 0
    for _ in range(POSES):
        pose = arm.flange(anywhere(random))
        began, own = time.perf_counter(), time.thread_time()
        ways = arm.within_limits(pose, UR5E.home_rad)
        own_ms.append((time.thread_time() - own) * 1000)
        took_ms.append((time.perf_counter() - began) * 1000)
        found += bool(ways) and math.dist(arm.flange(ways[0]).p, pose.p) < 1e-8
    return took_ms, own_ms, found


@bench("collision.query_us", "µs")
def collision_queries() -> list[Figure]:
    """Ask along ways through the cell, as planning does: most of what is asked is free."""
    meshes = MeshStore(shared("instructions"))
    out = []
    for name, query in (("boxes", next(among_boxes(1))), ("cell", next(in_the_cell(1, meshes)))):
        collision = Collision(UR5E, Pose(), meshes)
        began = time.perf_counter()
        collision.enter(query.scene, tcp=TCP)
        entered_ms = (time.perf_counter() - began) * 1000
        random = np.random.default_rng(1)
        ends = [tuple(row) for row in (np.array(UR5E.home_rad) + random.uniform(-1, 1, (64, 6))).tolist()]
        asked = [q for a, b in itertools.pairwise(ends) for q in search.between(a, b)][:LOOKS]
        began = time.perf_counter()
        free = sum(collision.free(joints, OPENING_M) for joints in asked)
        took_us = (time.perf_counter() - began) / len(asked) * 1e6
        note = (
            f"mean; {len(query.scene.objects)} objects, {free / len(asked):.0%} of the positions free; "
            f"the model of the scene was built in {entered_ms:.0f} ms"
        )
        out.append(Figure(took_us, len(asked), note, name=f"collision.query_us_{name}", unit="µs"))
    return out


@dataclass(frozen=True, slots=True)
class Planned:
    """One query's answer: the leg, or why there is none; how long it took by the clock and in the thread's own time."""

    query: Query
    took_ms: float
    own_ms: float
    leg: Leg | None
    reason: str = ""


@bench("plan.success_share", "", hold=0.95, better="more")
def plans_found() -> Figure:
    found = [each for each in _plans() if each.leg]
    straight = sum(len(each.leg.curves) == 1 for each in found if each.leg)
    lost = [(index, each) for index, each in enumerate(_plans()) if not each.leg]
    solvable = [index for index, each in lost if _ever(index, each.query)]
    reasons = "; ".join(f"{count} x {reason}" for reason, count in Counter(each.reason for _, each in lost).items())
    note = (
        f"half among 10 new boxes each, half in the shipped cell with all its parts and 5 boxes; {straight} of "
        f"{len(found)} without a detour; in vain {len(lost)}, of which a search {PATIENCE} times as long finds "
        f"{len(solvable)}{': ' + reasons if reasons else ''}"
    )
    return Figure(len(found) / QUERIES, QUERIES, note)


@bench("plan.p95_ms", "ms", hold=100)
def planning_time() -> list[Figure]:
    plans = _plans()
    out = []
    for name, chosen in (("", plans), ("_boxes", plans[: QUERIES // 2]), ("_cell", plans[QUERIES // 2 :])):
        took_ms = [each.took_ms for each in chosen]
        own_ms = percentile([each.own_ms for each in chosen], 0.95)
        note = (
            f"p50 {percentile(took_ms, 0.5):.0f} ms, longest {max(took_ms):.0f} ms; in the thread's own time, other "
            f"programs left out, p95 {own_ms:.0f} ms; each query builds the model of its scene; failures counted in"
        )
        out.append(Figure(percentile(took_ms, 0.95), len(took_ms), note, name=f"plan.p95_ms{name}", hold=100))
    return out


@bench("plan.paths_that_touch", "", hold=0)
def looked_at_again() -> Figure:
    meshes = MeshStore(shared("instructions"))
    looks = 0
    bad: list[str] = []
    for index, each in enumerate(_plans()):
        if each.leg is None:
            continue
        scene = CoalScene(UR5E, each.query.scene, meshes, tcp=TCP, opening_m=OPENING_M)
        joints = fine(each.leg.curves)
        looks += len(joints)
        if found := scene.touching(joints):
            bad.append(f"{index}: {found[0][1]} and {found[0][2]}")
    checked = sum(each.leg is not None for each in _plans())
    note = f"paths that coal finds touching, at {looks:,} positions not 2 mm or 0.5° apart"
    return Figure(len(bad), checked, f"{note}{': ' + '; '.join(bad[:5]) if bad else ''}")


@functools.cache
def _plans() -> list[Planned]:
    meshes = MeshStore(shared("instructions"))
    queries = [*among_boxes(QUERIES // 2), *in_the_cell(QUERIES // 2, meshes)]
    return [_plan(seed, query, meshes) for seed, query in enumerate(queries)]


def _plan(seed: int, query: Query, meshes: MeshStore) -> Planned:
    planner = Planner(Kinematics(UR5E), meshes, seed)
    began, own = time.perf_counter(), time.thread_time()
    leg, reason = None, ""
    try:
        (leg,) = planner.plan((Move(query.goal),), start=query.start, opening_m=OPENING_M, scene=query.scene, tcp=TCP)
    except PlanError as error:
        reason = error.message.partition("): ")[2]
    return Planned(query, (time.perf_counter() - began) * 1000, (time.thread_time() - own) * 1000, leg, reason)


def _ever(seed: int, query: Query) -> bool:
    """Tell whether a much longer search answers the query."""
    usual = search.ITERATIONS
    search.ITERATIONS = PATIENCE * usual
    try:
        return _plan(seed, query, MeshStore(shared("instructions"))).leg is not None
    finally:
        search.ITERATIONS = usual
