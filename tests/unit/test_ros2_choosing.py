"""Which of several controllers moves the arm: a UR's driver starts one on Jazzy and has another on Lyrical."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.ros2.choosing import Choice

SCALED, PLAIN = "scaled_joint_trajectory_controller", "joint_trajectory_controller"


class Graph:
    """A manager's word, None without one, and the controllers whose action servers are there."""

    def __init__(self, states, there):
        self.states, self.there = states, there

    async def told(self):
        return self.states

    def choice(self, *names):
        return Choice(names or (SCALED, PLAIN), self.told, lambda name: name in self.there)


def chosen(graph, *names, limit_s=5.0):
    async def main():
        choice = graph.choice(*names)
        return await choice.choose(limit_s), choice.using

    return run_virtual(main)


@pytest.mark.parametrize(
    ("states", "there", "using"),
    [
        ({SCALED: "active", PLAIN: "inactive"}, (SCALED, PLAIN), SCALED),  # Jazzy's driver
        ({PLAIN: "active"}, (PLAIN,), PLAIN),  # Lyrical's
        ({SCALED: "inactive", PLAIN: "active"}, (SCALED, PLAIN), PLAIN),  # somebody has switched
        ({SCALED: "active", PLAIN: "active"}, (SCALED, PLAIN), SCALED),  # the first that is named
        (None, (SCALED, PLAIN), SCALED),  # no manager tells
        (None, (PLAIN,), PLAIN),
    ],
)
def test_the_first_active_controller_is_used_and_without_a_manager_the_first_that_is_there(states, there, using):
    assert chosen(Graph(states, there)) == (("", ""), using)


def test_a_namespace_is_no_part_of_what_the_manager_calls_a_controller():
    graph = Graph({SCALED: "inactive", PLAIN: "active"}, (f"/left/{SCALED}", f"left/{PLAIN}"))
    assert chosen(graph, f"/left/{SCALED}", f"left/{PLAIN}") == (("", ""), f"left/{PLAIN}")


def test_a_controller_may_become_active_a_little_later():
    async def main():
        graph = Graph({SCALED: "inactive", PLAIN: "inactive"}, (SCALED, PLAIN))
        asyncio.get_running_loop().call_later(2.0, graph.states.update, {PLAIN: "active"})
        choice = graph.choice()
        return await choice.choose(5.0), choice.using

    assert run_virtual(main) == (("", ""), PLAIN)


def test_a_manager_that_is_heard_of_late_counts_more_than_a_server_that_is_there_at_once():
    async def main():
        graph = Graph(None, (SCALED, PLAIN))
        asyncio.get_running_loop().call_later(0.5, setattr, graph, "states", {SCALED: "inactive", PLAIN: "active"})
        choice = graph.choice()
        return await choice.choose(5.0), choice.using

    assert run_virtual(main) == (("", ""), PLAIN)


def test_what_is_wrong_is_said_and_what_helps():
    (words, remedy), _ = chosen(Graph({SCALED: "inactive", PLAIN: "inactive"}, (SCALED, PLAIN)))
    assert SCALED in words
    assert "active" in words
    assert "ros2 control list_controllers" in remedy
    (words, remedy), _ = chosen(Graph(None, ()))
    assert words == f"There is no controller at {SCALED} or {PLAIN}."
    assert remedy


def test_one_name_alone_is_used_whatever_a_manager_says():
    assert chosen(Graph({PLAIN: "inactive"}, (PLAIN,)), PLAIN) == (("", ""), PLAIN)
    assert chosen(Graph({PLAIN: "active"}, ()), PLAIN)[0][0] == f"There is no controller at {PLAIN}."


def test_in_doubt_the_manager_is_asked_and_another_that_is_active_is_used_from_then_on():
    async def main():
        graph = Graph({SCALED: "active", PLAIN: "inactive"}, (SCALED, PLAIN))
        choice = graph.choice()
        said = [await choice.doubt()]
        graph.states = {SCALED: "inactive", PLAIN: "active"}
        said += [await choice.doubt(), await choice.doubt()]
        graph.states = {SCALED: "inactive"}
        said += [await choice.doubt()]
        graph.states = None
        return [*said, await choice.doubt()], choice.using

    said, using = run_virtual(main)
    assert said == ["", f"{SCALED} is inactive", "", f"{PLAIN} is not loaded", ""]
    assert using == PLAIN
