"""Nobody comes, in a whole cell under virtual time: reminded, offered, asked, and no robot where hands may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import StepStatus
from orchestrator.wire import Question
from tests.unit.cell_bench import bench

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cell_bench import Bench


def asked(cell: Bench) -> list[Question]:
    return [value for value in cell.cell.desk.screen.topics.values() if isinstance(value, Question)]


def test_without_anybody_there_the_cell_says_so_and_asks_what_shall_become_of_the_step(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(worker=False)
            await cell.event("step_overdue", level="remind", waits="nobody")
            late = await cell.event("step_overdue", level="ask")
            (question,) = asked(cell)
            assert question.step == late.step  # type: ignore[union-attr] # its event
            assert question.reason["de"].startswith("Niemand ist da")
            labels = [button.label for button in question.buttons]
            assert labels[0] == "wait"
            assert {"scrap", "abort"} <= set(labels)
            await cell.do(cmd.JoinPlace(place="front", operator="op"))
            await cell.step_is(question.step, StepStatus.ACTIVE)
            assert asked(cell) == []

    run_virtual(main)


def test_nobody_is_nagged_who_works(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="op"))
            await cell.begin(worker=False)
            await cell.step_is("cap", StepStatus.ACTIVE)
            cell.work()
            await cell.ended()
            assert cell.all("step_overdue") == []

    run_virtual(main)


def test_the_person_at_it_is_told_on_their_card_and_more_time_settles_it(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="op"))
            await cell.begin(worker=False)
            step = await by_hand(cell)
            await cell.event("step_overdue", step=step, level="remind")
            assert cell.card().overdue == "remind"
            assert "dauert" in cell.card().note["de"]
            await cell.event("step_overdue", step=step, level="ask")
            assert cell.card().status == "step"  # it can still be confirmed
            (question,) = asked(cell)
            assert question.buttons[0].label == "wait"
            attempt = question.attempt
            await cell.do(cmd.Choose(unit="u1", step=step, attempt=attempt, choice="wait"))
            assert asked(cell) == []
            assert cell.card().overdue == ""
            again = await cell.event("step_overdue", step=step, level="remind")
            assert again.attempt == attempt  # type: ignore[union-attr] # its event

    run_virtual(main)


async def by_hand(cell: Bench) -> str:
    """Take the person's shares until one step is theirs alone; returns it."""
    while True:
        await cell.until(lambda _state: any(b.label == "confirm" for b in cell.card().buttons))
        card = cell.card()
        if not card.together:
            return card.step
        key = {"unit": card.unit, "step": card.step, "attempt": card.attempt, "place": "front"}
        await cell.do(cmd.ConfirmStep.model_validate(key))
        await cell.step_is(card.step, StepStatus.DONE)
