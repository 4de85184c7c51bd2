"""A digital gripper without ROS 2: what its inputs mean, when they are believed, and what a cell file may say of it."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.ros2.digital import FRESH_S, DigitalGripper
from orchestrator.core.errors import AuthoringError
from orchestrator.core.ros2_spec import Ros2DigitalSpec, Ros2GripperSpec
from orchestrator.engine.library import read_cell

OPEN, CLOSED, HALF = 0.0, 0.8, 0.4


class Wired:
    """A gripper whose output and inputs the test has; inputs are told every 50 ms of the loop's time."""

    def __init__(self, **spec):
        said = {"output": "out", "holding": "hold", "closed": "shut", **spec}
        self.outputs, self._answers = [], []
        self.inputs = {"holding": False, "closed": False}
        self.silent = False
        self.gripper = DigitalGripper(Ros2GripperSpec(digital=Ros2DigitalSpec(**said)), self._ask)
        self._tells = ["holding"] if said["closed"] is None else ["holding", "closed"]
        self._task = asyncio.ensure_future(self._tell())

    def _ask(self, on, answered):
        self.outputs.append(on)
        self._answers.append(answered)

    def answer(self, trouble=""):
        self._answers.pop(0)(trouble)

    async def _tell(self):
        while True:
            for name in [] if self.silent else self._tells:
                self.gripper.hear(name, self.inputs[name])
            await asyncio.sleep(0.05)

    def end(self):
        self._task.cancel()
        self.gripper.close()


def wired(body, **spec):
    async def whole():
        it = Wired(**spec)
        await asyncio.sleep(0.01)
        try:
            await body(it, it.gripper, asyncio.get_running_loop())
        finally:
            it.end()

    run_virtual(whole)


def test_it_is_believed_once_its_input_has_said_so_for_some_messages():
    async def body(it, gripper, loop):
        assert (gripper.position, gripper.holding) == (OPEN, False)
        goal = gripper.grip(0.3, closes=True)
        assert it.outputs == [True]
        assert not goal.accepted.done()
        it.answer()
        assert goal.accepted.result()
        it.inputs["holding"] = True
        await asyncio.sleep(0.06)
        assert not goal.ended.done()
        it.inputs["holding"] = False  # it bounced
        await asyncio.sleep(0.1)
        it.inputs["holding"] = True
        begun_s = loop.time()
        ended = await goal.ended
        assert (ended.status, ended.held) == ("succeeded", True)
        assert 0.05 < loop.time() - begun_s < 0.3  # long before its second is over
        assert (gripper.position, gripper.holding) == (0.3, True)

    wired(body)


@pytest.mark.parametrize("width", [OPEN, CLOSED, 1.5])
def test_what_is_held_without_a_width_counts_as_half_as_wide_as_it_opens(width):
    async def body(it, gripper, loop):
        goal = gripper.grip(width, closes=True)
        it.answer()
        it.inputs["holding"] = True
        assert (await goal.ended).held
        assert gripper.position == HALF

    wired(body)


def test_closing_on_nothing_is_told_by_the_other_input_or_by_the_time_where_there_is_none():
    async def with_two(it, gripper, loop):
        goal = gripper.grip(HALF, closes=True)
        it.answer()
        it.inputs["closed"] = True
        begun_s = loop.time()
        ended = await goal.ended
        assert (ended.status, ended.held, gripper.position) == ("succeeded", False, CLOSED)
        assert loop.time() - begun_s < 0.3

    async def with_one(it, gripper, loop):
        goal = gripper.grip(HALF, closes=True)
        it.answer()
        begun_s = loop.time()
        ended = await goal.ended
        assert (ended.status, ended.held, gripper.position) == ("succeeded", False, CLOSED)
        assert loop.time() - begun_s == pytest.approx(1.0)

    wired(with_two)
    wired(with_one, closed=None)


