"""A step that waits too long for a person is never a hang: it is reminded of, offered to others, and asked about."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.decide.choices import choices
from orchestrator.core.machine import CellState, CellVerb, OrderVerb
from orchestrator.core.overdue import level, overdue
from orchestrator.core.readiness import blockers
from orchestrator.core.variant import Wait
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, Refused, cell, ladder, step, types, variant

ALLOWED_S = 180.0  # three times what a step without a time is expected to take
PATIENT = {"patience": {"factor": 2, "floor_s": 30, "untold_s": 10}}


def bench(*, by: str = "human", joined: tuple[str, ...] = ("front", "back"), **more: Any) -> Bench:
    """The body is loaded, the pin is next; `more` is the pin's."""
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", by=by, on_fail=ladder("retry", "ask"), **more)
    out = Bench(joined=joined).running(variant(load, pin, step("lid", ["pin"], part="lid", at="body/top", by="robot")))
    out.finish("load")
    return out


def reached(b: Bench) -> str:
    """The rung that the pin's waiting has come to."""
    return level(b.state, b.state.units["u1"], b.step("pin"))


def pass_by(b: Bench, seconds: float) -> list[str]:
    """Let time pass, and the schedule note what it must at every instant that it asked for; returns the levels."""
    ends, said = b.t + seconds, []
    while True:
        proposals, wake = Schedule()(b.state, b.t)
        notes = [command for command in proposals if isinstance(command, cmd.NoteOverdue)]
        for command in notes:
            said += [event.level for event in b.do(command) if event.type == "step_overdue"]
        if notes:
            continue
        if wake is None or wake > ends:
            b.t = ends
            return said
        b.t = wake


def offered(b: Bench, name: str = "pin") -> set[str]:
    return {choice for choice, _ in choices(b.state, "u1", name)}


def test_a_person_who_is_at_a_step_for_too_long_is_reminded_then_it_is_offered_then_asked_about() -> None:
    b = bench()
    b.start("pin", "front")
    assert pass_by(b, ALLOWED_S - 1) == []
    assert pass_by(b, 1) == ["remind"]
    assert pass_by(b, ALLOWED_S) == ["offer"]
    assert offered(b) == set()
    assert pass_by(b, ALLOWED_S) == ["ask"]
    assert offered(b) == {"wait", "skip", "force", "scrap", "abort"}
    assert b.at("pin").status == "active"
    assert pass_by(b, 10 * ALLOWED_S) == []
    assert b.replayed() == b.state


def test_how_long_is_too_long_is_the_cells_to_say_and_counts_from_the_steps_own_time() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", by="human", time_s={"human": 20})
    for more, first_s in (({}, 60.0), (PATIENT, 40.0), ({"patience": {"floor_s": 5}}, 60.0)):
        b = Bench(cell(**more)).running(variant(load, pin))
        b.finish("load")
        b.start("pin", "front")
        assert pass_by(b, first_s - 0.5) == []
        assert pass_by(b, 0.5) == ["remind"]


def test_a_confirmation_counts_however_late_and_ends_the_question() -> None:
    b = bench()
    b.start("pin", "front")
    pass_by(b, 3 * ALLOWED_S)
    assert types(b.do(b.confirm("pin"), WORKER)) == "step_confirmed part_moved check_requested"
    assert offered(b) == set()
    assert reached(b) == ""


def test_nothing_is_noted_before_its_time_nor_twice() -> None:
    b = bench()
    b.start("pin", "front")
    early = cmd.NoteOverdue(unit="u1", step="pin", attempt=1)
    assert b.do(early) == []
    b.wait(ALLOWED_S)
    assert b.do(cmd.NoteOverdue(unit="u1", step="pin", attempt=2)) == []
    (noted,) = b.do(early)
    assert (noted.type, noted.waited_s) == ("step_overdue", 0.0), "how long a person took is not counted"
    assert b.do(early) == []
    assert b.do(cmd.NoteOverdue(unit="u1", step="load", attempt=1)) == []


