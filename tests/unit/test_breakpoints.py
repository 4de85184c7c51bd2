"""Breakpoints: a step that waits for a person's word, in one unit or in all of its order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb, OrderVerb
from orchestrator.wire import Button, LaneView, StepView
from tests.unit.cell_bench import Bench as Cell
from tests.unit.cell_bench import authored, bench
from tests.unit.core_builders import WORKER, Bench, step, types, variant
from tests.unit.http_fakes import FakeDesk, order_view, serving, unit_view
from tests.unit.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.commands import Role

ROBOT = cmd.StartStep(unit="u1", step="pin@1", actors=("robot",))
PERSON = cmd.StartStep(unit="u1", step="pin@1", actors=("front",))


def _bench(units: int = 1) -> Bench:
    """The body is in its nest, and the first of two pins may be next."""
    load = step("load", part="body", at="nest", by="robot")
    pins = [step(f"pin@{k}", ["load"], part=f"pin#{k}", at="body/seat", check=["person"]) for k in (1, 2)]
    made = Bench().running(variant(load, *pins), quantity=2, units=units)
    for n in range(units):
        made.finish("load", unit=f"u{n + 1}")
    return made


def _set(name: str, unit: str = "") -> cmd.SetBreakpoint:
    return cmd.SetBreakpoint(order="A", step=name, unit=unit)


def _release(made: Bench) -> cmd.ReleaseStep:
    return cmd.ReleaseStep(unit="u1", step="pin@1", attempt=made.at("pin@1").attempt)


@pytest.mark.parametrize("start", [ROBOT, PERSON], ids=["robot", "person"])
@pytest.mark.parametrize(("name", "unit"), [("pin@1", ""), ("pin", ""), ("pin@1", "u1"), ("pin", "u1")])
def test_nobody_begins_a_step_at_a_breakpoint_before_the_word(start: cmd.Command, name: str, unit: str) -> None:
    made = _bench()
    made.do(_set(name, unit), WORKER)
    assert made.no(start) == "release"
    made.do(_release(made), WORKER)
    made.do(start)
    assert made.replayed() == made.state


def test_a_breakpoint_of_one_unit_leaves_the_others_be() -> None:
    made = _bench(units=2)
    made.do(_set("pin", "u1"))
    assert made.no(ROBOT) == "release"
    made.do(ROBOT.model_copy(update={"unit": "u2"}))


def test_a_breakpoint_of_an_order_counts_for_units_that_come() -> None:
    made = _bench()
    made.do(_set("load"))
    made.do(cmd.StartUnit(order="A"))
    assert made.no(cmd.StartStep(unit="u2", step="load", actors=("robot",))) == "release"


def test_a_breakpoint_stands_at_every_attempt_and_after_a_restart() -> None:
    made = _bench()
    made.do(_set("pin@1"))
    made.do(_release(made))
    made.do(ROBOT)
    made.do(cmd.ReportRestart())
    assert made.state.orders["A"].breakpoints == {"pin@1"}
    made.do(made.choice("pin@1", "retry"))
    made.do(cmd.Acknowledge())
    made.verb(CellVerb.UNHOLD)
    assert made.no(ROBOT) == "release"
    assert made.replayed() == made.state


def test_cleared_the_step_begins_by_itself_again() -> None:
    made = _bench()
    made.do(_set("pin"))
    assert types(made.do(_set("pin"))) == "nothing"
    made.do(cmd.ClearBreakpoint(order="A", step="pin"))
    assert types(made.do(cmd.ClearBreakpoint(order="A", step="pin"))) == "nothing"
    made.do(ROBOT)


def test_set_anew_it_takes_a_word_of_before_back() -> None:
    made = _bench()
    made.do(_set("pin@1"))
    made.do(_release(made))
    made.do(_set("pin@1", "u1"))
    assert made.no(ROBOT) == "release"


def test_what_is_under_way_goes_on() -> None:
    made = _bench()
    made.do(ROBOT)
    made.do(_set("pin@1"))
    assert made.at("pin@1").status == "active"
    assert made.no(_release(made)) == "stale"


def test_what_there_is_not_gets_no_breakpoint() -> None:
    made = _bench()
    assert made.no(_set("pinn")) == "no_step"
    assert made.no(cmd.SetBreakpoint(order="B", step="pin")) == "no_order"
    assert made.no(_set("pin", "u9")) == "no_unit"
    assert made.no(cmd.ClearBreakpoint(order="B", step="pin")) == "no_order"


@pytest.mark.parametrize(("role", "sets", "clears"), [
    ("worker", True, False), ("programmer", True, True), ("supervisor", True, True), ("auditor", False, False),
])  # fmt: skip
def test_to_set_one_is_everybodys_and_to_clear_one_is_not(role: Role, sets: bool, clears: bool) -> None:
    made, who = _bench(), cmd.Who(name="x", role=role)
    assert types(made.ask(_set("pin"), who)) == ("breakpoint_set" if sets else "command_denied")
    made.do(_set("pin"))
    cleared = types(made.ask(cmd.ClearBreakpoint(order="A", step="pin"), who))
    assert cleared == ("breakpoint_cleared" if clears else "command_denied")


def test_breakpoints_go_with_their_order() -> None:
    made = _bench()
    made.do(_set("pin"))
    made.do(_set("pin@2", "u1"))
    for verb in (OrderVerb.ABORT, OrderVerb.CLEAR):
        made.do(cmd.ChangeOrder(order="A", verb=verb))
    assert made.no(cmd.ClearBreakpoint(order="A", step="pin")) == "no_order"


# ---- in the running cell, on its screens ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def _lane(cell: Cell, actor: str) -> LaneView:
    lane = cell.cell.desk.screen.topics[f"lane/{actor}"]
    assert isinstance(lane, LaneView)
    return lane


def test_a_step_that_waits_at_a_breakpoint_is_shown_and_begins_at_a_press(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            cell.work()
            await cell.order()
            await cell.do(cmd.SetBreakpoint(order="o", step="load"), cmd.SetBreakpoint(order="o", step="cap"))
            await cell.change(CellVerb.START)
            await cell.until(lambda _: bool(_lane(cell, "robot").buttons))
            shown = cell.cell.desk.screen.topics["step/u1/load"]
            assert isinstance(shown, StepView)
            assert (shown.breakpoint, shown.buttons[0].label, shown.status) == (True, "clear_breakpoint", "ready")
            assert "Haltepunkt" not in _lane(cell, "robot").text["de"]  # it says what waits, and for what word
            await asyncio.sleep(60)
            assert cell.all("step_started") == []
            await cell.do(cmd.OUTSIDE.validate_python(_lane(cell, "robot").buttons[0].command))
            await cell.event("step_started", step="load")
            await cell.until(lambda _: bool(_lane(cell, "front").buttons))
            assert _lane(cell, "front").step == "cap"
            await cell.do(cmd.ClearBreakpoint(order="o", step="cap"))
            cleared = cell.cell.desk.screen.topics["step/u1/cap"]
            assert isinstance(cleared, StepView)
            assert (cleared.breakpoint, cleared.buttons[0].label) == (False, "set_breakpoint")
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


# ---- from the command line ---------------------------------------------------------------------------------------


def test_the_command_line_sets_lists_releases_and_clears(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = FakeDesk(tmp_path)
    desk.screen.topics["order/A"] = order_view("A").model_copy(update={"breakpoints": ("pin",)})
    desk.screen.topics["unit/u1"] = unit_view("u1").model_copy(update={"order": "A", "breakpoints": ("load",)})
    command = {"type": "release_step", "unit": "u1", "step": "load", "attempt": 2}
    desk.screen.topics["lane/robot"] = LaneView(
        actor="robot", kind="robot", status="waiting", text={}, buttons=(Button(label="next", command=command),)
    )
    said: list[str] = []

    async def main() -> None:
        async with serving(desk) as server:

            async def tandem(*arguments: str) -> None:
                code, out, err = await asyncio.to_thread(run, capsys, "breakpoint", *arguments, "--url", server.url)
                said.append(f"{code} {out}{err}")

            await tandem("set", "A", "pin", "--unit", "u1")
            await tandem("clear", "A", "pin")
            await tandem("release", "u1", "load")
            await tandem("release", "u1", "pin")
            await tandem("list")

    asyncio.run(main())
    asked = [request.command for request in desk.asked]
    assert asked == [
        cmd.SetBreakpoint(order="A", step="pin", unit="u1"),
        cmd.ClearBreakpoint(order="A", step="pin"),
        cmd.ReleaseStep(unit="u1", step="load", attempt=2),
    ]
    assert [line[0] for line in said] == ["0", "0", "0", "1", "0"]
    assert "pin of u1 does not wait for a word. Waits now: u1 load." in said[3].replace("\n", " ")
    assert "Waits now: u1 load" in said[4]


def test_the_command_line_stores_an_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = FakeDesk(tmp_path)
    said: list[str] = []

    async def main() -> None:
        async with serving(desk) as server:
            arguments = ("order", "store", "reducer", "--option", "ratio=5", "--id", "o1", "--url", server.url)
            said.extend(map(str, await asyncio.to_thread(run, capsys, *arguments)))

    asyncio.run(main())
    assert said[0] == "0", said
    assert "Order o1 is stored." in said[1]
