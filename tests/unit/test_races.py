"""The race table: whatever comes, at whatever status of a step, has one outcome that is written down here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.machine import Autonomy, CellVerb, OrderVerb
from orchestrator.core.ports import Safety
from tests.unit.core_builders import SUPERVISOR, Bench, cell, ladder, step, types, variant

if TYPE_CHECKING:
    from collections.abc import Callable


# ---- columns: where the step `s` stands ------------------------------------------------------------------------


WRIST = {"wrist": {"on": "flange", "at": {}, "model": "structured_light"}}


def _bench(
    *, check: str = "camera", together: bool = False, loaded: bool = True, motions: int = 1, **more: Any
) -> Bench:
    load = step("load", part="body", at="nest", by="robot")
    racer = step(
        "s",
        ["load"],
        part="pin",
        at="body/seat",
        check=check.split(),
        together=together,
        on_fail=ladder("retry", "ask"),
        **more,
    )
    bench = Bench(cell(cameras=WRIST, approvals={"motions": motions})).running(
        variant(load, racer, step("last", ["s"], by="human", check=["person"]))
    )
    if loaded:
        bench.finish("load")
    bench.wait(1)
    return bench


def waiting() -> Bench:
    return _bench(loaded=False)


def ready() -> Bench:
    return _bench()


def tried() -> Bench:
    """Ready again, after a person gave up an attempt that they never confirmed."""
    bench = _bench()
    bench.start("s", "front")
    bench.do(cmd.ReportProblem(unit="u1", step="s", attempt=1, place="front", code="dropped"))
    return bench


def robot() -> Bench:
    bench = _bench()
    bench.start("s", "robot")
    return bench


def human() -> Bench:
    bench = _bench()
    bench.start("s", "front")
    return bench


def asked() -> Bench:
    """The robot is at it, and its first motion waits for two people."""
    bench = _bench(motions=2)
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    bench.start("s", "robot")
    bench.do(cmd.ProposeMotion(effect="u1/s/1/skill", motion="m1"))
    bench.do(cmd.ApproveMotion(motion="m1", place="back"))
    return bench


def stepped() -> Bench:
    """Ready, in single step: the robot waits for a person to say next."""
    bench = _bench()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
    return bench


def marked() -> Bench:
    """Ready, at a breakpoint."""
    bench = _bench()
    bench.do(cmd.SetBreakpoint(order="A", step="s"))
    return bench


def both() -> Bench:
    bench = _bench(together=True)
    bench.start("s", "robot", "front")
    return bench


def brought() -> Bench:
    """Both are at it, and the gripper holds the part out."""
    bench = both()
    bench.do(bench.moved("pin", "grasped", "gripper"))
    return bench


def looked_at() -> Bench:
    bench = human()
    bench.do(bench.confirm("s"))
    bench.wait(1)
    return bench


def wanted() -> Bench:
    """A person did it, and the arm shall bring its camera there."""
    bench = _bench(look={"camera": "wrist", "stand": {"frame": "press"}})
    bench.start("s", "front")
    bench.do(bench.confirm("s"))
    bench.wait(1)
    return bench


def riding() -> Bench:
    """The arm is on its way with the camera."""
    bench = wanted()
    bench.do(cmd.StartLook(unit="u1", step="s"))
    return bench


def attest() -> Bench:
    """The robot did it, a person shall look."""
    bench = _bench(check="person")
    bench.start("s", "robot")
    bench.do(bench.skill("s"))
    return bench


def late() -> Bench:
    """A person is at it for so long that it has become a question."""
    bench = human()
    bench.wait(1000)
    bench.do(cmd.NoteOverdue(unit="u1", step="s", attempt=1))
    return bench


def left() -> Bench:
    """It was taken out of a person's hands, and nobody has said that they are out."""
    bench = late()
    bench.do(bench.choice("s", "other_actor"), SUPERVISOR)
    return bench


def attention() -> Bench:
    bench = robot()
    bench.do(bench.skill("s", "failed", code="interrupted"))
    return bench


def done() -> Bench:
    bench = _bench()
    bench.finish("s", "robot")
    return bench


def going_back() -> Bench:
    """A person is taking it off."""
    bench = done()
    bench.do(cmd.Rewind(unit="u1", step="s", reason="wrong pin"))
    bench.do(cmd.StartUndo(unit="u1", step="s", place="front"))
    bench.wait(1)
    return bench


def undone() -> Bench:
    """Undone, while what it builds on is not there either."""
    load = step("load", part="body", at="nest", by="robot")
    racer = step("s", ["middle"], part="pin", at="body/seat")
    middle = step("middle", ["load"], by="human", check=["person"])
    bench = Bench().running(variant(load, racer, middle, step("last", ["s"], by="human", check=["person"])))
    for name in ("load", "middle"):
        bench.finish(name)
    bench.finish("s", "robot")
    bench.do(cmd.UndoStep(unit="u1", step="load", part_out=True))
    return bench


def skipped() -> Bench:
    bench = attention()
    bench.do(bench.choice("s", "skip", reason="not needed"), SUPERVISOR)
    return bench