def test_more_time_is_one_of_the_choices() -> None:
    b = bench()
    b.start("pin", "front")
    pass_by(b, 3 * ALLOWED_S)
    assert types(b.do(b.choice("pin", "wait"), WORKER)) == "step_answered"
    assert (b.at("pin").status, b.at("pin").attempt, reached(b)) == ("active", 1, "")
    assert pass_by(b, ALLOWED_S) == ["remind"]


def test_the_robot_takes_over_by_the_word_of_the_person_at_it() -> None:
    b = bench(by="robot human")
    b.start("pin", "front")
    give = cmd.GiveStep(unit="u1", step="pin", attempt=1, place="front")
    assert b.no(give, WORKER) == "not_overdue"
    pass_by(b, ALLOWED_S)
    assert b.no(give.model_copy(update={"place": "back"}), WORKER) == "stale"
    assert types(b.do(give, WORKER)) == "step_failed step_handed_over check_requested"
    b.do(b.seen("pin", "missing"))
    assert (b.at("pin").status, b.at("pin").barred) == ("ready", ("human",))
    assert dict(b.state.unclear) == {}
    b.start("pin", "robot")
    b.do(b.skill("pin", "failed", code="jam"))
    assert b.at("pin").status == "ready"  # the ladder stands where it stood: retry


@pytest.mark.parametrize(("by", "place"), [("human", "front"), ("robot human", "back")])
def test_a_step_that_is_not_theirs_or_not_the_robots_can_not_be_given(by: str, place: str) -> None:
    b = bench(by=by)
    b.start("pin", "front")
    pass_by(b, ALLOWED_S)
    assert b.no(cmd.GiveStep(unit="u1", step="pin", attempt=1, place=place), WORKER) in {"actor", "stale"}


def test_nobody_gives_a_step_from_a_place_that_was_left() -> None:
    b = bench(by="robot human")
    b.start("pin", "front")
    b.do(cmd.LeavePlace(place="front"))
    pass_by(b, 2 * ALLOWED_S)
    assert b.no(cmd.GiveStep(unit="u1", step="pin", attempt=1, place="front"), WORKER) == "stale"


def test_another_place_takes_over_and_the_robot_stays_out_until_somebody_says_that_the_first_is_clear() -> None:
    b = bench()
    b.start("pin", "front")
    take = cmd.TakeStep(unit="u1", step="pin", attempt=1, place="back")
    pass_by(b, ALLOWED_S)
    assert b.no(take, WORKER) == "not_offered"
    pass_by(b, ALLOWED_S)
    assert types(b.do(take, WORKER)) == "step_failed step_started"
    assert (b.at("pin").actors, b.at("pin").attempt, b.at("pin").resources) == (("back",), 2, ("zone:west",))
    assert b.no(b.confirm("pin", attempt=1), WORKER) == "stale"
    b.do(b.confirm("pin", "back"), WORKER)
    b.do(b.seen("pin"))
    robot_waits = blockers(b.state, b.state.units["u1"], b.step("lid"), ("robot",), b.t)
    assert [why.code for why in robot_waits] == ["unclear"]
    assert types(b.do(cmd.ClearPlace(place="front"), WORKER)) == "place_cleared"
    b.start("lid", "robot")


@pytest.mark.parametrize("choice", ["other_actor", "skip", "force"])
def test_whatever_a_supervisor_decides_the_robot_keeps_out_of_where_hands_may_be(choice: str) -> None:
    b = bench(by="robot human")
    b.start("pin", "front")
    b.do(cmd.LeavePlace(place="front"))
    pass_by(b, 3 * ALLOWED_S)
    b.do(b.choice("pin", choice, reason="nobody comes"), SUPERVISOR)
    name = "lid" if choice == "force" else "pin"
    waits = {"other_actor": "unsaid", "skip": "not_ready", "force": "unclear"}[choice]
    with pytest.raises(Refused, match=waits):
        b.start(name, "robot")
    b.do(cmd.ReportRestart())  # nor after a restart
    b.do(cmd.Acknowledge(), SUPERVISOR)
    b.verb(CellVerb.UNHOLD)
    with pytest.raises(Refused, match=waits):
        b.start(name, "robot")
    b.do(cmd.ClearPlace(place="front"), SUPERVISOR)
    if choice != "force":
        b.do(b.seen("pin", "missing"))
    b.start("pin" if choice == "other_actor" else "lid", "robot")
    assert b.replayed() == b.state


