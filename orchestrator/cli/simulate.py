"""`tandem simulate`: runs of the embedded cell in virtual time, with what goes wrong written in a scenario file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from orchestrator.cli.places import cell_file, settings
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import TandemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.scenario import Scenario
    from orchestrator.cli.simulation import Report
    from orchestrator.core.settings import Settings

OPTIONS = {"ratio": "5", "cover": "blind", "plate": "en"}  # of the shipped product, where no file names any
WIDTH = 120

console = Terminal() if Terminal().is_terminal else Terminal(width=WIDTH)


def simulate(
    scenario: Path | None = typer.Option(None, help="The scenario file; else the demo's cell builds, undisturbed."),
    seed: int | None = typer.Option(None, help="Decides everything that is random; else the scenario's."),
    runs: int = typer.Option(1, min=1, max=10_000, help="How many runs, each with the next seed."),
    same: bool = typer.Option(False, "--same", help="Repeat the one seed instead: every journal must be the same."),
    units: int | None = typer.Option(None, min=1, max=1000, help="How many units; else the scenario's."),
    instructions: Path | None = typer.Option(None, help="The folder with the products."),
    skills: Path | None = typer.Option(None, help="The folder with the skills."),
) -> None:
    """Run a scenario in virtual time, as fast as the machine can, and say how it ended.

    Exits 1 when it did not end as expected, when it hangs, or when the ledger was wrong and did not say so.
    """
    chosen, base = _scenario(scenario, instructions, skills)
    if units is not None:
        chosen = chosen.model_copy(update={"units": units})
    first = chosen.seed if seed is None else seed
    seeds = [first] * runs if same else list(range(first, first + runs))
    reports = _runs(base, chosen, seeds)
    for report in reports[:1] if runs == 1 else [report for report in reports if not report.ok]:
        console.print(_story(report))
    if runs > 1:
        console.print(_table(reports))
    _verdict(reports, same=same)


def _scenario(path: Path | None, instructions: Path | None, skills: Path | None) -> tuple[Scenario, Settings]:
    """Return the scenario and the settings of its cell. Raises AuthoringError and NotFound."""
    from orchestrator.adapters.sim.scenario import Scenario, read_scenario

    found = read_scenario(path) if path is not None else Scenario(options=dict(OPTIONS))
    beside = path.parent / found.cell if path is not None else None
    cell = str(beside) if beside is not None and beside.is_file() else str(cell_file(found.cell))
    return found, settings(cell, data=None, instructions=instructions, skills=skills)


def _runs(base: Settings, scenario: Scenario, seeds: Sequence[int]) -> list[Report]:
    from orchestrator.adapters.clock_virtual import run_virtual
    from orchestrator.adapters.vision_open3d import VisionOpen3D
    from orchestrator.cli.simulation import simulate as run_once

    vision = VisionOpen3D(base.instructions)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[what]}"))
    reports = []
    try:
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
            bar = progress.add_task("Simulating", total=len(seeds), what="")
            for number, seed in enumerate(seeds, start=1):
                steps = 0

                def advance(count: int, number: int = number) -> None:
                    nonlocal steps
                    steps += count
                    progress.update(bar, what=f"run {number} of {len(seeds)}, {steps} steps")

                advance(0)
                chosen = scenario.model_copy(update={"seed": seed})
                reports.append(run_virtual(lambda c=chosen, a=advance: run_once(base, c, vision=vision, advance=a)))  # type: ignore[misc] # bound now
                progress.advance(bar)
    finally:
        asyncio.run(vision.close())
    return reports


def _story(report: Report) -> Table:
    """What happened in one run: faults as they struck, how each unit ended, and what should not be."""
    table = Table(title=f"seed {report.seed}", title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for struck in report.struck:
        table.add_row(f"{struck.t_s:9.1f} s  {struck.fault}", struck.what)
    for fault in report.unstruck:
        table.add_row("", f"never struck: {fault}")
    for unit in report.units:
        table.add_row(f"[bold]{unit.unit} {unit.how}[/]", unit.reason)
    for claim in report.on_a_word:
        table.add_row("on a person's word", str(claim))
    table.add_row("journal", f"{report.events} events, {report.sha256}")
    table.add_row("places checked", f"{report.claims} claims of the ledger against the truth")
    table.add_row("time", f"{report.virtual_s:.1f} s of the cell in {report.wall_s:.1f} s")
    for failure in report.failures:
        table.add_row("[bold red]not as it should be[/]", failure)
    return table


def _table(reports: Sequence[Report]) -> Table:
    """One line for each run."""
    table = Table("seed", "ended", "faults", "events", "cell s", "s", "journal")
    for report in reports:
        ends = ", ".join(dict.fromkeys(unit.how for unit in report.units))
        table.add_row(
            str(report.seed),
            ends if report.ok else f"[bold red]{ends}[/]",
            str(len(report.struck)),
            str(report.events),
            f"{report.virtual_s:.0f}",
            f"{report.wall_s:.1f}",
            report.sha256[:16],
        )
    return table


def _verdict(reports: Sequence[Report], *, same: bool) -> None:
    """Say how many ended as they should. Raises TandemError where one did not."""
    bad = [report for report in reports if not report.ok]
    if bad:
        seeds = ", ".join(str(report.seed) for report in bad)
        again = f"Run it again with --seed {bad[0].seed}: the same seed does the same."
        raise TandemError(
            f"{len(bad)} of {len(reports)} runs did not end as they should (seed {seeds}): {bad[0].failures[0]}",
            remedy="Mend its trigger, or write expect: {struck: false}." if bad[0].only_unstruck else again,
        )
    if same and len({report.sha256 for report in reports}) > 1:
        raise TandemError(
            f"{len({report.sha256 for report in reports})} different journals came of one seed.",
            remedy="Look for what chance, a clock or a thread decides outside the seed.",
        )
    done = sum(unit.how == "done" for report in reports for unit in report.units)
    of = sum(len(report.units) for report in reports)
    repeated = ", every journal the same" if same and len(reports) > 1 else ""
    others = "" if done == of else ", the others ended for a named reason"
    console.print(f"{done} of {of} units done{others}{repeated}.", highlight=False)
