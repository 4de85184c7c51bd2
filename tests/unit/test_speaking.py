"""Whose name was proved speaks for nobody else; who was taken at their word before still is."""

from __future__ import annotations

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.decide.persons import OWN
from orchestrator.core.machine import CellVerb
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
    cmd.ReleaseStep(**ABOUT),
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


FRONT, BACK, NOBODY = "op-front", "op-back", ""
CONFIRM = cmd.ConfirmStep(**ABOUT)
HOLD = cmd.ChangeCell(verb=CellVerb.HOLD)
NOT = "other_person"


# Who asks, whether their name was proved, the word, whose it was when a device kept it, and what is said of that.
@pytest.mark.parametrize(
    ("asks", "proved", "word", "kept_of", "refused"),
    [
        (FRONT, True, CONFIRM, NOBODY, None),
        (BACK, True, CONFIRM, NOBODY, "op-front is signed in at front, not op-back."),
        (BACK, False, CONFIRM, NOBODY, None),
        (FRONT, True, CONFIRM, FRONT, None),
        (BACK, True, CONFIRM, FRONT, "op-front said this, and op-back hands it in."),
        (FRONT, True, CONFIRM, BACK, "op-back said this, and op-front hands it in."),
        (BACK, True, CONFIRM, BACK, "op-front is signed in at front, not op-back."),
        (BACK, False, CONFIRM, FRONT, None),
        (FRONT, False, CONFIRM, BACK, "op-back said this, and op-front is signed in at front now."),
        (BACK, False, CONFIRM, BACK, "op-back said this, and op-front is signed in at front now."),
        (FRONT, True, CONFIRM.model_copy(update={"place": "nowhere"}), FRONT, None),
        (BACK, True, HOLD, NOBODY, None),
        (BACK, True, HOLD, FRONT, "op-front said this, and op-back hands it in."),
        (BACK, False, HOLD, FRONT, None),
    ],
)
def test_whose_word_it_is_and_who_may_say_it(
    asks: str, proved: bool, word: cmd.Command, kept_of: str, refused: str | None
) -> None:
    bench = Bench()
    kept = cmd.Kept(operator=kept_of, t=bench.t) if kept_of else None
    said = bench.ask(word, cmd.Who(name=asks, role="worker", known=proved), kept)
    if refused is None:
        assert getattr(said, "code", "") != NOT
    else:
        assert (getattr(said, "code", ""), getattr(said, "message", "")) == (NOT, refused)


@pytest.mark.parametrize("role", ["worker", "supervisor"])
def test_a_word_from_a_place_is_of_who_is_there_and_else_of_who_asks(role: cmd.Role) -> None:
    by = cmd.Who(name="at-the-board", role=role)
    for place, whose in {"front": FRONT, "": "at-the-board"}.items():
        bench = Bench()
        bench.do(cmd.CallHelp(place="back"), by)
        bench.do(cmd.AnswerHelp(of="back", place=place), by)
        assert bench.state.helps["back"].coming == whose


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