def test_a_left_place_climbs_like_one_that_is_slow_and_starts_anew_when_somebody_comes() -> None:
    b = bench()
    b.start("pin", "front")
    b.wait(100)
    b.do(cmd.LeavePlace(place="front"))
    assert pass_by(b, 2 * ALLOWED_S) == ["remind", "offer"]
    b.do(cmd.JoinPlace(place="front", operator="op-third"))
    assert reached(b) == ""
    assert pass_by(b, ALLOWED_S) == ["remind"]
    b.do(cmd.LeavePlace(place="back"))  # which is not theirs
    assert reached(b) == "remind"


def test_a_step_that_nobody_there_may_do_becomes_a_question() -> None:
    b = bench(needs=["esd"])
    assert pass_by(b, 2 * ALLOWED_S) == ["remind", "ask"]
    assert offered(b) == {"wait", "skip", "force", "scrap", "abort"}
    (unit, authored, _, rung), *others = overdue(b.state)
    assert (unit.id, authored.id, rung, others) == ("u1", "pin", "ask", [])
    b.do(cmd.JoinPlace(place="front", operator="op-esd", qualifications=("esd",)))
    assert offered(b) == set()
    assert [c.type for c in Schedule()(b.state, b.t)[0]] == ["start_step"]


def test_nobody_at_all_is_noticed_too_and_the_step_may_be_forced_or_left_out() -> None:
    for choice, status in (("force", "done"), ("skip", "skipped")):
        b = bench(joined=())
        pass_by(b, 2 * ALLOWED_S)
        b.do(b.choice("pin", choice, reason="done by the night shift"), SUPERVISOR)
        assert b.at("pin").status == status
        assert b.at("pin").waived == "done by the night shift"


def test_whoever_was_left_out_may_try_again_when_nobody_else_comes() -> None:
    b = bench(by="robot human", joined=())
    b.start("pin", "robot")
    b.do(b.skill("pin", "failed", code="interrupted"))
    b.do(b.choice("pin", "other_actor"), SUPERVISOR)
    assert b.at("pin").barred == ("robot",)
    pass_by(b, 2 * ALLOWED_S)
    assert "retry" in offered(b)
    b.do(b.choice("pin", "retry"), WORKER)
    assert b.start("pin", "robot") == 2


def test_a_look_that_nobody_takes_becomes_a_question() -> None:
    b = bench(by="robot", check=["person"])
    b.start("pin", "robot")
    b.do(b.skill("pin"))
    assert pass_by(b, 2 * ALLOWED_S) == ["remind", "ask"]
    assert offered(b) == {"wait", "skip", "force", "scrap", "abort"}
    b.do(b.confirm("pin", "back"), WORKER)
    assert b.at("pin").status == "done"


def test_a_share_of_a_handover_that_is_not_confirmed_is_overdue_once_the_robot_has_done_its_own() -> None:
    b = bench(by="robot human", together=True)
    b.start("pin", "robot", "front")
    b.do(b.moved("pin", "grasped", "gripper"))
    assert pass_by(b, 5 * ALLOWED_S) == []  # the skill has a time-out of its own
    b.do(b.moved("pin", "released", "place:front"))
    b.do(b.skill("pin"))
    assert pass_by(b, 2 * ALLOWED_S) == ["remind", "ask"]
    assert offered(b) == {"wait", "skip", "force", "scrap", "abort"}  # nor is it started anew beside their hands