def test_inputs_that_say_nothing_or_both_are_no_success():
    async def body(it, gripper, loop):
        goal = gripper.grip(HALF, closes=True)
        it.answer()
        assert (await goal.ended).detail == "neither hold nor shut after 1 s"
        assert (gripper.position, gripper.holding) == (HALF, False)  # nobody knows
        it.inputs.update(holding=True, closed=True)
        goal = gripper.grip(HALF, closes=True)
        it.answer()
        assert (await goal.ended).detail == "hold and shut contradict each other"
        goal = gripper.grip(OPEN, closes=False)
        it.answer()
        assert (await goal.ended).detail == "hold is still on after 1 s"
        it.inputs["holding"] = False
        goal = gripper.grip(OPEN, closes=False)
        it.answer()
        assert (await goal.ended).detail == "shut is still on after 1 s"
        it.silent = True
        goal = gripper.grip(OPEN, closes=False)
        it.answer()
        assert (await goal.ended).detail == "nothing is heard on hold"

    wired(body)


def test_opening_takes_its_time_and_lets_go():
    async def body(it, gripper, loop):
        goal = gripper.grip(HALF, closes=True)
        it.answer()
        it.inputs["holding"] = True
        await goal.ended
        goal = gripper.grip(OPEN, closes=False)
        assert it.outputs == [True, False]
        it.answer()
        begun_s = loop.time()
        it.inputs["holding"] = False
        assert (await goal.ended).status == "succeeded"
        assert loop.time() - begun_s == pytest.approx(0.4)
        assert (gripper.position, gripper.holding) == (OPEN, False)

    wired(body, time_s=0.4)


def test_an_output_that_closes_when_it_is_off():
    async def body(it, gripper, loop):
        gripper.grip(HALF, closes=True)
        gripper.grip(OPEN, closes=False)
        assert it.outputs == [False, True]

    wired(body, closes=False)


def test_what_the_output_says_no_to_is_given_up_with_its_words():
    async def body(it, gripper, loop):
        goal = gripper.grip(HALF, closes=True)
        it.answer("no air")
        assert (await goal.ended) == type(await goal.ended)("aborted", "no air")

    wired(body)


def test_a_goal_that_was_dropped_or_replaced_ends_without_holding_up_the_next():
    async def body(it, gripper, loop):
        first = gripper.grip(HALF, closes=True)
        first.drop()
        second = gripper.grip(OPEN, closes=False)
        assert first.ended.result().status == "canceled"
        it.answer()  # late, to the first
        assert not second.accepted.done()
        it.answer()
        assert (await second.ended).status == "succeeded"
        third = gripper.grip(HALF, closes=True)
        it.answer()
        third.drop()
        assert third.ended.result().status == "canceled"
        fourth = gripper.grip(HALF, closes=True)
        fourth.drop()
        it.answer()  # late: it was dropped before
        assert fourth.ended.result().status == "canceled"

    wired(body)


def test_without_fresh_inputs_nobody_knows_where_its_fingers_are():
    async def body(it, gripper, loop):
        it.silent = True
        await asyncio.sleep(FRESH_S + 0.06)
        assert gripper.position is None
        it.silent = False
        await asyncio.sleep(0.06)
        assert gripper.position == OPEN
        it._tells = ["holding"]  # the other one is cut
        await asyncio.sleep(FRESH_S + 0.06)
        assert gripper.position is None

    wired(body)


@pytest.mark.parametrize(
    ("gripper", "words"),
    [
        ("{digital: {output: a}}", "holding"),
        ("{digital: {output: a, holding: 'b c'}}", "no name in a ROS graph"),
        ("{digital: {output: a, holding: b}, joint: finger}", "no action and no joint"),
        ("{digital: {output: a, holding: b, time_s: 60}}", "8"),
        ("{digital: {output: a, holding: b}}, rehearsal: true", "In a rehearsal what the fingers meet is simulated"),
        ("{digital: {output: 18, holding: 1}}", "0 to 17"),
        ("{digital: {output: true, holding: 1}}", "neither a name nor a pin"),
        ("{digital: {output: 0, holding: b}}", "pins alone"),
        ("{digital: {output: 0, holding: 1}}", "which a UR has"),
    ],
)
def test_mistakes_in_a_digital_gripper_are_named(tmp_path, gripper, words):
    path = tmp_path / "arm.yaml"
    path.write_text(
        f"robot: {{model: ur5e, adapter: ros2, payload_kg: 5}}\n"
        f"adapters: {{robot_ros2: {{safety: none, gripper: {gripper}}}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(AuthoringError) as refused:
        read_cell(path)
    (problem,) = refused.value.problems
    assert words in problem.message + problem.remedy
