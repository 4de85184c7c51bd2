"""What a unit that is given up may have left where a person had it in hand: looked for before the place is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb, OrderVerb, StepStatus
from orchestrator.core.ports import Mesh
from orchestrator.core.readiness import blockers
from orchestrator.engine.contradicting import contradictions
from orchestrator.engine.schedule import Schedule
from tests.unit.cell_bench import authored
from tests.unit.cell_bench import bench as running
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, cell, step, types, variant

if TYPE_CHECKING:
    from pathlib import Path

CAMERA = {"top": {"at": {"xyz_mm": [400, 0, 1000], "rpy_deg": [180, 0, 0]}, "model": "structured_light"}}
BY_HAND = step("load", part="body", at="nest", by="human")


def given_up(cameras: dict[str, Any] = CAMERA, how: str = "abort") -> Bench:
    """A cell with one nest whose unit is given up while a person has its body in hand, and an order that waits."""
    one = variant(BY_HAND)
    parts = {**one.parts, "body": one.parts["body"].model_copy(update={"mesh": "thing/body.glb"})}
    one = one.model_copy(update={"parts": parts})
    b = Bench(cell(nests={"nest": ["nest_1"]}, cameras=cameras)).running(one)
    b.start("load", "front")
    b.do(cmd.StoreOrder(order="B", quantity=1, variant=one))
    b.do(cmd.ChangeOrder(order="B", verb=OrderVerb.START))
    if how == "abort":
        b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    else:
        problem = {"unit": "u1", "step": "load", "attempt": 1, "place": "front"}
        b.do(cmd.ReportProblem.model_validate(problem), WORKER)
        b.do(b.choice("load", "scrap", reason="bent"), SUPERVISOR)
    return b


def proposed(b: Bench) -> list[str]:
    return [command.type for command in Schedule()(b.state, b.t)[0]]


def looked(b: Bench, verdict: str, age_s: float = 0.0) -> str:
    """Have the look that is due begin and end so."""
    b.do(cmd.LookForRemains(part="u1/body"))
    effect = b.state.remains["u1/body"].effect
    measured = cmd.Measured.model_validate({"verdict": verdict, "shot_t": b.t - age_s})
    return types(b.do(cmd.EndRemainsLook(effect=effect, part="u1/body", measured=measured)))


@pytest.mark.parametrize("how", ["abort", "scrap"])
def test_the_nest_stays_taken_until_a_camera_has_seen_that_nothing_stands_there(how: str) -> None:
    b = given_up(how=how)
    if how == "abort":
        assert proposed(b) == []  # whoever was at it may still be
        assert b.no(cmd.LookForRemains(part="u1/body")) == "stale"
        b.do(cmd.ClearPlace(place="front"), WORKER)
    assert proposed(b) == ["look_for_remains"]
    assert b.no(cmd.StartUnit(order="B")) == "no_nest"
    assert looked(b, "missing") == "remains_look_ended part_moved"
    assert proposed(b) == ["start_unit"]
    assert (dict(b.state.world.facts), dict(b.state.remains)) == ({}, {})
    assert b.replayed() == b.state


def test_a_part_that_still_stands_there_is_to_be_taken_out() -> None:
    b = given_up()
    b.do(cmd.ClearPlace(place="front"), WORKER)
    assert looked(b, "ok") == "remains_look_ended part_moved"
    assert b.state.world.facts["u1/body"].certainty == "known"
    assert proposed(b) == []
    b.do(cmd.TakePart(part="u1/body"), WORKER)
    assert proposed(b) == ["start_unit"]


@pytest.mark.parametrize(("verdict", "age_s"), [("cannot_see", 0.0), ("wrong", 0.0), ("missing", 60.0)])
def test_what_the_camera_can_not_tell_a_person_says(verdict: str, age_s: float) -> None:
    b = given_up()
    b.do(cmd.ClearPlace(place="front"), WORKER)
    b.wait(100)
    assert looked(b, verdict, age_s) == "remains_look_ended"
    assert proposed(b) == []  # and it is not looked for again and again
    (doubt,) = contradictions(b.state, lambda _state, _command: True)
    assert [said.source for said in doubt.says][:2] == ["ledger", "person"]
    assert [button.label for button in doubt.buttons] == ["settle_part", "take_part"]
    b.do(cmd.TakePart(part="u1/body"), WORKER)
    assert proposed(b) == ["start_unit"]


def test_where_no_camera_looks_a_person_does() -> None:
    b = given_up(cameras={})
    b.do(cmd.ClearPlace(place="front"), WORKER)
    assert proposed(b) == []
    b.do(cmd.SettlePart(part="u1/body"), WORKER)  # it is there
    assert b.no(cmd.StartUnit(order="B")) == "no_nest"
    b.do(cmd.TakePart(part="u1/body"), WORKER)
    assert proposed(b) == ["start_unit"]


def test_after_a_restart_it_is_looked_for_anew() -> None:
    b = given_up()
    b.do(cmd.ClearPlace(place="front"), WORKER)
    b.do(cmd.LookForRemains(part="u1/body"))
    assert proposed(b) == []
    b.do(cmd.ReportRestart(holding=False))
    assert proposed(b) == ["look_for_remains"]


def test_a_frame_of_the_cell_stays_taken_as_well() -> None:
    press = variant(step("shaft", part="body", at="press", by="human"))
    b = Bench().running(press)
    b.start("shaft", "front")
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    b.do(cmd.ClearPlace(place="front"), WORKER)
    b.running(press, order="B")
    unit = b.state.units["u2"]
    assert [why.code for why in blockers(b.state, unit, press.by_id["shaft"], ("front",), b.t)] == ["occupied"]
    assert b.replayed() == b.state


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small product whose base a person brings, in a cell with one nest."""
    folder = authored(tmp_path_factory.mktemp("authored"))
    procedure, spec = folder / "stack" / "procedure.yaml", folder / "cell.yaml"
    procedure.write_text(procedure.read_text().replace("robot: pick_place, time_s: 10", "human: true, time_s: 10"))
    spec.write_text(spec.read_text().replace("nests: {nest: [nest_1, nest_2]}", "nests: {nest: [nest_1]}"))
    return folder


