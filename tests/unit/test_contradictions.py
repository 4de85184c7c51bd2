"""Ledger, gripper and camera may say otherwise of a part: each pair, what becomes of it, and how it is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.doubt import doubtful
from orchestrator.core.machine import OrderVerb
from orchestrator.core.readiness import blockers
from orchestrator.core.rides import arm_blockers
from orchestrator.engine.contradicting import contradictions
from orchestrator.engine.offers import granted
from tests.unit.core_builders import WORKER, Bench, step, types, variant

if TYPE_CHECKING:
    from collections.abc import Callable

LOAD = step("load", part="body", at="nest", by="robot", check=["camera"])
PIN = step("pin", ["load"], part="pin", at="body/seat")


def bench() -> Bench:
    out = Bench().running(variant(LOAD, PIN, step("lid", ["pin"], part="lid", at="body/top"), CARRY))
    out.finish("load")
    return out


CARRY = step("carry", ["load"], part="glue", at="waste", by="robot", check=["none"])


def holding() -> Bench:
    """The pin hangs in the gripper, and nothing runs: its attempt was called off."""
    b = bench()
    b.start("pin", "robot")
    b.do(b.moved("pin", "grasped", "gripper"))
    b.do(b.skill("pin", "canceled"))
    return b


def grip(b: Bench, *, holding: bool) -> str:
    return types(b.do(cmd.ReportGrip(holding=holding)))


def certainty(b: Bench, part: str = "pin") -> str:
    fact = b.state.world.get(f"u1/{part}")
    return fact.certainty if fact is not None else "gone"


def says(b: Bench) -> list[tuple[str, str]]:
    """Each source with what it says, of the one contradiction that there is."""
    (found,) = contradictions(b.state, granted)
    assert all(said.text["en"] and said.text["de"] for said in found.says)
    assert found.settle["de"]
    return [(said.source, said.text["en"]) for said in found.says]


def robot_waits(b: Bench, name: str = "carry") -> set[str]:
    return {why.code for why in blockers(b.state, b.state.units["u1"], b.step(name), ("robot",), b.t)}


# ---- ledger and gripper ----------------------------------------------------------------------------------------


def test_the_ledger_has_it_in_the_gripper_and_the_gripper_feels_nothing() -> None:
    b = holding()
    assert grip(b, holding=False) == "grip_contradicted part_moved"
    assert certainty(b) == "doubtful"
    assert says(b) == [("ledger", "it is in the gripper"), ("gripper", "nothing is between the fingers")]
    assert "contradiction" in robot_waits(b, "pin")
    assert "contradiction" in {why.code for why in arm_blockers(b.state)}
    assert b.no(cmd.SettlePart(part="u1/pin"), WORKER) == "not_felt"
    assert types(b.do(cmd.TakePart(part="u1/pin"), WORKER)) == "part_moved"
    assert b.state.grip is None
    assert contradictions(b.state, granted) == ()
    assert robot_waits(b) == set()
    assert b.replayed() == b.state


def test_what_is_felt_again_stays_in_doubt_until_a_person_has_looked() -> None:
    b = holding()
    grip(b, holding=False)
    assert grip(b, holding=True) == "grip_contradicted"
    assert certainty(b) == "doubtful"
    assert "contradiction" in robot_waits(b, "pin")
    assert types(b.do(cmd.SettlePart(part="u1/pin"), WORKER)) == "part_settled part_moved"
    assert certainty(b) == "known"
    assert b.state.grip is None
    assert grip(b, holding=True) == "nothing"
    b.start("pin", "robot")


def test_the_gripper_feels_what_the_ledger_knows_nothing_of() -> None:
    b = bench()
    assert grip(b, holding=True) == "grip_contradicted"
    assert says(b) == [("ledger", "the gripper is empty"), ("gripper", "something is between the fingers")]
    assert robot_waits(b) == {"contradiction"}
    assert blockers(b.state, b.state.units["u1"], b.step("pin"), ("front",), b.t) == []  # a person may go on
    assert grip(b, holding=True) == "nothing"
    assert grip(b, holding=False) == "grip_agreed"
    assert robot_waits(b) == set()
    assert b.replayed() == b.state


def test_taken_out_by_a_persons_word_and_still_felt() -> None:
    b = holding()
    b.do(cmd.TakePart(part="u1/pin"), WORKER)
    assert grip(b, holding=True) == "grip_contradicted"
    assert says(b)[1] == ("gripper", "something is between the fingers")
    assert grip(b, holding=False) == "grip_agreed"


def test_another_part_is_believed_in_the_gripper_by_then() -> None:
    b = bench()
    grip(b, holding=True)
    b.do(b.moved("pin", "grasped", "gripper"))
    assert grip(b, holding=True) == "grip_agreed"
    assert grip(b, holding=False) == "grip_contradicted part_moved"
    b.do(b.moved("pin", "placed", "press"))
    assert b.state.grip is None


def at_a_skill(b: Bench) -> None:
    b.start("pin", "robot")


def called_off(b: Bench) -> None:
    b.start("pin", "robot")
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT))


def in_motion(b: Bench) -> None:
    b.tell(ev.MotionIntended(effect="x", motion="m", text="go home", plan="", duration_s=1.0, preview=()))


def by_hand(b: Bench) -> None:
    b.tell(ev.ManualStarted(motion="manual/1", what="close", by="boss"))


@pytest.mark.parametrize("moves", [at_a_skill, called_off, in_motion, by_hand])
def test_while_anything_moves_the_gripper_contradicts_nobody(moves: Callable[[Bench], None]) -> None:
    b = bench()
    moves(b)
    assert grip(b, holding=True) == "nothing"


def test_nothing_is_contradicted_where_both_agree() -> None:
    assert grip(bench(), holding=False) == "nothing"
    assert grip(holding(), holding=True) == "nothing"


def test_a_restart_asks_the_gripper_anew() -> None:
    b = holding()
    grip(b, holding=False)
    b.do(cmd.ReportRestart(holding=False))
    assert b.state.grip is None
    assert certainty(b) == "unknown"  # lost


# ---- ledger and camera -----------------------------------------------------------------------------------------


def seen(b: Bench, verdict: str) -> None:
    """The camera looks at the pin after the robot has placed it."""
    b.start("pin", "robot")
    b.do(b.moved("pin", "placed", "u1/body", frame="seat"))
    b.do(b.skill("pin"))
    b.do(b.seen("pin", verdict, offset_mm=(3.0, 0, 0) if verdict == "displaced" else None, reason="a bolt"))


def at_the_end(b: Bench, verdict: str) -> None:
    """The camera saw the pin in its place, and looks once more before the unit leaves."""
    for name in ("pin", "carry", "lid"):
        b.start(name, "robot")
        if name != "carry":
            b.do(b.moved(name, "placed", "u1/body", frame="seat" if name == "pin" else "top"))
        b.do(b.skill(name))
        if b.at(name).effect:
            b.do(b.seen(name))
    b.wait(1)
    for name in tuple(b.state.units["u1"].rechecking):
        found = verdict if name == "pin" else "ok"
        more = {"offset_mm": (3.0, 0, 0)} if found == "displaced" else {"reason": "a bolt"}
        b.do(b.seen_again(name, found, **more))


CAMERA: dict[str, tuple[Callable[[Bench, str], None], str, str]] = {
    "missing after placing": (seen, "missing", "unknown"),
    "beside after placing": (seen, "displaced", "known"),
    "upside down after placing": (seen, "flipped", "doubtful"),
    "another part after placing": (seen, "wrong", "doubtful"),
    "missing at the last look": (at_the_end, "missing", "unknown"),
    "beside at the last look": (at_the_end, "displaced", "known"),
    "another part at the last look": (at_the_end, "wrong", "doubtful"),
}


@pytest.mark.parametrize("pair", CAMERA)
def test_the_ledger_has_it_in_its_seat_and_the_camera_says_otherwise(pair: str) -> None:
    look, verdict, sure = CAMERA[pair]
    b = bench()
    look(b, verdict)
    assert b.at("pin").status == "attention"  # nothing is built on it: the question settles it
    assert b.at("lid").status in {"waiting", "done"}
    assert certainty(b) == sure
    if sure == "doubtful":
        assert ("ledger", "it sits on Body (seat)") in says(b)
        assert says(b)[-1][0] == "camera"
        assert b.no(cmd.SettlePart(part="u1/pin"), WORKER) == "in_question"


def test_the_ledger_has_it_in_the_gripper_and_the_camera_sees_it_in_its_seat() -> None:
    b = bench()
    b.start("pin", "robot")
    b.do(b.moved("pin", "grasped", "gripper"))
    b.do(b.skill("pin"))
    b.do(b.seen("pin"))
    assert certainty(b) == "doubtful"
    assert says(b)[0] == ("ledger", "it is in the gripper")
    assert says(b)[-1] == ("camera", "it is in its place")
    assert b.no(cmd.StartStep(unit="u1", step="carry", actors=("robot",))) == "gripper"
    b.do(cmd.SettlePart(part="u1/pin"), WORKER)
    assert certainty(b) == "known"


def test_a_person_said_so_and_the_camera_can_not_see_it() -> None:
    b = bench()
    b.start("pin", "front")
    b.do(b.confirm("pin"))
    for _ in range(2):
        b.do(b.seen("pin", "cannot_see", reason="glare"))
    assert certainty(b) == "doubtful"
    assert b.at("pin").status == "attention"
    assert says(b)[-1][0] == "camera"
    b.do(b.choice("pin", "recheck"), WORKER)
    b.do(b.seen("pin"))
    assert certainty(b) == "known"
    assert contradictions(b.state, granted) == ()


# ---- settling --------------------------------------------------------------------------------------------------


def test_nobody_builds_on_a_part_that_is_doubtful() -> None:
    b = bench()
    fact = b.state.world.get("u1/body")
    assert fact is not None
    b.tell(doubtful(fact))
    for actor in ("robot", "front"):
        why = {reason.code for reason in blockers(b.state, b.state.units["u1"], b.step("pin"), (actor,), b.t)}
        assert why == {"doubtful"}
    (found,) = contradictions(b.state, granted)
    assert [button.label for button in found.buttons] == ["settle_part"]
    b.do(cmd.SettlePart(part="u1/body"), WORKER)
    b.start("pin", "robot")


def test_what_is_not_doubtful_needs_no_word() -> None:
    b = bench()
    assert b.no(cmd.SettlePart(part="u1/body"), WORKER) == "not_doubtful"
    assert b.no(cmd.SettlePart(part="u1/none"), WORKER) == "not_doubtful"
