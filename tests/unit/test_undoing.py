"""What a person may take back from their own card."""

from __future__ import annotations

from orchestrator.core import commands as cmd
from orchestrator.core.machine import StepStatus
from orchestrator.engine import undoing
from orchestrator.engine.offers import granted
from tests.unit.core_builders import Bench, step, variant

HUMAN = {"by": "human", "check": ["person"]}


def _bench(**more: object) -> Bench:
    load = step("load", part="body", at="nest", by="robot")
    fit = step("fit", ["load"], part="pin", at="body/seat", **{**HUMAN, **more})
    bench = Bench().running(variant(load, fit, step("wipe", ["fit"], **HUMAN), step("last", ["wipe"], **HUMAN)))
    bench.finish("load")
    bench.finish("fit", "front")
    return bench


def _offer(bench: Bench, place: str = "front") -> dict[str, object] | None:
    buttons = undoing.own(bench.state, place, granted)
    return {**buttons[0].command, "label": buttons[0].label, "danger": buttons[0].danger} if buttons else None


def test_what_a_person_did_last_is_offered_to_be_taken_back_and_its_part_is_out_then() -> None:
    bench = _bench()
    offer = _offer(bench)
    assert offer == {
        "type": "undo_step",
        "unit": "u1",
        "step": "fit",
        "attempt": 1,
        "part_out": True,
        "label": "undo_step_empty",
        "danger": True,
    }
    bench.finish("wipe", "front")
    offer = _offer(bench)
    assert offer is not None
    assert (offer["step"], offer["part_out"], offer["label"]) == ("wipe", False, "undo_step")
    bench.do(cmd.UndoStep(unit="u1", step="wipe", attempt=1))
    assert bench.at("wipe").status == StepStatus.READY


def test_nobody_takes_back_what_another_did_or_what_stays_as_it_is() -> None:
    assert _offer(_bench(), "nowhere") is None
    assert _offer(_bench(undo=False)) is None
    bench = _bench()
    bench.do(cmd.LeavePlace(place="front"))
    assert _offer(bench) is None
    bench.do(cmd.JoinPlace(place="front", operator="somebody else"))
    assert _offer(bench) is None


def test_nothing_is_taken_back_while_somebody_builds_on_it() -> None:
    bench = _bench()
    bench.start("wipe", "front")
    assert _offer(bench) is None


def test_a_step_that_was_made_anew_is_not_taken_back_by_a_word_about_the_one_before() -> None:
    bench = _bench()
    bench.do(cmd.UndoStep(unit="u1", step="fit", attempt=1, part_out=True))
    bench.finish("fit", "front")
    assert bench.at("fit").attempt == 2
    assert bench.no(cmd.UndoStep(unit="u1", step="fit", attempt=1, part_out=True)) == "stale"
    assert bench.at("fit").status == StepStatus.DONE
