"""Open goals of a ROS 2 robot: what their servers say, servers that are gone, and stops that are said again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from orchestrator.adapters.ros2.crossing import Crossing
from orchestrator.adapters.ros2.goals import INSISTS, Goals
from orchestrator.adapters.ros2.link import Ended


class Future:
    """A middleware's future."""

    def __init__(self):
        self._heard = []

    def add_done_callback(self, hear):
        self._heard.append(hear)

    def result(self):
        return self._result

    def set(self, result):
        self._result = result
        for hear in self._heard:
            hear(self)


class Client:
    """An action's client whose server says what the test says; `log` is what it was asked."""

    def __init__(self):
        self.there, self.log, self.halts = True, [], 0
        self.sent, self.ended = [], []

    def send_goal_async(self, message, **feedback):
        self.log.append((message, *feedback))
        self.sent.append(Future())
        return self.sent[-1]

    def answer(self, goal=-1, *, accepted=True):
        self.ended.append(Future())
        cancelled = Future()
        self.sent[goal].set(
            SimpleNamespace(
                accepted=accepted,
                get_result_async=lambda: self.ended[-1],
                cancel_goal_async=lambda: self.log.append("cancel") or cancelled,
            )
        )

    def halt(self):
        self.halts += 1


@pytest.fixture
def on_loop():
    """Run a test with a client and the goals that are given to it; what crosses has arrived after `settled`."""

    def run(body):
        async def whole():
            client = Client()
            crossing = Crossing()
            goals = Goals(crossing, lambda do: do())

            def give(message, *, halts=True):
                halt = client.halt if halts else None
                return goals.give(client, message, lambda said: said, there=lambda: client.there, halt=halt)

            await body(client, goals, give, crossing.drain)

        asyncio.run(whole())

    return run


def test_a_result_is_the_servers_word_and_what_was_read_of_it(on_loop):
    async def body(client, goals, give, settled):
        goal = give("a", halts=False)
        client.answer()
        settled()
        assert goal.accepted.result()
        client.ended[-1].set(SimpleNamespace(status=6, result=Ended("succeeded", "why", error=-4)))
        settled()
        assert goal.ended.result() == Ended("aborted", "why", error=-4)
        client.there = False
        goals.watch()
        settled()
        assert goal.ended.result().status == "aborted"  # it was over

    on_loop(body)


def test_a_server_that_is_gone_ends_its_goals(on_loop):
    async def body(client, goals, give, settled):
        goal = give("a")
        client.answer()
        client.there = False
        goals.watch()
        settled()
        assert goal.ended.result() == Ended("lost")

    on_loop(body)


def test_only_what_can_not_be_halted_is_believed_to_say_that_it_is_at_work(on_loop):
    async def body(client, goals, give, settled):
        give("a")
        give("b", halts=False)
        assert client.log == [("a",), ("b", "feedback_callback")]

    on_loop(body)


def test_a_goal_that_is_dropped_is_halted_at_once_and_again_but_not_forever(on_loop):
    async def body(client, goals, give, settled):
        goal = give("a")
        client.answer()
        settled()
        for _ in range(3):
            goals.insist()
        assert client.halts == 0
        goal.drop()
        assert (client.halts, client.log[-1]) == (1, "cancel")
        goals.insist()
        assert client.halts == 2  # nobody may have heard the first
        for _ in range(2 * INSISTS):
            goals.insist()
        assert client.halts == 1 + INSISTS

    on_loop(body)


def test_what_has_ended_was_never_taken_or_is_followed_by_another_goal_is_not_halted_again(on_loop):
    async def body(client, goals, give, settled):
        first = give("a")
        first.drop()  # before it was answered
        for _ in range(3):
            goals.insist()
        assert client.halts == 0
        client.answer()
        settled()
        assert client.halts == 1  # taken late
        second = give("b")
        for _ in range(3):
            goals.insist()
        assert client.halts == 1  # it would stop the second one
        client.answer()
        settled()
        client.ended[-1].set(SimpleNamespace(status=5, result=Ended("succeeded")))
        settled()
        second.drop()
        assert client.halts == 1

    on_loop(body)
