"""`tandem demo`: the embedded cell, with an order waiting; or built at once by a simulated worker."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from orchestrator.app import EmbeddedCell, embedded
from orchestrator.cli.places import data_home, settings
from orchestrator.cli.serve import run_cell
from orchestrator.cli.terminal import Terminal
from orchestrator.core import commands as cmd
from orchestrator.core.errors import TandemError
from orchestrator.core.machine import CellVerb, OrderState, OrderVerb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.settings import Settings
    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.wire import Answer

PRODUCT = "gear_reducer"
OPTIONS = {"ratio": "5", "cover": "blind", "plate": "en"}
WHO = cmd.Who(name="demo", role="supervisor")
OVER = frozenset({OrderState.ENDED, OrderState.ABORTED, OrderState.CANCELLED})
WIDTH = 120  # of tables that go to a file or a log
PATIENCE_S = 4 * 3600.0  # virtual seconds a unit may take before the run is called stuck

console = Terminal() if Terminal().is_terminal else Terminal(width=WIDTH)


def demo(
    units: int = typer.Option(2, min=1, max=1000, help="How many units the order is for."),
    auto: bool = typer.Option(False, "--auto", help="Build them now, in virtual time, without a server."),
    worker: str = typer.Option("none", help="Who works at the place: none (you, in the browser) or sim."),
    option: list[str] = typer.Option([], help="A product option, as name=value; several may be given."),
    seed: int | None = typer.Option(None, help="Decides everything that is random; else the cell file's."),
    slips: float = typer.Option(0.0, min=0.0, max=1.0, help="Share of the simulated worker's placements that fail."),
    out: Path = typer.Option(Path("as-built"), help="With --auto: the folder for the as-built records."),
    host: str = typer.Option("127.0.0.1", help="The address to serve at."),
    port: int = typer.Option(8080, help="The port to serve at."),
    speed: float = typer.Option(1.0, min=0.1, max=50.0, help="Simulated seconds a second, without --auto."),
    data: Path | None = typer.Option(None, help="The folder for journal and evidence."),
    web: Path | None = typer.Option(None, help="The folder with the built pages."),
    reload: bool = typer.Option(False, "--reload", help="Take edited skill files for the next attempt."),
) -> None:
    """Build gear reducers in the embedded cell: a simulated arm, world and camera, and you at a web page."""
    chosen = {**OPTIONS, **dict(_pair(text) for text in option)}
    if worker not in {"none", "sim"}:
        raise TandemError(f"There is no worker '{worker}'.", remedy="Choose none or sim.")
    if auto:
        base = settings("demo", data=data).model_copy(update={"seed": seed, "slips": slips, "worker": "sim"})
        _build_now(base, units, chosen, out)
        return
    base = settings("demo", data=data or data_home() / "demo", web=web).model_copy(
        update={
            "seed": seed,
            "slips": slips,
            "worker": worker,
            "host": host,
            "port": port,
            "reload": reload,
            "speed": speed,
        }
    )
    run_cell(base, lambda cell: _order_waiting(cell, units, chosen))


async def _order_waiting(cell: EmbeddedCell, units: int, options: dict[str, str]) -> None:
    """Leave an order on the list, and the cell ready to run, where nobody has used this journal yet."""
    if cell.runner.state.seq > 1 or cell.runner.state.orders:
        return
    _accept(await cell.desk.store_order("demo-1", PRODUCT, options, units, None, WHO))
    await _do(cell, "start-cell", cmd.ChangeCell(verb=CellVerb.START))


def _build_now(base: Settings, units: int, options: dict[str, str], out: Path) -> None:
    from orchestrator.adapters.clock_virtual import run_virtual

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total} steps"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        records = run_virtual(lambda: _build(base, units, options, progress))
    out.mkdir(parents=True, exist_ok=True)
    for record in records:
        path = out / f"{record['unit']}.json"
        path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(_table(record))
    done = sum(record["state"] == "done" for record in records)
    console.print(f"{done} of {units} units done; records in [bold]{out}[/].")
    if done < units:
        scrapped = ", ".join(record["unit"] for record in records if record["state"] != "done")
        raise TandemError(f"Not every unit is good: {scrapped}.", remedy="See the attempts in its record.")


async def _build(base: Settings, units: int, options: dict[str, str], progress: Progress) -> list[dict[str, Any]]:
    from orchestrator.adapters.clock_virtual import VirtualClock, VirtualLoop
    from orchestrator.adapters.sim.handheld import HandTools
    from orchestrator.adapters.sim.premises import Premises
    from orchestrator.adapters.sim.worker import Habits, SimWorker

    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    async with embedded(base, VirtualClock(loop)) as cell:
        _accept(await cell.desk.store_order("demo-1", PRODUCT, options, units, None, WHO))
        steps = len(cell.runner.state.orders["demo-1"].variant.steps) * units
        bar = progress.add_task(f"Building {units} {PRODUCT.replace('_', ' ')}", total=steps)

        def advance(_before: State, _after: State, events: Sequence[Fresh]) -> None:
            progress.advance(bar, sum(item.event.type == "step_done" for item in events))

        cell.runner.bus.join(advance)
        habits = Habits(slips=base.slips, tends=True)
        workers = [
            SimWorker(
                cell.desk,
                place,
                seed=cell.seed,
                habits=habits,
                premises=Premises(cell.world),
                tools=HandTools(cell.devices),
            )
            for place in cell.runner.state.spec.places
        ]
        cell.people.slip = workers[0].slip
        tasks = [asyncio.create_task(worker.run(), name="worker") for worker in workers]
        await _do(cell, "start-cell", cmd.ChangeCell(verb=CellVerb.START))
        await _do(cell, "start-order", cmd.ChangeOrder(order="demo-1", verb=OrderVerb.START))
        try:
            async with asyncio.timeout(PATIENCE_S * units):
                await cell.runner.until(lambda state: state.orders["demo-1"].state in OVER)
        except TimeoutError:
            reasons = "; ".join(cell.desk.screen.topics["cell"].reasons) or "see the events"  # type: ignore[union-attr]
            raise TandemError(f"The order is stuck: {reasons}.", remedy="Run it with --debug.") from None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finished = sorted(cell.desk.units(), key=lambda unit: unit["ended_t"])
        return [record for unit in finished if (record := cell.desk.as_built(unit["unit"]))]


async def _do(cell: EmbeddedCell, name: str, command: cmd.Command) -> None:
    request = cmd.Request(id=f"{name}-{cell.runner.state.seq}", by=WHO, t=cell.desk.now(), command=command)
    _accept(await cell.desk.submit(request))


def _accept(answer: Answer) -> None:
    """Raise TandemError for a refusal."""
    if not answer.ok:
        raise TandemError(answer.message, remedy=answer.remedy, code=answer.code)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise TandemError(f"'{text}' is no option.", remedy="Write it as name=value, for example ratio=10.")
    return name, value


def _table(record: dict[str, Any]) -> Table:
    options = ", ".join(f"{name} {value}" for name, value in record["options"].items())
    table = Table(title=f"{record['unit']}  {record['product']} ({options}): {record['state']}", title_justify="left")
    table.add_column("step", no_wrap=True)
    table.add_column("lane", no_wrap=True)
    table.add_column("attempts", justify="right")
    table.add_column("planned s", justify="right")
    table.add_column("real s", justify="right")
    table.add_column("deviation mm", justify="right")
    table.add_column("evidence", no_wrap=True)
    for step in record["steps"]:
        attempts = step["attempts"]
        last = attempts[-1] if attempts else None
        kind: Literal["robot", "human"] = "robot" if last and "robot" in last["actors"] else "human"
        planned = step["expected_s"].get(kind)
        real = sum((a["ended_t"] or a["started_t"]) - a["started_t"] for a in attempts)
        table.add_row(
            step["step"],
            " + ".join(last["actors"]) if last else "",
            str(len(attempts)),
            f"{planned:g}" if planned is not None else "",
            f"{real:.1f}",
            _deviation(last),
            _evidence(step, last),
        )
    return table


def _deviation(attempt: dict[str, Any] | None) -> str:
    measured = attempt["measured"] if attempt else None
    if not measured or not measured["offset_mm"]:
        return ""
    return f"{math.hypot(*measured['offset_mm']):.2f}"


def _evidence(step: dict[str, Any], attempt: dict[str, Any] | None) -> str:
    said = [f"waived: {step['waived']}"] if step["waived"] else []
    if attempt and attempt["measured"]:
        said.append(f"camera: {attempt['measured']['verdict']}")
    if attempt and attempt["values"]:
        said.append(", ".join(f"{name} {value}" for name, value in attempt["values"].items()))
    if attempt and attempt["operator"] and not said:
        said.append("person")
    return "; ".join(said)
