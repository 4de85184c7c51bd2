"""What two people must look at: each is asked once, and who has looked already is told that it is another's turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, StepStatus
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.wire import Card
    from tests.unit.cell_bench import Bench

BY_EITHER = "robot: {insert: {force_N: 15}}, human: true, time_s: {robot: 10, human: 14}}"


def products(folder: Path, how: str) -> Path:
    """The small product, whose pin is brought into its place as `how` says and looked at by two people."""
    procedure = authored(folder) / "stack" / "procedure.yaml"
    text = procedure.read_text(encoding="utf-8")
    assert BY_EITHER in text
    procedure.write_text(text.replace(BY_EITHER, f"check: two_people, {how}}}", 1), encoding="utf-8")
    return folder


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    return products(tmp_path, "human: true, time_s: 14")


@pytest.fixture
def by_robot(tmp_path: Path) -> Path:
    return products(tmp_path, "robot: {insert: {force_N: 15}}, time_s: 10")


async def press(cell: Bench, label: str) -> None:
    """Press the button of the card at the front."""
    (command,) = [button.command for button in cell.card().buttons if button.label == label]
    await cell.do(cmd.OUTSIDE.validate_python(command))


def labels(card: Card) -> list[str]:
    return [button.label for button in card.buttons]


def test_who_did_it_is_told_that_another_looks_and_the_next_one_at_the_same_place_is_asked(by_hand: Path) -> None:
    async def main() -> None:
        async with bench(by_hand) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="kim"))
            await cell.begin(worker=False)
            await cell.step_is("pin", StepStatus.ACTIVE)
            await press(cell, "confirm")
            await cell.until(lambda state: state.cell == CellState.SUSPENDED)  # nobody is left who could go on
            assert cell.state.cell_reason == "pin of u1 waits for another person's look: sign in at front."
            assert "attest" not in labels(cell.card())
            assert "zweiten Person" in cell.card().note["de"]
            await cell.do(cmd.LeavePlace(place="front"), cmd.JoinPlace(place="front", operator="ana"))
            await cell.until(lambda state: state.cell == CellState.EXECUTE)
            card = cell.card()
            assert (card.status, card.step) == ("step", "pin")
            assert card.note["en"] == "Somebody else did this. Look whether it is right, then confirm."
            await press(cell, "attest")
            await cell.step_is("pin", StepStatus.DONE)
            assert [look.operator for look in cell.all("attest_given", step="pin")] == ["ana"]

    run_virtual(main)


def test_while_others_can_go_on_the_card_says_whose_look_is_waited_for(by_hand: Path) -> None:
    async def main() -> None:
        async with bench(by_hand) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="kim"))
            await cell.begin(worker=False)
            await cell.step_is("pin", StepStatus.ACTIVE)
            await press(cell, "confirm")
            card = cell.card()
            assert card.status == "idle"
            assert card.note["en"].startswith("Another person now looks at it:")
            assert "andere Person" in card.note["de"]
            assert labels(card) == []

    run_virtual(main)


def test_of_what_the_robot_did_each_of_two_people_is_asked_once(by_robot: Path) -> None:
    async def main() -> None:
        async with bench(by_robot) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="kim"))
            await cell.begin(worker=False)
            await cell.event("attest_requested", step="pin")
            assert cell.card().note["en"].startswith("The robot did this.")
            await press(cell, "attest")
            assert "attest" not in labels(cell.card())
            await cell.do(cmd.JoinPlace(place="front", operator="ana"))
            await press(cell, "attest")
            await cell.step_is("pin", StepStatus.DONE)

    run_virtual(main)