@pytest.mark.parametrize("put_in", [True, False])
def test_the_next_unit_waits_in_the_running_cell_exactly_where_something_stands(by_hand: Path, put_in: bool) -> None:
    async def main() -> None:
        async with running(by_hand) as here:
            await here.do(cmd.JoinPlace(place="front", operator="op"))
            await here.begin(worker=False)
            await here.step_is("load", StepStatus.ACTIVE)
            if put_in:
                spec = here.state.variant_of("u1").parts["base"]
                here.cell.world.add("base", Mesh(spec.mesh), here.state.spec.frames["nest_1"])
            await here.order(name="p")
            await here.do(cmd.ChangeOrder(order="o", verb=OrderVerb.ABORT, reason="test"))
            await here.do(cmd.ClearPlace(place="front", n=here.state.unclear_n["front"]))
            ended = await here.event("remains_look_ended")
            assert ended.measured.verdict == ("ok" if put_in else "missing")  # type: ignore[union-attr] # its event
            if put_in:
                assert "u2" not in here.state.units
                await here.do(cmd.TakePart(part="u1/base"))
                assert here.bodies("base") == []
            await here.step_is("load", StepStatus.ACTIVE, "u2")

    run_virtual(main)


def test_it_is_looked_for_though_every_order_has_ended(by_hand: Path) -> None:
    async def main() -> None:
        async with running(by_hand) as here:
            await here.do(cmd.JoinPlace(place="front", operator="op"))
            await here.begin(worker=False)
            await here.step_is("load", StepStatus.ACTIVE)
            await here.do(cmd.ChangeOrder(order="o", verb=OrderVerb.ABORT, reason="test"))
            await here.until(lambda state: state.cell == CellState.COMPLETED)
            await here.change(CellVerb.RESET)
            await here.do(cmd.ClearPlace(place="front", n=here.state.unclear_n["front"]))
            await here.until(lambda state: not state.world.facts)

    run_virtual(main)
