"""Whose name was proved speaks for nobody else; who was taken at their word before still is."""

from __future__ import annotations

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.decide.speaking import OWN
from orchestrator.core.signature import OF_CHOICE
from tests.unit.core_builders import Bench

ABOUT = {"unit": "u1", "step": "load", "attempt": 0, "place": "front"}
WORDS: list[cmd.Command] = [
    cmd.ConfirmStep(**ABOUT),
    cmd.ConfirmUndo(**ABOUT),
    cmd.ReportProblem(**ABOUT),
    cmd.CallHelp(place="front"),
    cmd.AnswerHelp(of="back", place="front"),
    cmd.WithdrawHelp(place="front"),
    cmd.GiveStep(**ABOUT),
    cmd.TakeStep(**ABOUT),
    cmd.ApproveMotion(motion="m1", place="front"),
    cmd.RefuseMotion(motion="m1", place="front"),
    cmd.KeepPhoto(**ABOUT, sha256="0" * 64, width=64, height=48, size_bytes=900),
]


def known(name: str, role: cmd.Role = "worker") -> cmd.Who:
    return cmd.Who(name=name, role=role, known=True)


def test_every_word_of_the_person_at_a_place_is_tried_here() -> None:
    assert {type(word) for word in WORDS} == set(OWN)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.type)
@pytest.mark.parametrize("role", ["worker", "programmer", "supervisor"])
def test_nobody_speaks_from_a_place_at_which_another_is_signed_in(word: cmd.Command, role: cmd.Role) -> None:
    bench = Bench()
    assert bench.no(word, known("op-back", role)) == "other_person"
    for by in (known("op-front", role), cmd.Who(name="simulated", role=role)):
        assert getattr(bench.ask(word, by), "code", "") != "other_person"


def test_everybody_joins_as_themselves() -> None:
    bench = Bench(joined=())
    anna = cmd.JoinPlace(place="front", operator="anna")
    assert bench.no(anna, known("bert", "supervisor")) == "other_person"
    bench.do(anna, known("anna"))
    assert bench.state.places["front"].operator == "anna"


def test_a_supervisor_may_send_somebody_home_a_colleague_may_not() -> None:
    bench = Bench()
    leave = cmd.LeavePlace(place="front")
    assert bench.no(leave, known("op-back")) == "other_person"
    bench.do(leave, known("boss", "supervisor"))
    assert "front" not in bench.state.places


def test_one_person_is_not_two_by_pressing_at_anothers_place() -> None:
    bench = Bench()
    approve = cmd.ApproveMotion(motion="m1", place="front")
    assert bench.no(approve, known("boss", "supervisor")) == "other_person"


def test_what_a_device_has_kept_is_handed_in_by_whose_word_it_is() -> None:
    bench = Bench()
    kept = cmd.Kept(operator="op-front", t=bench.t)
    word = cmd.ReportProblem(**ABOUT)
    refused = bench.ask(word, known("op-back"), kept)
    own = bench.ask(word, known("op-front"), kept)
    assert getattr(refused, "code", "") == "other_person"
    assert getattr(own, "code", "") != "other_person"


SIGNED: list[cmd.Command] = [
    cmd.JoinPlace(place="front", operator="k-1"),
    cmd.ApproveMotion(motion="m1"),
    cmd.ReleaseStep(**{name: value for name, value in ABOUT.items() if name != "place"}),
    *(cmd.Choose(unit="u1", step="load", attempt=0, choice=choice, reason="so") for choice in OF_CHOICE),
]


@pytest.mark.parametrize("word", SIGNED, ids=lambda word: getattr(word, "choice", word.type))
def test_a_key_signs_nothing_and_is_no_second_person(word: cmd.Command) -> None:
    bench = Bench(joined=())
    key = cmd.Who(name="k-1", role="supervisor", known=True, machine=True)
    assert bench.no(word, key) == "machine"
    person = bench.ask(word, cmd.Who(name="k-1", role="supervisor", known=True))
    assert getattr(person, "code", "") != "machine"
