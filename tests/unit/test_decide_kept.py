"""What a device kept while it had no line: the list of what is taken later, and whose word counts until when."""

from __future__ import annotations

from typing import Annotated, get_args, get_origin

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import Rejected
from orchestrator.core.decide.kept import KEPT
from orchestrator.core.machine import CellVerb, OrderVerb
from tests.unit.core_builders import CLAIM, WORKER, Bench, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")
PIN = step("pin", ["load"], part="pin", at="body/seat", values=CLAIM)
LAST = step("last", ["pin"], by="human", check=["person"])
ABOUT = {"unit": "u1", "step": "pin", "attempt": 1}
AT = {**ABOUT, "place": "front"}

# Everything that a screen may ask for and that counts only in its moment.
NEVER: list[cmd.Command] = [
    cmd.ChangeOrder(order="A", verb=OrderVerb.RESUME),
    *(cmd.ChangeCell(verb=verb) for verb in CellVerb),
    cmd.SetMode(mode="production"),
    cmd.SetAutonomy(autonomy="full"),
    cmd.Pause(what="cell"),
    cmd.Resume(what="cell"),
    cmd.JoinPlace(place="front", operator="op-front"),
    cmd.LeavePlace(place="front"),
    cmd.Choose(**ABOUT, choice="retry"),
    cmd.GiveStep(**AT),
    cmd.TakeStep(**AT),
    cmd.ClearPlace(place="front"),
    cmd.UndoStep(unit="u1", step="load"),
    cmd.Rewind(unit="u1", step="load"),
    cmd.StopRewind(unit="u1"),
    cmd.RefillBin(bin="pins", count=5),
    cmd.TakePart(part="u1/pin"),
    cmd.SettlePart(part="u1/pin"),
    cmd.Acknowledge(),
    cmd.ApproveMotion(motion="m1"),
    cmd.RefuseMotion(motion="m1"),
    cmd.ReleaseStep(**ABOUT),
    cmd.SetBreakpoint(order="A", step="pin"),
    cmd.ClearBreakpoint(order="A", step="pin"),
    cmd.MoveGripper(close=False),
    cmd.Retreat(),
    cmd.StopRetreat(),
    cmd.CallHelp(place="front"),
    cmd.AnswerHelp(of="front"),
    cmd.WithdrawHelp(place="front"),
]


def bench() -> Bench:
    """A unit whose pin a person at the front has in hand, since 10 s."""
    b = Bench().running(variant(LOAD, PIN, LAST))
    b.finish("load")
    b.start("pin", "front")
    b.wait(10)
    return b


def by(name: str, t: float) -> cmd.Kept:
    return cmd.Kept(operator=name, t=t)


def refused(b: Bench, command: cmd.Command, kept: cmd.Kept) -> str:
    before = b.state
    verdict = b.ask(command, WORKER, kept)
    assert isinstance(verdict, Rejected), types(verdict)
    assert b.state is before
    assert verdict.message
    assert verdict.remedy
    return verdict.code


def test_every_command_of_a_screen_is_either_on_the_list_or_never_taken_later() -> None:
    members = get_args(get_args(cmd.Outside)[0])
    outside = {get_args(member)[0] if get_origin(member) is Annotated else member for member in members}
    assert {type(command) for command in NEVER} | set(KEPT) == outside
    assert {type(command) for command in NEVER} & set(KEPT) == set()


@pytest.mark.parametrize("command", NEVER, ids=lambda command: f"{command.type}-{getattr(command, 'verb', '')}")
def test_what_could_move_the_robot_or_change_the_cell_is_not_taken_later(command: cmd.Command) -> None:
    b = bench()
    before = b.state
    verdict = b.ask(command, cmd.Who(name="boss", role="supervisor"), by("op-front", b.t))
    assert isinstance(verdict, Rejected)
    assert verdict.code == "not_kept"
    assert b.state is before


def test_a_kept_confirmation_counts_and_says_when_it_was_given() -> None:
    b = bench()
    said_t = b.t
    b.wait(600)
    events = b.ask(b.confirm("pin", values={"snapped": True}), WORKER, by("op-front", said_t))
    assert not isinstance(events, Rejected)
    confirmed = next(event for event in events if isinstance(event, ev.StepConfirmed))
    assert (confirmed.operator, confirmed.said_t, confirmed.values) == ("op-front", said_t, {"snapped": True})
    assert b.replayed() == b.state