def test_time_counts_while_the_cell_runs_alone() -> None:
    b = bench()
    b.start("pin", "front")
    pass_by(b, ALLOWED_S - 1)
    b.verb(CellVerb.HOLD)
    assert Schedule()(b.state, b.t + 1e6) == ((), None)
    b.wait(1e4)
    assert b.do(cmd.NoteOverdue(unit="u1", step="pin", attempt=1)) == []
    b.verb(CellVerb.UNHOLD)
    assert b.state.cell == CellState.EXECUTE
    assert pass_by(b, ALLOWED_S - 1) == []
    assert pass_by(b, 1) == ["remind"]


def test_while_the_cell_is_suspended_for_want_of_a_person_the_clock_goes_on() -> None:
    b = bench(joined=())
    pass_by(b, ALLOWED_S - 1)
    b.verb(CellVerb.SUSPEND)
    assert pass_by(b, 1) == ["remind"]
    b.verb(CellVerb.UNSUSPEND)
    assert pass_by(b, ALLOWED_S) == ["ask"]


def test_a_step_that_cures_first_is_waited_for_from_then_on() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", [Wait(step="load", min_s=600)], part="pin", at="body/seat", by="human")
    b = Bench(joined=()).running(variant(load, pin))
    b.finish("load")
    assert pass_by(b, 600 + ALLOWED_S - 1) == []
    assert pass_by(b, 1) == ["remind"]


def test_steps_of_a_paused_order_are_not_waited_for() -> None:
    b = bench(joined=())
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.PAUSE), SUPERVISOR)
    assert pass_by(b, 5 * ALLOWED_S) == []


def test_a_critical_step_is_neither_left_out_nor_forced() -> None:
    b = bench(critical=True)
    b.start("pin", "front")
    pass_by(b, 3 * ALLOWED_S)
    assert offered(b) == {"wait", "scrap", "abort"}


def test_the_unit_can_be_scrapped_and_the_order_aborted_from_the_question() -> None:
    for choice, state in (("scrap", "ended"), ("abort", "aborted")):
        b = bench()
        b.start("pin", "front")
        pass_by(b, 3 * ALLOWED_S)
        assert b.no(b.choice("pin", choice), SUPERVISOR) == "reason"
        b.do(b.choice("pin", choice, reason="nobody comes"), SUPERVISOR)
        assert "u1" not in b.state.units
        assert b.state.orders["A"].state == state


@pytest.mark.parametrize("what", [{"what": "lane", "name": "front"}, {"what": "cell"}])
def test_a_pause_counts_for_nobodys_patience(what: dict[str, str]) -> None:
    b = bench()
    b.start("pin", "front")
    assert pass_by(b, ALLOWED_S - 10) == []
    b.do(cmd.Pause.model_validate(what))
    assert pass_by(b, 5 * ALLOWED_S) == []
    b.do(cmd.Resume.model_validate(what))
    assert pass_by(b, 9) == []
    assert pass_by(b, 1) == ["remind"]


@pytest.mark.parametrize("how", ["order aborted", "scrapped by another question"])
def test_where_a_person_was_at_work_as_their_unit_was_given_up_the_robot_keeps_out(how: str) -> None:
    side = step("side", ["load"], part="lid", at="press", by="robot", on_fail=ladder("ask"))
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", by="human")
    b = Bench().running(variant(load, pin, side), quantity=2)
    b.finish("load")
    b.start("pin", "front")
    if how == "order aborted":
        b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT), SUPERVISOR)
    else:
        b.start("side", "robot")
        b.do(b.skill("side", "failed", code="interrupted"))
        b.do(b.choice("side", "scrap", reason="cracked"), SUPERVISOR)
    assert dict(b.state.unclear) == {"front": ("zone:west",)}
    b.do(cmd.ClearPlace(place="front"), WORKER)
    assert dict(b.state.unclear) == {}
