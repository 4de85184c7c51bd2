"""The arm slows for people, waits for them, and stops on contact that nobody meant."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.capsules import ArmCapsules, nearest
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.person import Person
from orchestrator.adapters.sim.world import World
from orchestrator.core.errors import RobotError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Acknowledgement, Box, Grip, GuardedMove, Move, Safety, Scene, SceneObject, Twist
from orchestrator.core.separation import SeparationSpec

if TYPE_CHECKING:
    from pathlib import Path

CUBE = Box((0.04, 0.04, 0.04))
BY = (math.pi, 0.0, 0.0)
LEFT, RIGHT = (0.45, 0.4, 0.25), (0.45, -0.4, 0.25)  # the arm swings between these
BETWEEN = Pose((0.62, 0.0, 0.25))  # something in the way of that
PERSON_AT = Pose((1.6, 0.0, 0.0))


class Someone:
    """People of a cell with one place, who do what the test says."""

    def __init__(self) -> None:
        self.person = Person("front", PERSON_AT, (0.0, 0.0, 0.0), seed=1)
        self.asked_way = 0

    def here(self, t):
        return [self.person] if self.person.present(t) else []

    def held_up(self, for_s):
        self.person.held_up(for_s)

    def give_way(self, person, t):
        self.asked_way += 1
        person.give_way(t, 1.0, 5.0)


def on_robot(tmp_path: Path, body, **more):
    async def main():
        world, people = World(MeshStore(tmp_path)), Someone()
        clock = VirtualClock(asyncio.get_running_loop())
        robot = SimRobot(world, clock, seed=5, people=people, **more)
        await robot.ready()
        await robot.grip(Grip(close=False, opening_m=0.06)).result()
        await go(robot, LEFT)
        answer = await body(robot, world, people.person, people)
        await robot.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return answer

    return run_virtual(main)


def pose(p):
    return Pose.from_rpy(p, BY)


def now():
    return asyncio.get_running_loop().time()


async def start(robot, p, **more):
    return robot.execute(await robot.plan([Move(pose(p), **more)]))


async def go(robot, p, **more):
    outcome = await (await start(robot, p, **more)).result()
    assert outcome.ok, outcome


async def swing(robot):
    """Swing over and tell how long it took, how slow the slowest cap was, and how it ended."""
    caps = []
    unlisten = robot.state.listen(lambda state: caps.append(state.speed_factor))
    began = now()
    outcome = await (await start(robot, RIGHT)).result()
    unlisten()
    return now() - began, min(caps), outcome


# ---- people ----------------------------------------------------------------------------------------------------


def test_an_arm_alone_swings_at_full_speed(tmp_path):
    async def body(robot, world, person, people):
        took_s, cap, outcome = await swing(robot)
        assert outcome.ok
        assert cap == 1.0
        return took_s

    assert on_robot(tmp_path, body) < 3.0


def test_an_arm_with_a_person_near_is_slow_and_fast_again_when_they_have_left(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        person.walk_to(now(), 0.95, 0.0)
        await asyncio.sleep(5.0)
        took_s, cap, outcome = await swing(robot)
        assert outcome.ok
        assert 0.1 < cap < 0.4
        assert robot.state.value.speed_factor == 1.0
        person.leave(now())
        await asyncio.sleep(5.0)
        await go(robot, LEFT)
        alone_s, cap, _ = await swing(robot)
        assert cap == 1.0
        assert took_s > 2 * alone_s
        assert robot.safety.value == Safety.NORMAL

    on_robot(tmp_path, body)


def test_a_person_far_away_slows_nobody(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        person.walk_to(now(), 2.6, 0.0)
        await asyncio.sleep(5.0)
        assert (await swing(robot))[1] == 1.0

    on_robot(tmp_path, body)


def test_whoever_walks_into_the_arms_way_is_slowed_for_and_waited_for(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        await asyncio.sleep(5.0)
        person.walk_to(now(), 0.60, 0.05)  # before the arm, which starts at its left
        caps, moved = [], []
        robot.state.listen(lambda state: caps.append(state.speed_factor))
        motion = await start(robot, RIGHT)
        await asyncio.sleep(2.0)
        assert min(caps) == 0.0
        at = caps[: caps.index(0.0)]
        assert at == sorted(at, reverse=True)  # slower and slower, then none
        assert len(set(at)) > 5
        assert not robot.state.value.moving
        robot.state.listen(lambda state: moved.append(state.moving))
        await asyncio.sleep(1.0)
        assert not any(moved)  # it stands while they stand there
        assert robot.safety.value == Safety.NORMAL
        outcome = await motion.result()
        assert outcome.ok, outcome  # they were asked to make way
        assert people.asked_way == 1

    on_robot(tmp_path, body)


def test_an_arm_that_waits_can_be_cancelled(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        await asyncio.sleep(5.0)
        person.walk_to(now(), 0.60, 0.05)
        motion = await start(robot, RIGHT)
        await asyncio.sleep(2.0)
        assert robot.state.value.speed_factor == 0.0
        assert (await motion.cancel()).kind == "canceled"
        assert robot.state.value.speed_factor == 1.0

    on_robot(tmp_path, body)


def test_whoever_is_suddenly_too_near_a_fast_arm_trips_it_until_acknowledged(tmp_path):
    async def body(robot, world, person, people):
        motion = await start(robot, RIGHT)
        await asyncio.sleep(0.7)
        assert robot.state.value.moving
        person.come(now())  # out of nothing, nearer than anybody can walk
        person._stand._glides = type(person._stand)((0.95, 0.0, 0.0))._glides
        stood = robot.state.value.joints
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "protective_stop")
        assert "of the person at front came within" in outcome.message
        assert robot.safety.value == Safety.PROTECTIVE_STOP
        assert max(abs(a - b) for a, b in zip(stood, robot.state.value.joints, strict=True)) < 0.6
        with pytest.raises(RobotError, match="acknowledged"):
            await robot.recover(Acknowledgement("", now()))
        assert (await (await start(robot, RIGHT)).result()).code == "unsafe"
        assert await robot.recover(Acknowledgement("ann", robot._clock.now())) == Safety.NORMAL

    on_robot(tmp_path, body)


def test_a_touched_person_trips_the_arm(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        await asyncio.sleep(5.0)
        motion = await start(robot, RIGHT, line=True, speed_m_s=0.1)
        await asyncio.sleep(1.0)
        assert robot.state.value.moving
        person._stand._glides = type(person._stand)((0.50, 0.1, 0.0))._glides
        person._still = None
        outcome = await motion.result()
        assert outcome.code == "protective_stop"
        assert "touched the" in outcome.message
        assert "of the person at front" in outcome.message

    on_robot(tmp_path, body)


def test_a_handover_lets_hands_come_close_and_the_arm_come_away_slowly(tmp_path):
    async def body(robot, world, person, people):
        person.with_robot = True
        person.come(now())
        person.walk_to(now(), 0.95, 0.4)
        await asyncio.sleep(5.0)
        person.reach(now(), [robot.state.value.tcp.p])
        await asyncio.sleep(5.0)
        _, cap, outcome = await swing(robot)
        assert outcome.ok, outcome
        assert 0.0 < cap < 0.4
        return people.asked_way

    assert on_robot(tmp_path, body) == 0


def test_separation_can_be_switched_off(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        person.walk_to(now(), 0.95, 0.0)
        await asyncio.sleep(5.0)
        assert (await swing(robot))[1] == 1.0

    on_robot(tmp_path, body, separation=SeparationSpec(on=False))


def test_a_slow_line_is_not_made_slower_still(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        person.walk_to(now(), 0.95, 0.4)
        await asyncio.sleep(5.0)
        caps = []
        robot.state.listen(lambda state: caps.append(state.speed_factor))
        await go(robot, (0.45, 0.4, 0.35), line=True, speed_m_s=0.1)
        assert min(caps) == 1.0

    on_robot(tmp_path, body)


# ---- things ----------------------------------------------------------------------------------------------------


async def believed(robot, world):
    await robot.sync_scene(Scene(tuple(SceneObject(b.id, b.shape, world.pose(b.id)) for b in world)))


def test_the_arm_stops_on_what_nobody_knew_to_be_there(tmp_path):
    async def body(robot, world, person, people):
        post = world.add("post", Box((0.05, 0.05, 0.5)), Pose((0.62, 0.0, 0.25)))
        outcome = await (await start(robot, RIGHT, speed_m_s=0.2)).result()
        assert (outcome.kind, outcome.code) == ("aborted", "protective_stop")
        assert "touched a post that nobody knew to be there" in outcome.message
        assert robot.safety.value == Safety.PROTECTIVE_STOP
        assert not robot.state.value.moving
        with pytest.raises(RobotError, match="acknowledged"):
            await robot.recover(Acknowledgement("", 0.0))
        await robot.recover(Acknowledgement("ann", robot._clock.now()))
        await go(robot, LEFT)  # back out of the contact
        assert (await (await start(robot, RIGHT, speed_m_s=0.2)).result()).code == "protective_stop"
        await robot.recover(Acknowledgement("ann", robot._clock.now()))
        await go(robot, LEFT)
        await believed(robot, world)
        assert post in {thing.id for thing in robot._scene.objects}
        await go(robot, RIGHT)  # around it, now that it is known

    on_robot(tmp_path, body)


def test_what_is_pushed_into_the_way_during_the_motion_is_met_too(tmp_path):
    async def body(robot, world, person, people):
        post = world.add("post", Box((0.05, 0.05, 0.5)), Pose((0.62, 0.9, 0.25)))
        await believed(robot, world)
        motion = await start(robot, RIGHT)
        await asyncio.sleep(0.4)
        world.displace(post, Pose((0.0, -0.9, 0.0)))
        outcome = await motion.result()
        assert outcome.code == "protective_stop"
        assert "post" in outcome.message

    on_robot(tmp_path, body)


def test_what_is_taken_out_of_the_way_in_time_is_not_met(tmp_path):
    async def body(robot, world, person, people):
        post = world.add("post", Box((0.05, 0.05, 0.5)), Pose((0.62, -0.1, 0.25)))
        motion = await start(robot, RIGHT)
        await asyncio.sleep(0.3)
        world.remove(post)
        assert (await motion.result()).ok

    on_robot(tmp_path, body)


def test_the_held_part_meets_things_as_the_arm_does(tmp_path):
    async def body(robot, world, person, people):
        cube = world.add("cube", Box((0.04, 0.04, 0.16)), Pose((0.45, 0.4, 0.08)))
        await believed(robot, world)
        touch = frozenset({cube})
        grip = Grip(close=True, opening_m=0.04, attach=cube, mass_kg=0.2)
        plan = [
            Move(pose((0.45, 0.4, 0.14)), line=True, touching=touch),
            grip,
            Move(pose(LEFT), line=True, touching=touch),
        ]
        assert (await robot.execute(await robot.plan(plan)).result()).ok
        assert world.held == cube
        # Low enough that the gripper passes over it, and only what it holds does not.
        world.add("post", Box((0.05, 0.05, 0.16)), Pose((0.45, 0.1, 0.08)))
        outcome = await (await start(robot, RIGHT, line=True)).result()
        assert outcome.code == "protective_stop"
        assert outcome.message.startswith("The held cube touched a post")

    on_robot(tmp_path, body)


def test_meant_contact_is_no_stop(tmp_path):
    async def body(robot, world, person, people):
        slots = [Pose((0.45, 0.4 + k * 0.055, 0.02)) for k in (-1, 0, 1)]
        _, cube, _ = world.fill("bin", [("cube", CUBE, slot) for slot in slots])
        await robot.sync_scene(Scene((SceneObject("bin:bin", Box((0.04, 0.15, 0.04)), slots[1]),)))
        touch = frozenset({"bin:bin", cube})
        down = Move(pose(slots[1].p), line=True, touching=touch)
        grip = Grip(close=True, opening_m=0.04, attach=cube, mass_kg=0.2)
        plan = await robot.plan(
            [Grip(close=False, opening_m=0.05), down, grip, Move(pose(LEFT), line=True, touching=touch)]
        )
        assert (await robot.execute(plan).result()).ok
        assert world.held == cube
        # Pressed upon a true body that stands where nobody believes it: a guarded move feels for it.
        world.add("block", Box((0.06, 0.06, 0.05)), Pose((0.45, 0.4, 0.065)))
        command = GuardedMove((0.0, 0.0, -1.0), 0.25, 0.05, 15.0, (0.1, 0.2), touching=touch)
        outcome = await robot.guarded_move(command).result()
        assert outcome.ok, outcome
        assert outcome.force_N == 15.0
        assert robot.safety.value == Safety.NORMAL

    on_robot(tmp_path, body)


@pytest.mark.parametrize(("off_m", "stops"), [(0.003, False), (0.03, True)])
def test_a_part_a_little_off_is_the_one_that_is_meant(tmp_path, off_m, stops):
    async def body(robot, world, person, people):
        cube = world.add("cube", CUBE, Pose((0.45, 0.4, 0.02)))
        await believed(robot, world)
        world.displace(cube, Pose((0.0, off_m, 0.0)))
        down = Move(pose((0.45, 0.4, 0.02)), line=True, touching=frozenset({cube}))
        outcome = await robot.execute(await robot.plan([down])).result()
        assert (outcome.code == "protective_stop") is stops

    on_robot(tmp_path, body)


# ---- jogging ---------------------------------------------------------------------------------------------------


async def jogged(robot, twist, timeout_s=20.0):
    """Renew a jog until it ends by itself."""
    motion = robot.jog(twist)
    ended = asyncio.ensure_future(motion.result())
    async with asyncio.timeout(timeout_s):
        while not (await asyncio.wait({ended}, timeout=0.1))[0]:
            robot.jog(twist)
    return ended.result()


def test_a_jog_stops_on_what_nobody_knew_to_be_there_and_comes_away(tmp_path):
    async def body(robot, world, person, people):
        world.add("post", Box((0.05, 0.05, 0.5)), Pose((0.45, 0.15, 0.25)))
        outcome = await jogged(robot, Twist((0.0, -0.1, 0.0)))
        assert (outcome.kind, outcome.code) == ("aborted", "protective_stop")
        assert "touched a post that nobody knew to be there" in outcome.message
        assert robot.state.value.tcp.p[1] > 0.15
        await robot.recover(Acknowledgement("ann", robot._clock.now()))
        motion = robot.jog(Twist((0.0, 0.05, 0.0)))
        await asyncio.sleep(0.25)
        assert (await motion.cancel()).kind == "canceled"
        assert robot.safety.value == Safety.NORMAL

    on_robot(tmp_path, body)


def test_a_jog_against_a_person_is_a_protective_stop(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        await asyncio.sleep(5.0)
        person._stand._glides = type(person._stand)((0.45, 0.1, 0.0))._glides
        person._still = None
        outcome = await jogged(robot, Twist((0.0, -0.1, 0.0)))
        assert outcome.code == "protective_stop"
        assert "of the person at front" in outcome.message

    on_robot(tmp_path, body)


# ---- seams -----------------------------------------------------------------------------------------------------


def test_a_part_is_not_let_go_of_while_the_fingers_are_paused(tmp_path):
    async def body(robot, world, person, people):
        cube = world.add("cube", CUBE, Pose((0.45, 0.4, 0.25)))
        await believed(robot, world)
        assert (await robot.grip(Grip(close=True, opening_m=0.04, attach=cube)).result()).ok
        await robot.cap_speed("pause", 0.0)
        motion = robot.grip(Grip(close=False, opening_m=0.08))
        await asyncio.sleep(2.0)
        assert robot.state.value.holding
        assert (await motion.cancel()).kind == "canceled"
        assert robot.state.value.holding
        assert [thing.id for thing in robot._scene.attached] == [cube]
        await robot.cap_speed("pause", 1.0)
        assert (await robot.grip(Grip(close=False, opening_m=0.08)).result()).ok
        assert not robot.state.value.holding

    on_robot(tmp_path, body)


@pytest.mark.parametrize("wait_s", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_an_arm_inside_a_person_does_not_go_on_through_them(tmp_path, wait_s):
    async def body(robot, world, person, people):
        person.come(now())
        await asyncio.sleep(5.0)
        capsules = ArmCapsules(robot.arm)
        person.walk_to(now(), 0.60, 0.05)
        motion = await start(robot, RIGHT)
        await asyncio.sleep(wait_s)
        inside_m, last = 0.0, None
        for _ in range(1200):
            await asyncio.sleep(0.008)
            arm = capsules.at(robot._kinematics.links(robot._drive.joints, robot._drive.opening_m))
            gap = nearest(arm, person.capsules(now()))
            if last is not None and gap.distance_m < 0.0 and robot.safety.value == Safety.NORMAL:
                inside_m += float(np.abs(arm.a - last.a).max())
            last = arm
        await motion.cancel()
        assert inside_m < 0.02, f"the arm moved {inside_m:.3f} m inside the person"

    on_robot(tmp_path, body)


def test_the_slowest_arm_moves_on_once_the_person_has_gone(tmp_path):
    async def body(robot, world, person, people):
        person.come(now())
        person.walk_to(now(), 0.95, 0.0)
        await asyncio.sleep(5.0)
        motion = await start(robot, RIGHT)
        await asyncio.sleep(30.0)
        person.leave(now())
        async with asyncio.timeout(600.0):
            assert (await motion.result()).ok

    on_robot(tmp_path, body, separation=SeparationSpec(contact_m_s=0.04))
