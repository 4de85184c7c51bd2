"""How much the robot may do without asking: levels, approvals by people, and the word next."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected
from orchestrator.core.machine import AUTONOMY, LOWERS, Autonomy, CellVerb, verb_to
from orchestrator.core.ports import Safety
from orchestrator.core.rights import RIGHTS, may
from orchestrator.core.variant import Wait
from orchestrator.engine.oversight import held_steps, motion_buttons
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, cell, step, types, variant

if TYPE_CHECKING:
    from orchestrator.core.commands import Role

LEVELS = (Autonomy.FULL, Autonomy.APPROVE, Autonomy.SINGLE_STEP)  # from the least supervision to the most
EFFECT = "u1/pin/1/skill"


def _bench(motions: int = 1, *, four_eyes: bool = False) -> Bench:
    """The body is in its nest, and the pin may be next."""
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat")
    approvals = {"motions": motions, "four_eyes": four_eyes}
    bench = Bench(cell(approvals=approvals)).running(variant(load, pin, step("last", ["pin"], by="human")))
    bench.finish("load")
    return bench


def _asked(motions: int = 1, *, supervised: str = "") -> Bench:
    """The robot is at the pin, and its first motion waits for approval."""
    bench = _bench(motions)
    if not supervised:
        bench.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    bench.start("pin", "robot")
    bench.do(cmd.ProposeMotion(effect=EFFECT, motion="m1", plan="p7", supervised=supervised))
    return bench


def _release(bench: Bench, attempt: int | None = None) -> cmd.ReleaseStep:
    return cmd.ReleaseStep(unit="u1", step="pin", attempt=bench.at("pin").attempt if attempt is None else attempt)


# ---- levels and rights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(LEVELS, 2)))
def test_every_level_leads_to_every_other_and_lowers_towards_more_supervision(
    before: Autonomy, after: Autonomy
) -> None:
    verb = verb_to(before, after)
    assert verb is not None
    assert AUTONOMY[verb][before] == after
    assert (verb in LOWERS) == (LEVELS.index(after) > LEVELS.index(before))


@pytest.mark.parametrize(("before", "after"), list(itertools.product(LEVELS, LEVELS)))
@pytest.mark.parametrize("role", ["worker", "programmer", "supervisor", "auditor"])
def test_who_works_at_the_cell_may_lower_and_only_its_technicians_may_raise(
    role: Role, before: Autonomy, after: Autonomy
) -> None:
    bench = Bench()
    if before != Autonomy.FULL:
        bench.do(cmd.SetAutonomy(autonomy=before))
    raises = LEVELS.index(after) < LEVELS.index(before)
    works = role != "auditor"
    outcome = bench.ask(cmd.SetAutonomy(autonomy=after), cmd.Who(name="x", role=role))
    granted = (role in {"programmer", "supervisor"}) if raises else works
    if not granted:
        assert types(outcome) == "command_denied"
        assert bench.state.autonomy == before
    else:
        assert bench.state.autonomy == after
        assert types(outcome) == ("autonomy_changed" if before != after else "nothing")


@pytest.mark.parametrize("kind", ["approve_motion", "refuse_motion", "release_step"])
def test_an_auditor_lets_nothing_go_ahead(kind: str) -> None:
    assert "auditor" not in RIGHTS[kind]
    assert not may("auditor", cmd.OUTSIDE.validate_python(
        {"approve_motion": {"type": kind, "motion": "m"}, "refuse_motion": {"type": kind, "motion": "m"},
         "release_step": {"type": kind, "unit": "u1", "step": "pin", "attempt": 0}}[kind]
    ))  # fmt: skip


@pytest.mark.parametrize("verb", [None, CellVerb.HOLD, CellVerb.STOP, CellVerb.ABORT])
def test_supervision_can_be_raised_in_any_state_of_the_cell(verb: CellVerb | None) -> None:
    bench = _bench()
    if verb is not None:
        bench.do(cmd.ChangeCell(verb=verb))
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP), WORKER)
    assert bench.state.autonomy == Autonomy.SINGLE_STEP


# ---- approvals -------------------------------------------------------------------------------------------------


def test_two_approvals_are_two_peoples() -> None:
    bench = _asked(motions=2)
    assert types(bench.do(cmd.ApproveMotion(motion="m1", place="front"), WORKER)) == "motion_approved"
    assert bench.no(cmd.ApproveMotion(motion="m1", place="front"), WORKER) == "same_person"
    bench.do(cmd.JoinPlace(place="back", operator="op-front"))
    assert bench.no(cmd.ApproveMotion(motion="m1", place="back"), WORKER) == "same_person"
    assert not bench.state.motions["m1"].approved
    events = bench.do(cmd.ApproveMotion(motion="m1"), SUPERVISOR)
    assert types(events) == "motion_approved motion_intended"
    motion = bench.state.motions["m1"]
    assert (motion.approved, motion.approved_by, motion.plan) == (True, ("op-front", "boss"), "p7")
    assert bench.replayed() == bench.state


def test_where_several_approve_a_word_of_nobody_in_particular_is_none() -> None:
    bench = _asked(motions=2)
    bench.do(cmd.ApproveMotion(motion="m1", place="front"), WORKER)
    assert bench.no(cmd.ApproveMotion(motion="m1"), cmd.Who()) == "nobody"  # the same person at the board, perhaps
    assert types(bench.do(cmd.ApproveMotion(motion="m1", place="back"), cmd.Who())) == "motion_approved motion_intended"
    assert types(_asked(motions=2).do(cmd.RefuseMotion(motion="m1"), cmd.Who())) == "motion_refused"
    assert types(_asked().do(cmd.ApproveMotion(motion="m1"), cmd.Who())) == "motion_approved motion_intended"


def test_one_approval_suffices_where_the_cell_says_no_more() -> None:
    assert types(_asked().do(cmd.ApproveMotion(motion="m1", place="back"))) == "motion_approved motion_intended"


def test_nobody_approves_from_a_place_where_nobody_is() -> None:
    bench = _asked()
    bench.do(cmd.LeavePlace(place="front"))
    assert bench.no(cmd.ApproveMotion(motion="m1", place="front")) == "nobody"
    assert bench.no(cmd.RefuseMotion(motion="m1", place="front")) == "nobody"


@pytest.mark.parametrize(
    "goes",
    [cmd.LeavePlace(place="front"), cmd.JoinPlace(place="front", operator="op-other")],
    ids=["leaves", "is replaced"],
)
def test_who_goes_before_the_last_approval_takes_theirs_along(goes: cmd.Command) -> None:
    bench = _asked(motions=2)
    bench.do(cmd.ApproveMotion(motion="m1", place="front"))
    bench.do(goes)
    assert bench.state.motions["m1"].approved_by == ()
    assert types(bench.do(cmd.ApproveMotion(motion="m1", place="back"))) == "motion_approved"
    assert bench.replayed() == bench.state


def test_an_approval_is_good_for_one_motion() -> None:
    bench = _asked()
    bench.do(cmd.ApproveMotion(motion="m1"))
    bench.do(cmd.EndMotion(effect=EFFECT, motion="m1", outcome="succeeded"))
    assert types(bench.do(cmd.ProposeMotion(effect=EFFECT, motion="m2"))) == "motion_proposed"


def test_raising_the_level_never_lets_a_waiting_motion_go() -> None:
    bench = _asked()
    assert types(bench.do(cmd.SetAutonomy(autonomy=Autonomy.FULL))) == "autonomy_changed"
    assert not bench.state.motions["m1"].approved
    bench.do(cmd.ApproveMotion(motion="m1"))


def test_what_the_skill_wants_approved_waits_in_full_too() -> None:
    bench = _asked(motions=2, supervised="tight fit")
    motion = bench.state.motions["m1"]
    assert (bench.state.autonomy, motion.approved, motion.needs) == (Autonomy.FULL, False, 2)
    assert motion.supervised == "tight fit"


def test_a_refused_motion_can_no_longer_be_approved_and_asks_a_person() -> None:
    bench = _asked(motions=2)
    bench.do(cmd.ApproveMotion(motion="m1", place="front"))
    bench.do(cmd.RefuseMotion(motion="m1", reason="too close to the lamp", place="back"))
    assert bench.state.motions["m1"].refused == "too close to the lamp"
    for place in ("front", "back"):
        assert bench.no(cmd.ApproveMotion(motion="m1", place=place)) == "stale"
    assert bench.no(cmd.RefuseMotion(motion="m1")) == "stale"
    bench.do(cmd.EndMotion(effect=EFFECT, motion="m1", outcome="rejected", code="refused"))
    bench.do(bench.skill("pin", "failed", code="refused", message="A person refused it.", retry=False))
    assert (bench.at("pin").status, bench.at("pin").code) == ("attention", "refused")
    assert bench.replayed() == bench.state


def test_a_motion_that_was_let_through_can_only_be_held() -> None:
    bench = _asked()
    bench.do(cmd.ApproveMotion(motion="m1"))
    assert bench.no(cmd.RefuseMotion(motion="m1", reason="stop")) == "stale"


# ---- four eyes -------------------------------------------------------------------------------------------------


def _released(bench: Bench, by: str, place: str = "") -> None:
    """Somebody says next for the pin; the robot begins it and shows its first motion."""
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    bench.do(_release(bench).model_copy(update={"place": place}), _known(by))
    bench.start("pin", "robot")
    bench.do(cmd.ProposeMotion(effect=f"u1/pin/{bench.at('pin').attempt}/skill", motion="m1"))


def _known(name: str) -> cmd.Who:
    return cmd.Who(name=name, role="worker", known=True)


@pytest.mark.parametrize("place", ["", "front"])
def test_a_worker_approving_their_own_release_is_refused_where_the_cell_asks_for_four_eyes(place: str) -> None:
    bench = _bench(four_eyes=True)
    _released(bench, "op-front", place)
    refused = bench.ask(cmd.ApproveMotion(motion="m1", place=place), _known("op-front"))
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.message) == ("own_release", "op-front let this step begin.")
    assert refused.remedy == "It needs another person's approval."
    assert not bench.state.motions["m1"].approved
    events = bench.do(cmd.ApproveMotion(motion="m1", place="back"), _known("op-back"))
    assert types(events) == "motion_approved motion_intended"
    assert bench.replayed() == bench.state


def test_who_released_may_refuse_and_where_the_cell_does_not_ask_for_it_may_approve() -> None:
    bench = _bench(four_eyes=True)
    _released(bench, "op-front")
    bench.do(cmd.RefuseMotion(motion="m1", place="front"), _known("op-front"))
    bench = _bench()
    _released(bench, "op-front")
    bench.do(cmd.ApproveMotion(motion="m1", place="front"), _known("op-front"))


def test_a_release_bars_its_giver_from_the_attempt_that_began_by_it_and_no_other() -> None:
    bench = _bench(four_eyes=True)
    _released(bench, "op-front")
    bench.do(cmd.EndMotion(effect=EFFECT, motion="m1", outcome="canceled"))
    bench.do(bench.skill("pin", "canceled"))
    bench.do(_release(bench), _known("op-back"))
    bench.start("pin", "robot")
    bench.do(cmd.ProposeMotion(effect="u1/pin/2/skill", motion="m2"))
    assert bench.no(cmd.ApproveMotion(motion="m2"), _known("op-back")) == "own_release"
    bench.do(cmd.ApproveMotion(motion="m2"), _known("op-front"))


def test_a_word_that_was_taken_back_bars_nobody() -> None:
    bench = _bench(four_eyes=True)
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    bench.do(_release(bench), _known("op-front"))
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    bench.start("pin", "robot")
    bench.do(cmd.ProposeMotion(effect=EFFECT, motion="m1"))
    bench.do(cmd.ApproveMotion(motion="m1"), _known("op-front"))


def test_who_leaves_and_comes_back_is_still_who_released() -> None:
    bench = _bench(four_eyes=True)
    _released(bench, "op-front", "front")
    bench.do(cmd.LeavePlace(place="front"))
    bench.do(cmd.JoinPlace(place="front", operator="op-front"))
    assert bench.no(cmd.ApproveMotion(motion="m1", place="front")) == "own_release"


def test_under_four_eyes_a_word_of_nobody_in_particular_is_none() -> None:
    bench = _bench(four_eyes=True)
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    assert bench.no(_release(bench), cmd.Who()) == "nobody"
    at_place = _release(bench).model_copy(update={"place": "front"})
    bench.do(at_place, cmd.Who())  # without login a place says who it is
    assert bench.at("pin").released_by == "op-front"
    bench.start("pin", "robot")
    bench.do(cmd.ProposeMotion(effect=EFFECT, motion="m1"))
    assert bench.no(cmd.ApproveMotion(motion="m1"), cmd.Who()) == "nobody"
    assert bench.no(cmd.ApproveMotion(motion="m1", place="front"), cmd.Who()) == "own_release"
    bench.do(cmd.ApproveMotion(motion="m1", place="back"), cmd.Who())


def test_nobody_releases_from_a_place_where_nobody_is() -> None:
    bench = _bench()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    bench.do(cmd.LeavePlace(place="front"))
    assert bench.no(_release(bench).model_copy(update={"place": "front"})) == "nobody"


def test_an_approval_is_offered_to_those_alone_whose_word_would_count() -> None:
    bench = _bench(motions=2, four_eyes=True)
    _released(bench, "op-front")
    bench.do(cmd.ApproveMotion(motion="m1", place="back"), _known("op-back"))
    approve, refuse = motion_buttons(bench.state, bench.state.motions["m1"])
    assert set(approve.not_by) == {"op-front", "op-back"}
    assert refuse.not_by == ()
    for name in ("op-front", "op-back", "boss"):
        refused = isinstance(bench.ask(cmd.ApproveMotion(motion="m1"), _known(name)), Rejected)
        assert refused is (name in approve.not_by), name
    assert motion_buttons(_asked().state, _asked().state.motions["m1"])[0].not_by == ()


# ---- the word next ---------------------------------------------------------------------------------------------


def test_in_single_step_the_robot_begins_a_step_when_a_person_says_next() -> None:
    bench = _bench()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    robot = cmd.StartStep(unit="u1", step="pin", actors=("robot",))
    assert bench.no(robot) == "release"
    bench.do(_release(bench), WORKER)
    assert bench.no(_release(bench)) == "stale"
    bench.do(robot)
    assert types(bench.do(cmd.ProposeMotion(effect=EFFECT, motion="m1"))) == "motion_proposed"
    assert bench.replayed() == bench.state


def test_the_word_next_is_good_for_one_attempt() -> None:
    bench = _bench()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    first = _release(bench)
    bench.do(first)
    bench.start("pin", "robot")
    bench.do(bench.skill("pin", "canceled"))
    assert bench.at("pin").status == "ready"
    assert bench.no(first) == "stale"  # a late second press is not for this attempt
    assert bench.no(cmd.StartStep(unit="u1", step="pin", actors=("robot",))) == "release"
    bench.do(_release(bench))
    bench.start("pin", "robot")


def test_in_single_step_people_work_on() -> None:
    bench = _bench()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    bench.start("pin", "front")


@pytest.mark.parametrize(
    "comes",
    [
        cmd.ChangeCell(verb=CellVerb.HOLD),
        cmd.ChangeCell(verb=CellVerb.STOP),
        cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP),
        cmd.ReportRestart(),
        cmd.SetAutonomy(autonomy=Autonomy.APPROVE),
    ],
    ids=["hold", "stop", "protective stop", "restart", "level"],
)
def test_the_word_next_does_not_outlive_what_changes_the_cell(comes: cmd.Command) -> None:
    bench = _bench()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    bench.do(_release(bench))
    bench.do(comes)
    assert not bench.at("pin").released
    assert bench.replayed() == bench.state


def test_next_is_refused_where_nothing_waits_for_it_or_nothing_may_move() -> None:
    bench = _bench()
    assert bench.no(_release(bench)) == "stale"
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    assert bench.no(_release(bench, attempt=3)) == "stale"
    assert bench.no(cmd.ReleaseStep(unit="u7", step="pin", attempt=0)) == "no_step"
    assert bench.no(cmd.ReleaseStep(unit="u1", step="last", attempt=0)) == "stale"
    bench.verb(CellVerb.HOLD)
    assert bench.no(_release(bench)) == "interlock"


def test_a_dropped_proposal_does_not_end_the_skill_that_was_called_off() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", together=True)
    bench = Bench().running(variant(load, pin))
    bench.finish("load")
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    bench.start("pin", "robot", "front")
    skill = "u1/pin/1/skill"
    bench.do(cmd.ProposeMotion(effect=skill, motion="m"))
    bench.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front"))
    bench.do(cmd.EndMotion(effect=skill, motion="m", outcome="canceled"))
    assert bench.state.ending == {skill}
    bench.do(bench.skill("pin", "canceled"))
    assert bench.state.ending == set()


def _beside_hands() -> Bench:
    """In single step the lid is the robot's next, in a zone where somebody is at the pin."""
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", by="human")
    lid = step("lid", ["load"], part="lid", at="body/top", by="robot")
    bench = Bench().running(variant(load, pin, lid))
    bench.finish("load")
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    return bench