def gone() -> Bench:
    bench = attention()
    bench.do(bench.choice("s", "scrap", reason="cracked"), SUPERVISOR)
    return bench


COLUMNS: dict[str, Callable[[], Bench]] = {
    column.__name__: column
    for column in (
        waiting, ready, tried, stepped, marked, robot, asked, human, late, left, both, brought, looked_at, wanted,
        riding, attest, attention, done, going_back, undone, skipped, gone,
    )
}  # fmt: skip


# ---- rows: what comes ------------------------------------------------------------------------------------------


def _attempt(bench: Bench) -> int:
    found = bench.state.step("u1", "s")
    return found[1].attempt if found else 1


def _effect(bench: Bench) -> str:
    found = bench.state.step("u1", "s")
    return (found[1].effect if found else "") or f"u1/s/{_attempt(bench)}/look1"


def _check(bench: Bench, verdict: str, *, shot_t: float | None = None, effect: str = "") -> cmd.EndCheck:
    measured = cmd.Measured.model_validate({"verdict": verdict, "shot_t": bench.t if shot_t is None else shot_t})
    return cmd.EndCheck(
        effect=effect or _effect(bench), unit="u1", step="s", attempt=_attempt(bench), measured=measured
    )


def _motion(bench: Bench, outcome: str) -> None:
    """Let a motion of the robot's end, at a step of another unit."""
    bench.tell(ev.MotionIntended(effect="u2/s/1/skill", motion="m", text="place", plan="", duration_s=1.0, preview=()))
    bench.tell(ev.MotionEnded.model_validate({"effect": "u2/s/1/skill", "motion": "m", "outcome": outcome}))


def _later(bench: Bench, command: cmd.Command, seconds: float = 60) -> cmd.Command:
    bench.wait(seconds)
    return command


def _paused(bench: Bench) -> Bench:
    bench.do(cmd.Pause(what="cell"))
    return bench


def _broken_off(bench: Bench) -> cmd.EndCheck:
    late = _check(bench, "ok")
    bench.wait(0.2)
    _motion(bench, "aborted")
    return late


def _skill(bench: Bench, outcome: str, code: str = "") -> cmd.EndSkill:
    return bench.skill("s", outcome, code=code, attempt=_attempt(bench))


