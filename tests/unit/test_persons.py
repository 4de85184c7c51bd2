"""A card is made for one person: the next one at the place does not sign with it."""

from __future__ import annotations

from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")


def _pinning(check: tuple[str, ...] = ("camera",)) -> Bench:
    bench = Bench().running(variant(LOAD, step("pin", ["load"], part="pin", at="body/seat", by="human", check=check)))
    bench.finish("load")
    bench.start("pin", "front")
    return bench


def _bob_follows(bench: Bench) -> None:
    bench.do(cmd.LeavePlace(place="front"))
    bench.do(cmd.JoinPlace(place="front", operator="bob", qualifications=("welder",)))


def test_a_word_that_comes_as_the_next_person_is_there_is_not_theirs() -> None:
    bench = _pinning()
    word = bench.confirm("pin", operator="op-front")
    _bob_follows(bench)
    refused = bench.ask(word, WORKER)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.remedy) == ("other_person", "op-front can sign in and say it again.")
    assert bench.at("pin").attempts[-1].operator != "bob"
    bench.do(bench.confirm("pin", operator="bob"), WORKER)
    assert bench.at("pin").attempts[-1].operator == "bob"


def test_the_second_of_two_people_is_not_the_first_one_by_a_card_of_before() -> None:
    bench = _pinning(check=("two_people",))
    bench.do(bench.confirm("pin", operator="op-front"), WORKER)
    word = bench.confirm("pin", "back", operator="op-back")
    bench.do(cmd.LeavePlace(place="back"))
    bench.do(cmd.JoinPlace(place="back", operator="bob"))
    assert bench.no(word, WORKER) == "other_person"
    assert bench.at("pin").status == "verifying"


def test_a_word_that_something_is_taken_off_is_of_who_took_it_off() -> None:
    bench = Bench().running(
        variant(
            LOAD,
            step("pin", ["load"], part="pin", at="body/seat", by="human", check=["person"]),
            step("out", ["pin"], part="body", at="out", by="human", check=["person"]),
        )
    )
    bench.finish("load")
    bench.finish("pin", "front")
    bench.do(cmd.Rewind(unit="u1", step="pin", reason="wrong"), SUPERVISOR)
    bench.do(cmd.StartUndo(unit="u1", step="pin", place="front"))
    said = {"unit": "u1", "step": "pin", "attempt": bench.at("pin").attempt, "place": "front"}
    _bob_follows(bench)
    assert bench.no(cmd.ConfirmUndo.model_validate({**said, "operator": "op-front"}), WORKER) == "other_person"
    assert (
        types(bench.do(cmd.ConfirmUndo.model_validate({**said, "operator": "bob"}), WORKER)) == "part_moved step_undone"
    )
