"""A way that a person's zone bars is waited for, and everybody is told whose zone it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.errors import PlanError
from orchestrator.core.machine import CellVerb, OrderVerb
from orchestrator.core.reason import coded
from orchestrator.core.waits import reasons, zones_held
from tests.unit.cell_bench import BOSS, shipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.ports import Plan, Segment


def test_the_robot_says_whose_zone_bars_its_way_until_it_is_free() -> None:
    async def main() -> None:
        async with shipped() as cell:
            robot, plan = cell.cell.robot, cell.cell.robot.plan

            async def barred(sequence: Sequence[Segment], **more: Any) -> Plan:
                held = zones_held(cell.state)
                if held:
                    raise PlanError(f"The way leads through {next(iter(held))}.")
                return await plan(sequence, **more)

            robot.plan = barred  # type: ignore[method-assign] # a way that leads through whatever zone is held
            await cell.do(cmd.JoinPlace(place="front", operator="ana"))
            options = {"ratio": 5, "cover": "blind", "plate": "en"}
            assert (await cell.cell.desk.store_order("o", "gear_reducer", options, 1, None, BOSS)).ok
            await cell.do(cmd.SetBreakpoint(order="o", step="press_lower"))  # else the zone is held again at once
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
            await cell.change(CellVerb.START)
            await cell.until(lambda state: bool(state.zones_awaited[1]))
            (reason,) = reasons(cell.state)
            code, its = coded(reason)
            assert (code, its["who"], its["step"]) == ("zone", "ana", "shaft")
            attempt = cell.step("shaft").attempt
            await cell.do(cmd.ConfirmStep(unit="u1", step="shaft", attempt=attempt, place="front"))
            await cell.until(lambda state: bool(state.motions))
            assert cell.state.zones_awaited == ("", ())

    run_virtual(main)