ROWS: dict[str, Callable[[Bench], cmd.Command]] = {
    "skill succeeded": lambda b: _skill(b, "succeeded"),
    "skill failed": lambda b: _skill(b, "failed", "slipped"),
    "skill timed out": lambda b: _skill(b, "failed", "timeout"),
    "skill cancelled": lambda b: _skill(b, "canceled"),
    "skill of another attempt": lambda b: b.skill("s", attempt=_attempt(b) + 7),
    "verdict ok": lambda b: _check(b, "ok"),
    "verdict missing": lambda b: _check(b, "missing"),
    "verdict flipped": lambda b: _check(b, "flipped"),
    "verdict cannot see": lambda b: _check(b, "cannot_see"),
    "verdict of an older picture": lambda b: _check(b, "ok", shot_t=b.t - 1.5),
    "verdict of a picture before a motion broke off": lambda b: _broken_off(b),
    "verdict of another look": lambda b: _check(b, "ok", effect="u1/s/1/look9"),
    "look starts": lambda b: cmd.StartLook(unit="u1", step="s"),
    "look broken off": lambda b: cmd.EndCheck(
        effect=_effect(b), unit="u1", step="s", attempt=_attempt(b), canceled=True
    ),
    "look blocked by the arm": lambda b: cmd.EndCheck(
        effect=_effect(b), unit="u1", step="s", attempt=_attempt(b), blocked=True
    ),
    "look without a picture": lambda b: cmd.EndCheck(
        effect=_effect(b), unit="u1", step="s", attempt=_attempt(b), error="no plan"
    ),
    "confirmed": lambda b: b.confirm("s", attempt=_attempt(b)),
    "confirmed for an older attempt": lambda b: b.confirm("s", attempt=max(0, _attempt(b) - 1)),
    "confirmed for an attempt to come": lambda b: b.confirm("s", attempt=_attempt(b) + 1),
    "confirmed from another place": lambda b: b.confirm("s", "back", attempt=_attempt(b)),
    "problem": lambda b: cmd.ReportProblem(unit="u1", step="s", attempt=_attempt(b), place="front"),
    "start by the robot": lambda b: cmd.StartStep(unit="u1", step="s", actors=("robot",)),
    "start by a person": lambda b: cmd.StartStep(unit="u1", step="s", actors=("back",)),
    "choice retry": lambda b: b.choice("s", "retry", attempt=_attempt(b)),
    "choice recheck": lambda b: b.choice("s", "recheck", attempt=_attempt(b)),
    "choice for an older attempt": lambda b: b.choice("s", "retry", attempt=_attempt(b) + 7),
    "choice other actor": lambda b: b.choice("s", "other_actor", attempt=_attempt(b)),
    "choice wait": lambda b: b.choice("s", "wait", attempt=_attempt(b)),
    "overdue": lambda b: cmd.NoteOverdue(unit="u1", step="s", attempt=_attempt(b)),
    "given to the robot": lambda b: cmd.GiveStep(unit="u1", step="s", attempt=_attempt(b), place="front"),
    "taken over": lambda b: cmd.TakeStep(unit="u1", step="s", attempt=_attempt(b), place="back"),
    "place clear": lambda b: cmd.ClearPlace(place="front"),
    "undo": lambda b: cmd.UndoStep(unit="u1", step="s", part_out=True),
    "gripper feels something": lambda b: cmd.ReportGrip(holding=True),
    "moves unasked": lambda b: cmd.ReportUnasked(),
    "gripper feels nothing": lambda b: cmd.ReportGrip(holding=False),
    "going back": lambda b: cmd.Rewind(unit="u1", step="s", reason="wrong pin"),
    "taking off": lambda b: cmd.StartUndo(unit="u1", step="s", place="back"),
    "taken off": lambda b: cmd.ConfirmUndo(unit="u1", step="s", attempt=_attempt(b), place="front"),
    "back no further": lambda b: cmd.StopRewind(unit="u1"),
    "hold": lambda b: cmd.ChangeCell(verb=CellVerb.HOLD),
    "stop": lambda b: cmd.ChangeCell(verb=CellVerb.STOP),
    "protective stop": lambda b: cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP),
    "emergency stop": lambda b: cmd.ReportSafety(safety=Safety.EMERGENCY_STOP),
    "robot's data stale": lambda b: cmd.ReportSafety(safety=Safety.UNKNOWN),
    "device lost": lambda b: cmd.LeavePlace(place="front"),
    "lull reported": lambda b: _later(b, cmd.ReportLull()),
    "robot paused": lambda b: cmd.Pause(what="lane", name="robot"),
    "place paused": lambda b: cmd.Pause(what="lane", name="front"),
    "pause too long": lambda b: _later(_paused(b), cmd.ExpirePause(), 130),
    "motion proposed under a pause": lambda b: cmd.ProposeMotion(
        effect=f"u1/s/{_attempt(_paused(b))}/skill", motion="m1"
    ),
    "start by the robot under a pause": lambda b: _later(
        _paused(b), cmd.StartStep(unit="u1", step="s", actors=("robot",)), 0
    ),
    "look starts under a pause": lambda b: _later(_paused(b), cmd.StartLook(unit="u1", step="s"), 0),
    "confirmed under a pause": lambda b: _paused(b).confirm("s", attempt=_attempt(b)),
    "skill succeeded under a pause": lambda b: _skill(_paused(b), "succeeded"),
    "restart": lambda b: cmd.ReportRestart(),
    "order paused": lambda b: cmd.ChangeOrder(order="A", verb=OrderVerb.PAUSE),
    "order aborted": lambda b: cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT),
    "part grasped": lambda b: b.moved("pin", "grasped", "gripper"),
    "part let go": lambda b: b.moved("pin", "released", "place:front"),
    "part taken away": lambda b: cmd.TakePart(part="u1/pin"),
    "motion proposed": lambda b: cmd.ProposeMotion(effect=f"u1/s/{_attempt(b)}/skill", motion="m1"),
    "motion approved": lambda b: cmd.ApproveMotion(motion="m1", place="front"),
    "motion approved by the same person": lambda b: cmd.ApproveMotion(motion="m1", place="back"),
    "motion refused": lambda b: cmd.RefuseMotion(motion="m1", reason="not like this"),
    "motion ended": lambda b: cmd.EndMotion(effect="u1/s/1/skill", motion="m1", outcome="rejected"),
    "next": lambda b: cmd.ReleaseStep(unit="u1", step="s", attempt=_attempt(b)),
    "breakpoint set": lambda b: cmd.SetBreakpoint(order="A", step="s", unit="u1" if "u1" in b.state.units else ""),
    "breakpoint cleared": lambda b: cmd.ClearBreakpoint(order="A", step="s"),
    "autonomy lowered": lambda b: cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP),
    "autonomy raised": lambda b: cmd.SetAutonomy(autonomy=Autonomy.FULL),
    "retreat": lambda b: cmd.Retreat(),
    "retreat stopped": lambda b: cmd.StopRetreat(),
    "end of a retreat": lambda b: cmd.EndRetreat(retreat="retreat/1", outcome="succeeded"),
    "motion of a retreat proposed": lambda b: cmd.ProposeMotion(effect="retreat/1", motion="m1"),
    "trail noted": lambda b: cmd.NoteTrail(points=((0.0,) * 6, (1.0,) * 6)),
    "motion of a look proposed": lambda b: cmd.ProposeMotion(effect=f"u1/s/{_attempt(b)}/look1/ride1", motion="m1"),
}


# ---- the table -------------------------------------------------------------------------------------------------
# Row: what comes. Cell: the events that follow, or the refusal; after "->" the step's new status where it changes.
# "*" stands for every column that the row does not name.

