"""The schedule: who does what next, in what place, and when waiting alone helps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb, OrderState, OrderVerb, StepStatus
from orchestrator.core.variant import Wait
from orchestrator.engine.schedule import Schedule
from tests.unit.cell_bench import authored, bench
from tests.unit.core_builders import Bench, step, variant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.variant import Step


def begun(*steps: Step, quantity: int = 1, spec: CellSpec | None = None, joined: Sequence[str] = ("front",)) -> Bench:
    """A cell in Execute with a running order of these steps, whose units the schedule has begun."""
    rig = Bench(spec, joined=joined)
    rig.do(cmd.StoreOrder(order="o", quantity=quantity, variant=variant(*steps)))
    for verb, state in ((CellVerb.START, CellState.STARTING),):
        rig.do(cmd.ChangeCell(verb=verb))
        rig.do(cmd.SettleCell(state=state))
    rig.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
    for _ in range(quantity):
        for command in proposed(rig):
            if isinstance(command, cmd.StartUnit):
                rig.do(command)
    return rig


def proposed(rig: Bench) -> list[Any]:
    return list(Schedule()(rig.state, rig.t)[0])


def starts(rig: Bench) -> dict[str, tuple[str, ...]]:
    return {f"{c.unit}/{c.step}": c.actors for c in proposed(rig) if isinstance(c, cmd.StartStep)}


@pytest.mark.parametrize(("robot_s", "human_s", "actor"), [(10, 20, "robot"), (20, 10, "front"), (10, 10, "robot")])
def test_an_either_step_goes_to_who_ends_earlier(robot_s: float, human_s: float, actor: str) -> None:
    rig = begun(step("load", part="body", at="nest", time_s={"robot": robot_s, "human": human_s}))
    assert starts(rig) == {"u1/load": (actor,)}


def test_an_either_step_waits_for_somebody_busy_who_ends_earlier() -> None:
    first = step("first", part="body", at="nest", by="robot", time_s={"robot": 10})
    either = step("either", [], part="pin", at="press", time_s={"robot": 5, "human": 40})
    rig = begun(first, either)
    assert starts(rig) == {"u1/first": ("robot",)}
    rig.do(cmd.StartStep(unit="u1", step="first", actors=("robot",)))
    assert starts(rig) == {}


def test_an_either_step_goes_to_the_free_one_where_the_other_ends_later() -> None:
    first = step("first", part="body", at="nest", by="robot", time_s={"robot": 10})
    either = step("either", [], part="pin", at="press", time_s={"robot": 5, "human": 8})
    rig = begun(first, either)
    assert starts(rig) == {"u1/first": ("robot",), "u1/either": ("front",)}


def test_units_go_to_free_nests_and_no_further() -> None:
    rig = begun(step("load", part="body", at="nest", by="robot"), quantity=5)
    assert [unit.nests for unit in rig.state.units.values()] == [{"nest": "nest_1"}, {"nest": "nest_2"}]
    assert not any(isinstance(command, cmd.StartUnit) for command in proposed(rig))


def test_two_steps_in_one_zone_are_not_begun_together() -> None:
    load = step("load", part="body", at="nest", by="robot", check=("none",))
    side = step("side", ["load"], part="pin", at="body/seat", by="robot")
    other = step("other", ["load"], part="lid", at="body/top", by="human")
    rig = begun(load, side, other)
    rig.do(cmd.StartStep(unit="u1", step="load", actors=("robot",)))
    rig.do(rig.skill("load"))
    assert list(starts(rig)) == ["u1/side"]


def test_a_window_wakes_by_itself_when_it_opens() -> None:
    glue = step("glue", part="glue", at="press", by="human", check=("person",), time_s={"human": 5})
    cure = step("cure", [Wait(step="glue", min_s=600)], part="pin", at="out", by="human", time_s={"human": 5})
    rig = begun(glue, cure)
    rig.do(cmd.StartStep(unit="u1", step="glue", actors=("front",)))
    rig.do(cmd.ConfirmStep(unit="u1", step="glue", attempt=1, place="front"))
    commands, wake = Schedule()(rig.state, rig.t)
    assert [c for c in commands if isinstance(c, cmd.StartStep)] == []
    ended = rig.at("glue").ended_t
    assert ended is not None
    assert wake == ended + 600
    rig.t = wake
    assert starts(rig) == {"u1/cure": ("front",)}


def test_nothing_is_proposed_unless_the_cell_executes() -> None:
    rig = begun(step("load", part="body", at="nest", by="robot"))
    rig.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    assert proposed(rig) == []


def test_the_same_state_gives_the_same_proposals() -> None:
    rig = begun(step("load", part="body", at="nest"), step("pin", [], part="pin", at="press"), quantity=2)
    assert proposed(rig) == proposed(rig)


def test_a_person_who_is_not_there_is_given_nothing() -> None:
    rig = begun(step("load", part="body", at="nest", by="human"), joined=())
    assert starts(rig) == {}
    rig.do(cmd.JoinPlace(place="back", operator="op"))
    assert starts(rig) == {"u1/load": ("back",)}


def test_the_cell_completes_when_every_order_has_ended_and_not_before() -> None:
    rig = begun(step("load", part="body", at="nest", by="human", check=("person",)))
    assert not any(isinstance(command, cmd.ChangeCell) for command in proposed(rig))
    rig.do(cmd.StartStep(unit="u1", step="load", actors=("front",)))
    rig.do(cmd.ConfirmStep(unit="u1", step="load", attempt=1, place="front"))
    assert rig.state.orders["o"].state == OrderState.ENDED
    (complete,) = proposed(rig)
    assert complete.verb == CellVerb.COMPLETE
    rig.do(cmd.StoreOrder(order="p", quantity=1, variant=variant(step("load", part="body", at="nest"))))
    assert proposed(rig) == []


# ---- in the running cell -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def spans(record: dict[str, Any], who: str) -> list[tuple[float, float]]:
    return [
        (attempt["started_t"], attempt["ended_t"])
        for entry in record["steps"]
        for attempt in entry["attempts"]
        if attempt["actors"] == [who]
    ]


def test_the_robot_prepares_the_next_unit_while_the_person_finishes_this_one(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as rig:
            await rig.begin(2)
            await rig.ended()
            first, second = rig.record("u1"), rig.record("u2")
            assert first["nests"] != second["nests"]
            robot = spans(second, "robot")
            person = spans(first, "front")
            both = [min(b, d) - max(a, c) for a, b in robot for c, d in person if min(b, d) > max(a, c)]
            assert sum(both) > 5
            alone = sum(
                b - a for record in (first, second) for who in ("robot", "front") for a, b in spans(record, who)
            )
            assert second["ended_t"] - first["started_t"] < alone + 40

    run_virtual(main)


def test_a_starved_step_says_so_and_goes_on_after_a_refill(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as rig:
            await rig.do(cmd.RefillBin(bin="bases", count=0))
            await rig.begin()
            await asyncio.sleep(60)
            assert rig.step("load").status == StepStatus.READY
            assert rig.step("load").attempt == 0
            lane = rig.cell.desk.screen.topics["lane/robot"]
            assert lane.text["en"] == "Bin bases has too few base for load of u1: refill it."  # type: ignore[union-attr] # a lane's view
            assert "nachfüllen" in lane.text["de"]  # type: ignore[union-attr] # a lane's view
            view = rig.cell.desk.screen.topics["cell"]
            (refill,) = [b for b in view.buttons if b.label == "refill"]  # type: ignore[union-attr] # a cell's view
            await rig.do(cmd.OUTSIDE.validate_python(refill.command))
            await rig.ended()
            assert rig.record()["state"] == "done"

    run_virtual(main)


def test_a_cure_is_waited_for_to_the_second(folder: Path, tmp_path: Path) -> None:
    authored(tmp_path)
    file = tmp_path / "stack" / "procedure.yaml"
    file.write_text(file.read_text().replace("{id: tighten, ", "{id: tighten, after: {cap: {min_s: 300}}, "))

    async def main() -> None:
        async with bench(tmp_path) as rig:
            await rig.begin()
            await rig.ended()
            steps = {entry["step"]: entry["attempts"][-1] for entry in rig.record()["steps"]}
            assert steps["tighten"]["started_t"] - steps["cap"]["ended_t"] == pytest.approx(300, abs=0.01)

    run_virtual(main)
