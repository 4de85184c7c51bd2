"""What joint states mean: which joints, when in our own time, whether anything moves."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.ros2.crossing import Crossing, Errands
from orchestrator.adapters.ros2.link import Ended, Goal, JointReading
from orchestrator.adapters.ros2.readings import Lateness, Readings, Stamps, TheirClock
from orchestrator.adapters.ros2.touch import BLIND_S, Touch
from orchestrator.core.ros2_spec import Ros2GripperSpec

NAMES = ("a", "b")
ROBOTIQ = Ros2GripperSpec(joint="knuckle", open=0.0, closed=0.8)


def message(t, positions, velocities=None, late_s=0.0):
    return JointReading(t, 1000.0 + t + late_s, positions, velocities or {}, came_s=t + late_s)


def on_loop(body):
    async def main():
        return body()

    return run_virtual(main)


def test_joints_are_put_in_order_and_the_grippers_position_is_an_opening():
    def body():
        readings = Readings(NAMES, ROBOTIQ, 0.085)
        assert readings.lacking == ("a", "b", "knuckle")
        read = readings.hear(message(1.0, {"knuckle": 0.4, "b": 2.0, "wheel": 9.0, "a": 1.0}))
        assert (read.joints, read.opening_m) == ((1.0, 2.0), pytest.approx(0.0425))
        assert readings.position(0.085) == pytest.approx(0.0)
        assert readings.position(0.0) == pytest.approx(0.8)
        assert not readings.lacking

    on_loop(body)


def test_what_simulated_physics_trembles_by_is_no_other_place():
    def body():
        readings = Readings(NAMES, ROBOTIQ, 0.085)
        one = readings.hear(message(1.0, {"a": 4.7e-21, "b": -1.5707963267948966, "knuckle": 0.0}))
        other = readings.hear(message(1.01, {"a": -4.1e-21, "b": -1.5707963267948961, "knuckle": 0.0}))
        assert one.joints == other.joints
        assert readings.hear(message(1.02, {"a": 1e-6, "b": -1.57, "knuckle": 0.0})).joints == (1e-6, -1.57)

    on_loop(body)


def test_what_is_missing_is_named_and_half_an_arm_is_no_reading():
    def body():
        readings = Readings(NAMES, ROBOTIQ, 0.085)
        assert readings.hear(message(1.0, {"a": 1.0, "knuckle": 0.0})) is None
        assert readings.lacking == ("b",)
        assert readings.hear(message(1.1, {"wheel": 1.0})) is None
        assert readings.lacking == ("b",)

    on_loop(body)


def test_the_grippers_joint_may_come_apart_but_not_stay_away():
    def body():
        readings = Readings(NAMES, ROBOTIQ, 0.085)
        assert readings.hear(message(1.0, {"a": 1.0, "b": 2.0})) is None
        assert readings.lacking == ("knuckle",)
        assert readings.hear(message(1.01, {"knuckle": 0.8})) is None
        assert readings.hear(message(1.02, {"a": 1.0, "b": 2.0})).opening_m == pytest.approx(0.0)
        assert readings.hear(message(2.5, {"a": 1.0, "b": 2.0})) is None

    on_loop(body)


def test_motion_begins_with_one_reading_and_ends_after_some():
    def body():
        readings = Readings(NAMES, ROBOTIQ, 0.085)
        moving = []
        for k, a in enumerate([0.0, 0.0, 0.01, 0.02, 0.02, 0.02, 0.02, 0.02]):
            read = readings.hear(message(1.0 + 0.01 * k, {"a": a, "b": 0.0, "knuckle": 0.0}))
            moving.append((read.moving, read.since))
        assert [moves for moves, _ in moving] == [False, False, True, True, True, True, False, False]
        assert moving[2][1] == moving[5][1] == pytest.approx(1001.02)
        assert moving[6][1] == moving[7][1] == pytest.approx(1001.06)

    on_loop(body)


def test_fingers_move_too():
    def body():
        readings = Readings(NAMES, ROBOTIQ, 0.085)
        readings.hear(message(1.0, {"a": 0.0, "b": 0.0, "knuckle": 0.0}))
        assert readings.hear(message(1.01, {"a": 0.0, "b": 0.0, "knuckle": 0.1})).moving

    on_loop(body)


def test_stamps_are_in_our_time_whatever_the_senders_clock_and_the_way_took():
    stamps = Stamps()
    said = [stamps.ours(5.0 + 0.01 * k, 1000.0 + 0.01 * k + (0.001, 0.004)[k % 2]) for k in range(10)]
    assert said == pytest.approx([1000.001 + 0.01 * k for k in range(10)])
    for begin_s, off_s in ((1001.0, 1e6), (1002.0, -1e6)):
        after = [stamps.ours(off_s + 0.01 * k, begin_s + 0.01 * k) for k in range(10)]
        assert after == pytest.approx([begin_s + 0.01 * k for k in range(10)])
    assert stamps.jumps == 2


def test_a_clock_that_stands_still_makes_no_stamp_older_than_the_one_before():
    stamps = Stamps()
    said = [stamps.ours(5.0, 1000.0 + 0.01 * k) for k in range(100)]
    assert said == sorted(said)


def test_calls_from_another_thread_come_in_order_and_none_after_the_end():
    async def main():
        crossing, heard = Crossing(), []
        sender = threading.Thread(target=lambda: [crossing.call(lambda k=k: heard.append(k)) for k in range(1000)])
        sender.start()
        await asyncio.get_running_loop().run_in_executor(None, sender.join)
        await asyncio.sleep(0)
        assert heard == list(range(1000))
        crossing.call(lambda: heard.append("late"))
        crossing.close()
        crossing.call(lambda: heard.append("later"))
        await asyncio.sleep(0)
        assert heard == list(range(1000))

    asyncio.run(main())


def test_a_goal_that_nobody_wants_is_cancelled_as_soon_as_it_is_accepted():
    def body():
        asked = []
        goal = Goal(lambda: asked.append("cancel"))
        goal.drop()
        assert asked == []
        goal.answer(accepted=True)
        assert asked == ["cancel"]
        other = Goal(lambda: asked.append("other"))
        other.answer(accepted=True)
        other.end(Ended("succeeded"))
        other.end(Ended("lost"))
        assert other.ended.result().status == "succeeded"
        other.drop()
        assert asked == ["cancel"]

    on_loop(body)


def test_a_touch_is_a_push_beyond_what_weighs_on_the_sensor():
    now = [0.0]
    touch = Touch(10.0, (0.0, 0.0, -20.0), lambda: now[0])
    touch.hear((0.0, 0.0, -29.0))
    assert not touch.felt
    touch.hear((0.0, 6.0, -12.0))
    assert touch.felt
    assert touch.most_N == pytest.approx(10.0)
    now[0] = 2 * BLIND_S
    assert touch.blind
    touch.hear((0.0, 0.0, -20.0))
    assert touch.blind  # what was missed meanwhile nobody knows


def test_a_message_is_as_late_as_its_stamp_says_beyond_the_quickest_of_late():
    late = Lateness()
    assert late.of(5.0, 1000.002) == pytest.approx(0.0)
    assert late.of(5.1, 1000.4) == pytest.approx(0.298)
    assert late.of(5.2, 1000.201) == pytest.approx(0.0, abs=0.2)
    assert late.of(0.0, 1000.5) == 0.0  # no stamp: only its arrival tells


def test_a_reading_is_as_old_as_its_stamps_say_but_a_simulated_clock_says_nothing():
    def body(*, simulated, sent=False):
        readings = Readings(NAMES, ROBOTIQ, 0.085, simulated=simulated)
        for k, late_s in enumerate([0.0, 0.2]):
            t = 1.0 + 0.1 * k
            raw = message(t, {"a": 1.0, "b": 2.0, "knuckle": 0.0}, late_s=late_s)
            readings.hear(replace(raw, stamp_s=0.0, sent_s=t) if sent else raw)
        return readings.heard_s

    assert on_loop(lambda: body(simulated=False)) == pytest.approx(1.1)
    assert on_loop(lambda: body(simulated=True)) == pytest.approx(1.3)
    assert on_loop(lambda: body(simulated=True, sent=True)) == pytest.approx(1.1)


def test_what_was_read_before_says_nothing_of_a_stand_that_is_asked_for_now():
    async def main():
        readings = Readings(NAMES, ROBOTIQ, 0.085)
        await asyncio.sleep(5.0)
        asked = asyncio.ensure_future(readings.stands(1.0))
        await asyncio.sleep(0)
        for k in range(20):  # they have lain about
            readings.hear(message(4.0 + 0.01 * k, {"a": 1.0, "b": 2.0, "knuckle": 0.0}))
        await asyncio.sleep(0)
        assert not asked.done()
        for k in range(4):
            readings.hear(message(5.01 + 0.01 * k, {"a": 1.0, "b": 2.0, "knuckle": 0.0}))
        assert await asked

    run_virtual(main)


def test_errands_are_done_in_order_though_the_newest_task_comes_first():
    class NewestFirst:
        def __init__(self):
            self.tasks = []

        def create_task(self, do):
            self.tasks.append(do)

    executor, done = NewestFirst(), []
    errands = Errands(executor)
    for k in range(3):
        errands.call(lambda k=k: done.append(k))
    for task in reversed(executor.tasks):
        task()
    assert done == [0, 1, 2]


@pytest.mark.parametrize(
    ("off_s", "stamped", "simulated", "timed"),
    [
        (0.0, True, False, True),
        (0.03, True, False, True),
        (-3.0, True, False, True),
        (-3600.0, True, False, True),
        (1e9, True, False, False),  # since the robot's start
        (0.0, False, False, False),
        (0.0, True, True, False),
    ],
)
def test_the_senders_clock_is_told_but_a_simulators_and_one_by_no_calendar(off_s, stamped, simulated, timed):
    def body():
        readings = Readings(NAMES, ROBOTIQ, 0.085, simulated=simulated)
        assert readings.theirs(5.0) is None
        for k in range(3):
            said = message(1.0 + 0.01 * k, {"a": 1.0, "b": 2.0, "knuckle": 0.0}, late_s=0.002 + 0.001 * k)
            readings.hear(replace(said, stamp_s=said.stamp_s + 1000.0 - off_s if stamped else 0.0))
        told_s = readings.theirs(5.0)
        assert (told_s is not None) is timed
        assert told_s is None or told_s == pytest.approx(1004.998 - off_s)

    on_loop(body)


def test_a_clock_that_was_set_is_noticed_and_told_at_once_whichever_way():
    clock, said = TheirClock(), []
    for k in range(300):
        off_s = (0.0, 0.1, -0.1)[k // 100]
        clock.hear(1000.0 + 0.008 * k + off_s, 0.008 * k + (0.001, 0.015)[k % 2])
        said.append((clock.sets, clock.at(0.008 * k) - 1000.0 - 0.008 * k - off_s))
    assert [said[99][0], said[100][0], said[199][0], said[200][0], said[-1][0]] == [0, 1, 1, 2, 2]
    assert max(abs(off) for _, off in said) < 0.016
    assert abs(said[-1][1]) < 0.003


def test_a_clock_that_runs_a_little_slower_or_faster_is_followed():
    for rate in (1.0 - 5e-4, 1.0 + 5e-4):
        clock = TheirClock()
        late_s = max(clock.hear(rate * 0.008 * k, 0.008 * k) for k in range(10_000))
        assert clock.sets == 0
        assert late_s < 1e-3
        assert clock.at(80.0) == pytest.approx(rate * 80.0, abs=1e-3)


def test_messages_that_have_become_slow_are_seen_to_be_for_long_not_only_of_late():
    def body():
        readings = Readings(NAMES, ROBOTIQ, 0.085)
        for k in range(1000):
            said = message(0.01 * k, {"a": 1.0, "b": 2.0, "knuckle": 0.0}, late_s=0.1 if k > 200 else 0.001)
            readings.hear(replace(said, stamp_s=1000.0 + said.stamp_s))
        return readings.heard_s, readings.seen_s

    heard_s, seen_s = on_loop(body)
    assert heard_s == pytest.approx(9.99 + 0.1, abs=0.001)
    assert seen_s == pytest.approx(9.99, abs=0.01)