TABLE: dict[str, dict[str, str]] = {
    "retreat": {"*": "refused: interlock"},  # in a cell that runs; of one that is held: test_retreat_races
    "retreat stopped": {"*": "nothing"},
    "end of a retreat": {"*": "outcome_ignored"},
    "motion of a retreat proposed": {"*": "refused: stale"},
    "trail noted": {"*": "nothing"},
    "skill succeeded": {
        "robot asked": "skill_ended check_requested -> verifying",
        "both brought": "skill_ended",
        "*": "outcome_ignored",
    },
    "skill failed": {
        "robot asked both brought": "skill_ended step_failed -> ready",
        "*": "outcome_ignored",
    },
    "skill timed out": {
        "robot asked both brought": "skill_ended step_failed -> ready",
        "*": "outcome_ignored",
    },
    "skill cancelled": {
        "robot asked both brought": "skill_ended step_failed -> ready",
        "*": "outcome_ignored",
    },
    "skill of another attempt": {
        "*": "outcome_ignored",
    },
    "verdict ok": {
        "looked_at riding": "check_ended part_moved step_done -> done",
        "*": "outcome_ignored",
    },
    "verdict missing": {
        "looked_at riding": "check_ended part_moved step_failed -> ready",
        "*": "outcome_ignored",
    },
    "verdict flipped": {
        "looked_at riding": "check_ended part_moved step_failed -> ready",
        "*": "outcome_ignored",
    },
    "verdict cannot see": {
        "looked_at riding": "check_ended check_requested",
        "*": "outcome_ignored",
    },
    "verdict of an older picture": {
        "looked_at riding": "outcome_ignored check_requested",
        "*": "outcome_ignored",
    },
    "verdict of a picture before a motion broke off": {
        "looked_at riding": "outcome_ignored check_requested",
        "*": "outcome_ignored",
    },
    "verdict of another look": {
        "*": "outcome_ignored",
    },
    "look starts": {
        "wanted": "look_started",
        "gone": "refused: no_step",
        "*": "refused: not_wanted",
    },
    "look broken off": {
        "riding": "look_broken_off",
        "*": "outcome_ignored",
    },
    "look blocked by the arm": {
        "looked_at": "look_blocked",
        "*": "outcome_ignored",
    },
    "look without a picture": {
        "looked_at riding": "check_ended check_requested",
        "*": "outcome_ignored",
    },
    "confirmed": {
        "looked_at wanted riding": "refused: said_already",
        "tried human late left": "step_confirmed part_moved check_requested -> verifying",
        "both": "refused: not_yet",
        "brought": "step_confirmed",
        "attest": "step_confirmed attest_given part_moved step_done -> done",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "confirmed for an older attempt": {
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "confirmed for an attempt to come": {
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "confirmed from another place": {
        "looked_at wanted riding": "refused: said_already",
        "attest": "step_confirmed attest_given part_moved step_done -> done",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "problem": {
        "human late both brought looked_at wanted riding attest": "step_failed -> attention",
        "going_back": "rewind_stopped step_doubted -> attention",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "start by the robot": {
        "ready": "step_started -> active",
        "stepped marked": "refused: release",
        "tried left": "refused: unsaid",
        "gone": "refused: no_step",
        "*": "refused: not_ready",
    },
    "start by a person": {
        "ready tried stepped": "step_started -> active",
        "marked": "refused: release",
        "left": "refused: actor",
        "gone": "refused: no_step",
        "*": "refused: not_ready",
    },
    "choice retry": {
        "late": "refused: not_offered",
        "attention": "step_answered -> ready",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "choice recheck": {
        "late": "refused: not_offered",
        "attention": "step_answered check_requested -> verifying",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "choice for an older attempt": {
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "choice other actor": {
        "late": "step_failed step_answered step_handed_over -> ready",  # the look waits until the place is clear
        "attention": "step_answered -> ready",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "choice wait": {
        "late": "step_answered",
        "attention": "refused: not_offered",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "overdue": {
        "*": "nothing",
    },
    "given to the robot": {
        "human both brought looked_at wanted riding going_back": "refused: not_overdue",
        "late": "step_failed step_handed_over check_requested -> verifying",
        "*": "refused: stale",
    },
    "taken over": {
        "late": "step_failed step_started",
        "gone": "refused: stale",
        "*": "refused: not_offered",
    },
    "place clear": {
        "left": "place_cleared check_requested -> verifying",
        "tried": "place_cleared",
        "*": "nothing",
    },
    "undo": {
        "done": "part_moved step_undone -> ready",
        "gone": "refused: no_step",
        "*": "refused: not_done",
    },
    "gripper feels something": {
        "robot asked both brought riding": "nothing",
        "*": "grip_contradicted",
    },
    "moves unasked": {  # a skill between two motions asks for none
        "*": "cell_changed",
    },
    "gripper feels nothing": {
        "*": "nothing",
    },
    "going back": {
        "attention done": "rewind_started",
        "skipped": "rewind_started step_undone -> ready",
        "gone": "refused: no_step",
        "*": "refused: no_rewind",
    },
    "taking off": {
        "going_back": "refused: not_ready",
        "gone": "refused: no_step",
        "*": "refused: not_next",
    },
    "taken off": {
        "going_back": "part_moved step_undone -> ready",
        "*": "refused: stale",
    },
    "back no further": {
        "going_back": "rewind_stopped step_doubted -> attention",
        "*": "refused: stale",
    },
    "hold": {
        "*": "cell_changed",
    },
    "stop": {
        "*": "cell_changed",
    },
    "protective stop": {
        "*": "safety_changed cell_changed",
    },
    "emergency stop": {
        "*": "safety_changed cell_changed",
    },
    "robot's data stale": {
        "*": "safety_changed cell_changed",
    },
    "device lost": {
        "*": "place_left",
    },
    "lull reported": {  # everywhere else somebody can go on, is at it, or was asked
        "left": "cell_changed",  # the robot waits until somebody says that the place is clear
        "*": "nothing",
    },
    "robot paused": {
        "*": "paused",
    },
    "place paused": {
        "*": "paused",
    },
    "pause too long": {
        "*": "cell_changed",
    },
    "motion proposed under a pause": {
        "*": "refused: paused",
    },
    "start by the robot under a pause": {
        "ready tried left": "refused: paused",
        "stepped marked": "refused: release",
        "gone": "refused: no_step",
        "*": "refused: not_ready",
    },
    "look starts under a pause": {
        "wanted": "refused: interlock",
        "gone": "refused: no_step",
        "*": "refused: not_wanted",
    },
    "confirmed under a pause": {  # evidence always counts
        "looked_at wanted riding": "refused: said_already",
        "tried human late left": "step_confirmed part_moved check_requested -> verifying",
        "both": "refused: not_yet",
        "brought": "step_confirmed",
        "attest": "step_confirmed attest_given part_moved step_done -> done",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "skill succeeded under a pause": {
        "robot asked": "skill_ended check_requested -> verifying",
        "both brought": "skill_ended",
        "*": "outcome_ignored",
    },
    "restart": {
        "robot asked": "cell_restarted skill_ended check_requested -> verifying",
        "both": "cell_restarted skill_ended step_failed -> attention",
        "brought": "cell_restarted part_moved skill_ended step_failed -> attention",
        "looked_at wanted riding": "cell_restarted check_requested",
        "*": "cell_restarted",
    },
    "order paused": {
        "gone": "refused: illegal_move",
        "*": "order_changed",
    },
    "order aborted": {
        "gone": "refused: illegal_move",
        "*": "unit_ended order_changed -> gone",
    },
    "part grasped": {
        "*": "part_moved",
    },
    "part let go": {
        "gone": "outcome_ignored",
        "*": "part_moved",
    },
    "part taken away": {
        "going_back": "part_moved",
        "looked_at wanted": "refused: verifying",
        "brought riding": "refused: moving",
        "done": "refused: built_in",
        "*": "refused: no_part",
    },
    "motion proposed": {
        "robot both brought": "motion_intended",
        "asked": "refused: duplicate",
        "*": "refused: stale",
    },
    "motion approved": {
        "asked": "motion_approved motion_intended",
        "*": "refused: stale",
    },
    "motion approved by the same person": {
        "asked": "refused: same_person",
        "*": "refused: stale",
    },
    "motion refused": {
        "asked": "motion_refused",
        "*": "refused: stale",
    },
    "motion ended": {
        "asked": "motion_ended",
        "*": "outcome_ignored",
    },
    "next": {
        "stepped marked": "step_released",
        "gone": "refused: no_step",
        "*": "refused: stale",
    },
    "breakpoint set": {
        "*": "breakpoint_set",
    },
    "breakpoint cleared": {
        "marked": "breakpoint_cleared",
        "*": "nothing",
    },
    "autonomy lowered": {
        "stepped": "nothing",
        "*": "autonomy_changed",
    },
    "autonomy raised": {
        "stepped asked": "autonomy_changed",
        "*": "nothing",
    },
    "motion of a look proposed": {
        "riding": "motion_intended",
        "*": "refused: stale",
    },
}


def _expected(row: str, column: str) -> str:
    named = {name: cell for names, cell in TABLE[row].items() for name in names.split()}
    return named.get(column, named["*"])


def _status(bench: Bench) -> str:
    found = bench.state.step("u1", "s")
    return str(found[1].status) if found else "gone"


def test_the_table_has_a_row_for_everything_that_comes_and_names_no_unknown_column() -> None:
    assert TABLE.keys() == ROWS.keys()
    assert {name for row in TABLE.values() for names in row for name in names.split()} <= {*COLUMNS, "*"}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", ROWS)
def test_every_pair_of_event_and_status_has_its_outcome(row: str, column: str) -> None:
    bench = COLUMNS[column]()
    before = _status(bench)
    outcome = types(bench.ask(ROWS[row](bench)))
    after = _status(bench)
    assert outcome + (f" -> {after}" if after != before else "") == _expected(row, column)
    assert bench.replayed() == bench.state


# ---- races of three and more -----------------------------------------------------------------------------------


def test_success_after_a_cancel_moves_the_part_in_the_ledger_but_never_finishes_the_step() -> None:
    bench = robot()
    bench.do(bench.skill("s", "canceled"))
    bench.do(bench.moved("pin", "placed", "u1/body", frame="seat"))
    assert types(bench.do(bench.skill("s"))) == "outcome_ignored"
    fact = bench.state.world.get("u1/pin")
    assert fact is not None
    assert fact.holder == "u1/body"
    assert bench.at("s").status == "ready"


def test_success_after_a_time_out_never_finishes_the_step() -> None:
    bench = robot()
    bench.do(bench.skill("s", "failed", code="timeout"))
    assert types(bench.do(bench.skill("s"))) == "outcome_ignored"
    assert bench.at("s").status == "ready"


def test_a_stop_while_verifying_keeps_the_verdict_of_an_untouched_scene() -> None:
    bench = looked_at()
    look = bench.seen("s")
    bench.do(cmd.ChangeCell(verb=CellVerb.STOP))
    bench.do(look)
    assert bench.at("s").status == "done"


@pytest.mark.parametrize("part", ["pin", "body"])
def test_a_stop_while_verifying_drops_the_verdict_when_part_or_support_was_touched_since(part: str) -> None:
    bench = looked_at()
    look = bench.seen("s")
    bench.wait(1)
    bench.do(cmd.ChangeCell(verb=CellVerb.STOP))
    bench.do(bench.moved(part, "placed", "u1/body" if part == "pin" else "nest_1", frame="seat"))
    assert types(bench.do(look)) == "outcome_ignored check_requested"
    bench.do(bench.seen("s"))
    assert bench.at("s").status == "done"


@pytest.mark.parametrize("outcome", ["canceled", "aborted", "unknown"])
def test_a_verdict_is_dropped_when_the_arm_has_ended_otherwise_than_planned_since(outcome: str) -> None:
    bench = looked_at()
    look = bench.seen("s")
    bench.wait(0.2)
    _motion(bench, outcome)
    assert types(bench.do(look)) == "outcome_ignored check_requested"
    bench.do(bench.seen("s"))
    assert bench.at("s").status == "done"


@pytest.mark.parametrize("outcome", ["succeeded", "rejected"])
def test_a_motion_elsewhere_that_goes_as_planned_leaves_a_verdict_be(outcome: str) -> None:
    bench = looked_at()
    look = bench.seen("s")
    bench.wait(0.2)
    _motion(bench, outcome)
    bench.do(look)
    assert bench.at("s").status == "done"


def test_a_verdict_is_dropped_when_hands_were_at_the_unit_since() -> None:
    beside = step("beside", ["load"], part="lid", at="press", check=["person"], by="human")
    racer = step("s", ["load"], part="pin", at="body/seat", by="robot")
    bench = Bench().running(variant(step("load", part="body", at="nest", by="robot"), racer, beside))
    bench.finish("load")
    bench.start("s", "robot")
    bench.do(bench.skill("s"))
    bench.start("beside", "front")
    look = bench.seen("s")
    bench.wait(0.2)
    bench.do(bench.confirm("beside"))
    assert types(bench.do(look)) == "outcome_ignored check_requested"
    bench.do(bench.seen("s"))
    assert bench.at("s").status == "done"


def test_a_verdict_from_before_a_restart_is_dropped() -> None:
    bench = looked_at()
    look = bench.seen("s")
    bench.wait(0.2)
    bench.do(cmd.ReportRestart())
    assert types(bench.do(look)) == "outcome_ignored"


def test_a_camera_whose_pictures_are_always_too_old_ends_in_a_question() -> None:
    bench = looked_at()
    for _ in range(4):
        assert types(bench.do(bench.seen("s", shot_t=5.0))) == "outcome_ignored check_requested"
    assert types(bench.do(bench.seen("s", shot_t=5.0))) == "check_ended step_failed"
    assert bench.at("s").status == "attention"


def test_a_touch_after_the_camera_and_before_the_person_asks_the_camera_again() -> None:
    bench = _bench(check="camera person")
    bench.start("s", "robot")
    bench.do(bench.skill("s"))
    bench.do(bench.seen("s"))
    assert bench.at("s").wants == {"attest"}
    bench.wait(1)
    bench.do(bench.moved("pin", "placed", "u1/body", frame="seat"))
    bench.do(bench.confirm("s"))
    assert bench.at("s").wants == {"camera"}
    bench.do(bench.seen("s"))
    assert bench.at("s").status == "done"


def test_a_touch_after_a_persons_word_takes_the_word_back() -> None:
    bench = _bench(check="camera person")
    bench.start("s", "front")
    bench.do(bench.confirm("s"))
    bench.wait(1)
    bench.do(bench.moved("body", "placed", "nest_1"))
    bench.do(bench.seen("s"))
    assert bench.at("s").wants == {"attest"}


def test_a_late_confirmation_is_a_claim_that_the_camera_judges() -> None:
    bench = tried()
    bench.do(bench.confirm("s", attempt=1))
    assert bench.at("s").attempt == 2
    assert bench.at("s").status == "verifying"
    bench.do(bench.seen("s", "missing"))
    assert bench.at("s").status == "attention"


def test_a_late_confirmation_is_good_for_one_claim() -> None:
    bench = tried()
    late = bench.confirm("s", attempt=1)
    bench.do(late)
    bench.do(bench.seen("s", "missing"))
    bench.do(bench.choice("s", "retry"))
    assert bench.no(bench.confirm("s", attempt=2)) == "stale"  # the claim was an attempt, and confirmed


def test_a_late_confirmation_brings_its_own_values() -> None:
    bench = _bench()
    bench.start("s", "robot")
    bench.do(bench.skill("s", "failed", code="slipped", values={"force_N": 3.0}))
    bench.start("s", "front")
    bench.do(cmd.ReportProblem(unit="u1", step="s", attempt=2, place="front", code="dropped"))
    bench.do(bench.choice("s", "retry"))
    bench.do(bench.confirm("s", attempt=2))
    assert bench.at("s").values == {}
    assert bench.at("s").witnesses == ("op-front",)


def test_nobody_confirms_late_what_the_robot_tried() -> None:
    bench = robot()
    bench.do(bench.skill("s", "failed", code="slipped"))
    assert bench.no(bench.confirm("s", attempt=1)) == "stale"


def test_an_either_step_goes_to_whoever_is_first() -> None:
    bench = ready()
    bench.start("s", "robot")
    assert bench.no(cmd.StartStep(unit="u1", step="s", actors=("front",))) == "not_ready"


def test_an_actor_has_one_step_at_a_time() -> None:
    bench = Bench().running(variant(step("a", by="human", check=["person"]), step("b", by="human", check=["person"])))
    bench.start("a", "front")
    assert bench.no(cmd.StartStep(unit="u1", step="b", actors=("front",))) == "lane"
    bench.start("b", "back")


def test_a_double_confirmation_counts_once() -> None:
    bench = human()
    twice = bench.confirm("s")
    bench.do(twice)
    assert bench.no(twice) == "said_already"
    bench.do(bench.seen("s"))
    assert bench.no(twice) == "said_already"
    assert sum(event.type == "step_confirmed" for _, event in bench.log) == 1


def test_two_people_are_two_people() -> None:
    bench = _bench(check="two_people")
    bench.start("s", "front")
    bench.do(bench.confirm("s"))
    assert bench.at("s").wants == {"attest"}
    assert bench.no(bench.confirm("s")) == "same_person"
    bench.do(cmd.JoinPlace(place="back", operator="op-front"))
    assert bench.no(bench.confirm("s", "back")) == "same_person"
    bench.do(cmd.JoinPlace(place="back", operator="op-other"))
    bench.do(bench.confirm("s", "back"))
    assert bench.at("s").status == "done"


def test_two_people_look_at_what_the_robot_did() -> None:
    bench = _bench(check="two_people")
    bench.start("s", "robot")
    bench.do(bench.skill("s"))
    bench.do(bench.confirm("s", "front"))
    assert bench.no(bench.confirm("s", "front")) == "same_person"
    bench.do(bench.confirm("s", "back"))
    assert bench.at("s").status == "done"


def test_a_failed_skill_takes_the_other_hands_confirmation_with_it() -> None:
    bench = brought()
    bench.do(bench.confirm("s"))
    bench.do(bench.skill("s", "failed", code="jam"))
    bench.start("s", "robot", "front")
    assert bench.at("s").wants == {"skill", "confirm"}


def test_a_person_who_confirms_before_the_gripper_lets_go_does_not_empty_it() -> None:
    bench = brought()
    bench.do(bench.confirm("s"))
    held = bench.state.world.held()
    assert held is not None
    assert held.part == "u1/pin"
    bench.do(bench.moved("pin", "released", "place:front"))
    assert types(bench.do(bench.skill("s"))) == "skill_ended part_moved check_requested"
    fact = bench.state.world.get("u1/pin")
    assert fact is not None
    assert (fact.holder, fact.frame) == ("u1/body", "seat")


def test_a_hold_during_a_handover_calls_the_skill_off_and_keeps_the_grip() -> None:
    bench = brought()
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    bench.do(bench.skill("s", "canceled"))
    bench.do(cmd.SettleCell(state="holding"))
    assert bench.at("s").status == "ready"
    assert bench.state.world.held() is not None
    assert bench.no(cmd.StartStep(unit="u1", step="s", actors=("robot", "front"))) == "interlock"


def test_a_robot_whose_skill_was_called_off_starts_nothing_before_it_stands() -> None:
    bench = both()
    bench.do(cmd.ReportProblem(unit="u1", step="s", attempt=1, place="front", code="dropped"))
    again = cmd.StartStep(unit="u1", step="s", actors=("robot", "front"))
    assert bench.no(again) == "ending"
    assert types(bench.do(bench.skill("s", "canceled", attempt=1))) == "outcome_ignored"
    assert bench.no(again) == "unclear"
    bench.do(cmd.ClearPlace(place="front"))
    bench.do(again)


def test_two_units_in_flight_with_a_part_in_the_gripper() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat")
    bench = Bench().running(variant(load, pin), quantity=2, units=2)
    bench.finish("load", unit="u1")
    bench.finish("load", unit="u2")
    bench.start("pin", "robot", unit="u1")
    bench.do(bench.moved("pin", "grasped", "gripper", unit="u1"))
    bench.do(bench.skill("pin", "failed", code="interrupted", unit="u1"))
    assert bench.no(cmd.StartStep(unit="u2", step="pin", actors=("robot",))) == "gripper"
    bench.do(bench.choice("pin", "retry", unit="u1"))
    assert bench.no(cmd.StartStep(unit="u1", step="pin", actors=("front",))) == "gripper"
    bench.start("pin", "robot", unit="u1")
    bench.do(bench.moved("pin", "placed", "u1/body", frame="seat"))
    bench.do(bench.skill("pin", unit="u1"))
    bench.start("pin", "robot", unit="u2")


def test_outcomes_after_the_unit_has_ended_are_kept_as_ignored() -> None:
    bench = robot()
    late = bench.skill("s")
    bench.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT))
    assert types(bench.do(late)) == "outcome_ignored"
    assert types(bench.do(bench.moved("pin", "placed", "u1/body"))) == "outcome_ignored"
    assert set(bench.state.world.facts) == {"u1/body"}


def test_a_part_that_was_handed_over_or_set_down_may_be_confirmed() -> None:
    handed = brought()
    handed.do(handed.moved("pin", "released", "place:front"))
    handed.do(handed.confirm("s"))
    assert handed.at("s").wants == {"skill"}
    over = both()
    over.do(over.skill("s"))
    assert types(over.do(over.confirm("s"))) == "step_confirmed part_moved check_requested"


def test_a_safety_stop_while_holding_asks_for_a_word_before_moving_on() -> None:
    bench = ready()
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    bench.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    bench.do(cmd.SettleCell(state="holding"))
    bench.do(cmd.ReportSafety(safety=Safety.NORMAL))
    assert bench.no(cmd.ChangeCell(verb=CellVerb.UNHOLD)) == "interlock"
    bench.do(cmd.Acknowledge())
    bench.verb(CellVerb.UNHOLD)


@pytest.mark.parametrize("safety", [Safety.SAFEGUARD_STOP, Safety.UNKNOWN])
def test_any_safety_stop_of_a_held_cell_asks_for_a_word(safety: Safety) -> None:
    bench = ready()
    bench.verb(CellVerb.HOLD)
    bench.do(cmd.ReportSafety(safety=safety))
    bench.do(cmd.ReportSafety(safety=Safety.NORMAL))
    assert bench.no(cmd.ChangeCell(verb=CellVerb.UNHOLD)) == "interlock"


def test_half_of_a_joint_step_is_no_claim_when_the_other_half_failed_before() -> None:
    bench = both()
    late = bench.confirm("s")
    bench.do(bench.skill("s", "failed", code="jam"))
    assert bench.no(late) == "stale"


# ---- what meets an approval --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "comes",
    [
        cmd.ChangeCell(verb=CellVerb.HOLD),
        cmd.ChangeCell(verb=CellVerb.STOP),
        cmd.ChangeCell(verb=CellVerb.ABORT),
        cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP),
        cmd.ReportSafety(safety=Safety.UNKNOWN),
        cmd.ReportSafety(safety=Safety.EMERGENCY_STOP),
    ],
    ids=["hold", "stop", "abort", "protective stop", "stale data", "emergency stop"],
)
def test_the_last_approval_comes_too_late_for_a_cell_that_was_stopped(comes: cmd.Command) -> None:
    bench = asked()
    bench.do(comes)
    assert bench.no(cmd.ApproveMotion(motion="m1", place="front")) == "interlock"
    bench.do(bench.skill("s", "canceled"))
    assert bench.state.motions == {}
    assert bench.no(cmd.ApproveMotion(motion="m1", place="front")) == "stale"


def test_an_approval_of_before_a_restart_is_good_for_nothing_after_it() -> None:
    bench = asked()
    bench.do(cmd.ReportRestart())
    assert bench.state.motions == {}
    assert bench.no(cmd.ApproveMotion(motion="m1", place="front")) == "stale"


def test_a_time_out_takes_a_waiting_motion_and_its_approvals_along() -> None:
    bench = asked()
    bench.do(bench.skill("s", "failed", code="timeout"))
    assert bench.state.motions == {}
    bench.start("s", "robot")
    bench.do(cmd.ProposeMotion(effect="u1/s/2/skill", motion="m2"))
    assert bench.state.motions["m2"].approved_by == ()


def test_an_approver_whose_device_is_lost_has_not_approved() -> None:
    bench = asked()
    bench.do(cmd.LeavePlace(place="back"))
    assert types(bench.do(cmd.ApproveMotion(motion="m1", place="front"))) == "motion_approved"
    bench.do(cmd.JoinPlace(place="back", operator="op-back"))
    assert types(bench.do(cmd.ApproveMotion(motion="m1", place="back"))) == "motion_approved motion_intended"


def test_an_approver_whose_screen_is_lost_has_not_approved() -> None:
    bench = asked()
    bench.do(cmd.ReportDevice(place="back", there=False))
    assert bench.state.motions["m1"].approved_by == ()
    assert types(bench.do(cmd.ApproveMotion(motion="m1", place="front"))) == "motion_approved"


def test_who_refuses_first_wins_over_who_approves_last() -> None:
    bench = asked()
    bench.do(cmd.RefuseMotion(motion="m1", place="back"))
    assert bench.no(cmd.ApproveMotion(motion="m1", place="front")) == "stale"