def test_a_confirmation_that_was_not_kept_carries_no_other_time() -> None:
    b = bench()
    events = b.do(b.confirm("pin", values={"snapped": True}), WORKER)
    assert next(event for event in events if isinstance(event, ev.StepConfirmed)).said_t is None


def test_the_word_of_one_person_is_not_taken_as_anothers() -> None:
    b = bench()
    assert refused(b, b.confirm("pin", values={"snapped": True}), by("op-back", b.t)) == "other_person"
    report = cmd.ReportProblem(**AT)
    assert refused(b, report, by("op-back", b.t)) == "other_person"


def test_nobody_at_the_place_confirms_nothing_later() -> None:
    b = bench()
    said_t = b.t
    b.do(cmd.LeavePlace(place="front"))
    assert refused(b, b.confirm("pin", values={"snapped": True}), by("op-front", said_t)) == "nobody"


def test_a_word_from_before_its_attempt_began_means_another_one() -> None:
    b = bench()
    assert refused(b, b.confirm("pin", values={"snapped": True}), by("op-front", b.t - 11)) == "stale"


def test_a_word_on_an_attempt_that_is_over_changes_nothing() -> None:
    b = bench()
    word = b.confirm("pin", values={"snapped": True})
    said_t = b.t
    b.do(cmd.ReportProblem(**AT), WORKER)
    assert refused(b, word, by("op-front", said_t)) == "stale"


def test_the_same_word_from_a_second_screen_is_told_that_it_was_said_and_by_whom() -> None:
    b = bench()
    word = b.confirm("pin", values={"snapped": True})
    b.do(word, WORKER)
    again = b.ask(word, WORKER)
    assert isinstance(again, Rejected)
    assert again.code == "said_already"
    assert "op-front" in again.message
    assert "pin" not in again.message
    assert refused(b, word, by("op-front", b.t)) == "said_already"


def test_another_value_from_a_second_screen_is_not_taken_for_the_one_that_counts() -> None:
    b = bench()
    b.do(b.confirm("pin", values={"snapped": True}), WORKER)
    assert refused(b, b.confirm("pin", values={"snapped": False}), by("op-front", b.t)) == "stale"


def test_the_same_word_from_a_second_screen_is_no_second_persons() -> None:
    twice = step("pin", ["load"], part="pin", at="body/seat", by="human", values=CLAIM, check=["two_people"])
    b = Bench().running(variant(LOAD, twice, LAST))
    b.finish("load")
    b.start("pin", "front")
    b.wait(5)
    word, given = b.confirm("pin", values={"snapped": True}), by("op-front", b.t)
    b.wait(5)
    b.do(word, WORKER)
    assert refused(b, word, given) == "said_already"
    assert refused(b, b.confirm("pin", values={"snapped": False}), given) == "stale"
    assert b.at("pin").wants == {"attest"}


def test_the_word_that_the_robot_waits_for_in_a_handover_is_not_taken_later() -> None:
    both = step("both", ["load"], part="pin", at="body/seat", by="robot human", together=True)
    b = Bench().running(variant(LOAD, both, step("last", ["both"], by="human", check=["person"])))
    b.finish("load")
    b.start("both", "robot", "front")
    b.wait(1)
    assert refused(b, b.confirm("both"), by("op-front", b.t)) == "with_robot"
    report = cmd.ReportProblem(unit="u1", step="both", attempt=1, place="front")
    assert not isinstance(b.ask(report, WORKER, by("op-front", b.t)), Rejected)  # it lets nothing move


def test_a_look_counts_only_for_the_question_that_it_answered() -> None:
    looked = step("pin", ["load"], part="pin", at="body/seat", by="robot", check=["person"])
    b = Bench().running(variant(LOAD, looked, LAST))
    b.finish("load")
    b.start("pin", "robot")
    b.wait(5)
    before = b.t
    b.wait(5)
    b.do(b.skill("pin"))
    b.wait(5)
    assert refused(b, b.confirm("pin", "back"), by("op-back", before)) == "stale"
    assert not isinstance(b.ask(b.confirm("pin", "back"), WORKER, by("op-back", b.t)), Rejected)
    assert b.at("pin").status == "done"
