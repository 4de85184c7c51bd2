"""What keeping away from people costs: one query of separation, and motion beside a person."""

from __future__ import annotations

import asyncio
import time

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.capsules import ArmCapsules, nearest
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.person import Person
from orchestrator.adapters.sim.presence import Presence
from orchestrator.adapters.sim.world import World
from orchestrator.app import shared
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import MoveJoints
from tests.bench.cells import library
from tests.bench.report import Figure, bench, percentile

CALLS = 3000


@bench("separation.call_us", "µs")
def one_call() -> list[Figure]:
    person = Person("front", Pose((0.95, 0.0, 0.0)), (0.0, 0.0, 0.0), seed=1)
    person.come(0.0)
    person.reach(2.0, [(0.82, -0.26, 0.0), (0.45, 0.15, 0.1)])
    capsules, links = ArmCapsules(UR5E), Kinematics(UR5E).links(UR5E.home_rad, 0.06)
    whole_us, query_us = [], []
    for k in range(CALLS):
        began = time.perf_counter()
        arm, body = capsules.at(links), person.capsules(k * 0.003)
        middle = time.perf_counter()
        nearest(arm, body)
        ended = time.perf_counter()
        query_us.append((ended - middle) * 1e6)
        whole_us.append((ended - began) * 1e6)
    pairs = len(arm.names) * len(body.names)
    note = f"{pairs} pairs of capsules, all at once; p99 {percentile(query_us, 0.99):.0f} µs"
    return [
        Figure(percentile(query_us, 0.5), CALLS, note),
        Figure(percentile(whole_us, 0.5), CALLS, "the same, with the capsules of a reaching person and of the arm",
               name="separation.look_us", unit="µs"),
    ]  # fmt: skip


@bench("sim.motion_beside_person_x", "x", hold=50, better="more")
def motion_beside_a_person() -> Figure:
    """Ride planned motions while a person works within reach of the arm; planning is left out of both times."""

    async def ride() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        world, spec = World(MeshStore(shared("instructions"))), library().cell
        assert spec is not None
        people = Presence(spec, world, loop.time, seed=1)
        person = people.persons["front"]
        robot = SimRobot(world, VirtualClock(loop), seed=1, people=people, separation=spec.separation)  # type: ignore[arg-type]
        await robot.ready()
        person.come(loop.time())
        await asyncio.sleep(5.0)
        there = MoveJoints((1.2, -1.2, 1.4, -1.7, -1.4, 0.8))
        wall_s = virtual_s = 0.0
        for _ in range(12):
            plan = await robot.plan((there, MoveJoints(UR5E.home_rad)))
            person.reach(loop.time(), [(0.82, -0.26, 0.0), (0.6, 0.2, 0.1)])
            began, virtual = time.perf_counter(), loop.time()
            outcome = await robot.execute(plan).result()
            assert outcome.ok, outcome
            wall_s += time.perf_counter() - began
            virtual_s += loop.time() - virtual
        await robot.close()
        return wall_s, virtual_s

    wall_s, virtual_s = run_virtual(ride)
    note = f"{virtual_s:.0f} s of motion at 125 Hz, slowed by the person, who is looked at every 40 ms where near"
    return Figure(virtual_s / wall_s, round(virtual_s * 125), note)
