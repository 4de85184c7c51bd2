"""A unit goes back to before a step in a whole cell: taken apart by a person, then built anew, and so in truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import OrderState, StepStatus
from orchestrator.wire import UnitView
from tests.unit.cell_bench import bench

if TYPE_CHECKING:
    from pathlib import Path


def test_a_unit_goes_back_is_taken_apart_and_built_anew(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.step_is("tighten", StepStatus.DONE)
            cell.workers[0].cancel()
            await cell.until(lambda state: not state.ending)
            view = cell.cell.desk.rewind("u1", "pin")
            assert view.refused == ""
            assert [(undo.step, undo.by) for undo in view.undo if undo.step != "unload"] == [
                ("tighten", "nobody"),
                ("cap", "person"),
                ("pin", "person"),
            ]
            assert view.undo[-1].text == {"en": "Take off: Steel pin", "de": "Abnehmen: Stahlstift"}
            await cell.do(cmd.JoinPlace(place="front", operator="op"))
            doing = cell.state.doing("front")
            if doing is not None:  # the unit can't go back from under their hands
                key = {"unit": "u1", "step": doing[1], "attempt": doing[2].attempt, "place": "front"}
                await cell.do(cmd.ReportProblem.model_validate({**key, "note": "wrong pin"}))
            await cell.do(cmd.Rewind(unit="u1", step="pin", reason="wrong pin"))
            for name in ("unload", "cap", "pin"):
                if cell.state.units["u1"].rewind is None or name not in cell.state.units["u1"].rewind.todo:
                    continue
                await cell.step_is(name, StepStatus.UNDOING)
                card = cell.card()
                assert card.step == name
                assert [button.label for button in card.buttons] == ["confirm_undo", "problem"]
                assert card.words["de"].title
                shown = cell.cell.desk.screen.topics["unit/u1"]
                assert isinstance(shown, UnitView)
                assert shown.rewinding is not None
                assert "wrong pin" in shown.rewinding.text["de"]
                here = {fact.part for fact in cell.state.world.facts.values()}
                assert "u1/base" in here
                await cell.do(cmd.ConfirmUndo.model_validate(card.buttons[0].command))
            assert cell.state.units["u1"].rewind is None
            assert cell.bodies("pin_steel") == []
            assert len(cell.bodies("base")) == 1
            cell.work()
            await cell.ended()
            assert cell.state.orders["o"].state == OrderState.ENDED
            assert cell.record()["state"] == "done"
            robot = [event for event in cell.log if event.type == "motion_intended"]
            undone = [event for event in cell.log if event.type == "step_undone"]
            assert robot
            assert len(undone) >= 3

    run_virtual(main)


def test_the_simulated_worker_takes_apart_what_is_to_go(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.do(cmd.SetBreakpoint(order="o", step="tighten"))
            await cell.step_is("cap", StepStatus.DONE)
            await cell.until(lambda state: not state.units["u1"].busy)
            await cell.do(cmd.Rewind(unit="u1", step="cap", reason="scratched"))
            await cell.do(cmd.ClearBreakpoint(order="o", step="tighten"))
            await cell.event("step_undone", step="cap")
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)