def test_next_is_a_word_for_now_not_for_when_somebody_has_taken_their_hands_out() -> None:
    bench = _beside_hands()
    bench.start("pin", "front")
    assert bench.no(cmd.ReleaseStep(unit="u1", step="lid", attempt=0), WORKER) == "resource"


def test_next_is_void_once_something_else_holds_the_step_up() -> None:
    bench = _beside_hands()
    bench.do(cmd.ReleaseStep(unit="u1", step="lid", attempt=0), WORKER)
    bench.start("pin", "front")  # in the same instant
    (void,) = (c for c in Schedule()(bench.state, bench.t)[0] if isinstance(c, cmd.VoidRelease))
    bench.do(bench.confirm("pin"))
    bench.do(bench.seen("pin"))
    assert types(bench.do(void)) == "release_voided"
    assert not any(isinstance(c, cmd.StartStep) for c in Schedule()(bench.state, bench.t)[0])
    assert bench.do(void) == []
    assert bench.replayed() == bench.state


def test_next_is_offered_for_what_cures_although_nothing_tells_that_it_has() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", [Wait(step="load", min_s=60)], part="pin", at="body/seat", by="robot")
    bench = Bench().running(variant(load, pin))
    bench.finish("load")
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    assert [held.id for _, held in held_steps(bench.state, "robot")] == ["pin"]
    bench.do(_release(bench), WORKER)
    proposed, wake = Schedule()(bench.state, bench.t)
    assert (list(proposed), wake) == ([], bench.t + 60)
    bench.wait(60)
    assert [command.type for command in Schedule()(bench.state, bench.t)[0]] == ["start_step"]
