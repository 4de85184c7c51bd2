"""Whether a controller is active: its manager is asked again and again, and may be busy, gone or anew."""

from __future__ import annotations

import pytest

from orchestrator.adapters.ros2.activity import ASK_S, BELIEVED_S, GIVEN_UP_S, Activity

NAME = "io_and_status_controller"


class Manager:
    """One that is there, and answers when the test has it answer."""

    def __init__(self):
        self.there = True
        self.open = []

    def ask(self, told):
        self.open.append(told)
        return told

    def give_up(self, question):
        self.open.remove(question)

    def answer(self, states):
        self.open.pop(0)(states)


class Looked:
    """An activity under a clock of the test's."""

    def __init__(self, name=NAME):
        self.now_s = 100.0
        self.manager = Manager()
        self.activity = Activity(self.manager, name, lambda: self.now_s)

    def after(self, gone_s):
        self.now_s += gone_s
        return self.activity.look()


@pytest.fixture
def looked():
    return Looked()


def test_what_its_manager_says_counts_and_it_is_asked_once_a_second(looked):
    assert not looked.after(0.0)  # nobody has said so yet
    looked.manager.answer({NAME: "active"})
    assert looked.after(0.25)
    assert looked.manager.open == []
    assert looked.after(ASK_S)
    looked.manager.answer({NAME: "inactive"})
    assert not looked.after(0.0)
    assert not looked.after(ASK_S)
    looked.manager.answer({NAME: "active"})
    assert looked.after(0.0)
    assert looked.after(ASK_S)
    looked.manager.answer({"another": "active"})  # it is not loaded any more
    assert not looked.after(0.0)


def test_a_namespace_is_no_part_of_its_name():
    looked = Looked(f"/left/{NAME}")
    looked.after(0.0)
    looked.manager.answer({NAME: "active"})
    assert looked.after(0.0)


def test_without_a_manager_nobody_can_say_and_one_that_comes_is_waited_for(looked):
    looked.manager.there = False
    assert looked.after(0.0)
    assert looked.manager.open == []
    looked.manager.there = True
    assert looked.after(ASK_S)
    looked.manager.answer({NAME: "inactive"})
    assert not looked.after(0.0)


def test_a_manager_that_is_busy_is_believed_for_a_while_and_asked_anew(looked):
    looked.after(0.0)
    looked.manager.answer({NAME: "active"})
    assert looked.after(ASK_S)
    (first,) = looked.manager.open
    assert looked.after(GIVEN_UP_S - 0.1)
    assert looked.manager.open == [first]
    assert looked.after(0.2)  # no answer is waited for for ever, nor kept
    assert len(looked.manager.open) == 1
    assert not looked.after(BELIEVED_S - ASK_S - GIVEN_UP_S)
    looked.manager.answer({NAME: "active"})
    assert looked.after(0.0)


def test_the_answer_of_a_manager_that_has_gone_is_not_waited_for(looked):
    looked.after(0.0)
    looked.manager.there = False
    looked.after(ASK_S)
    assert looked.manager.open == []
