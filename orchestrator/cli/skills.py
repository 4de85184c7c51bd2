"""`tandem skills`: what the robot can do, and one skill tried alone."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from orchestrator.app import embedded
from orchestrator.cli.places import settings, skills_folder
from orchestrator.cli.terminal import Terminal
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.errors import TandemError
from orchestrator.core.machine import CellVerb, OrderVerb, StepStatus
from orchestrator.engine.library import Library
from orchestrator.engine.promise import MEANS
from orchestrator.engine.registry import Registry
from orchestrator.engine.trial import TRIED, trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.app import EmbeddedCell
    from orchestrator.core.settings import Settings
    from orchestrator.core.state import State, StepState
    from orchestrator.core.variant import Variant
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.registry import Skill

app = typer.Typer(help="What the robot can do.", no_args_is_help=True)
WIDTH = 150  # of a table that goes to a file or a log
console = Terminal(soft_wrap=True) if Terminal().is_terminal else Terminal(width=WIDTH, soft_wrap=True)
FOLDER = typer.Option(None, "--skills", help="The folder with the skills.")
WHO = cmd.Who(name="trial", role="supervisor")
PATIENCE_S = 3600.0  # virtual seconds after which a trial is called stuck
VARIANTS = 64  # how many combinations of options are tried for one that is sold
OVER = frozenset({StepStatus.DONE, StepStatus.ATTENTION, StepStatus.SKIPPED})


@app.command("list")
def list_(folder: Path | None = FOLDER) -> None:
    """List the skills, and the files that are broken."""
    registry = Registry(skills_folder(folder))
    table = Table("skill", "parameters", "needs", "leaves", "undone by", "time-out s", "file")
    for name, skill in sorted(registry.all().items()):
        promise = skill.promise
        table.add_row(
            name,
            ", ".join(skill.parameters.model_fields),
            ", ".join(promise.needs),
            ", ".join(promise.leaves),
            promise.undone_by,
            f"{skill.timeout_s:g}",
            skill.file,
        )
    console.print(table, soft_wrap=False)
    for broken in registry.broken():
        console.print(f"[red]{broken.file} is broken:[/] {broken.error}")
    if registry.broken():
        raise typer.Exit(1)


@app.command()
def show(name: str, folder: Path | None = FOLDER) -> None:
    """Show a skill: its text, what it needs and leaves, and its parameters as JSON Schema."""
    skill = Registry(skills_folder(folder)).get(name)
    promise = skill.promise
    console.print(f"[bold]{skill.name}[/]  {skill.file}  time-out {skill.timeout_s:g} s")
    console.print(skill.text, markup=False)
    for key, words in (("needs", promise.needs), ("leaves", promise.leaves)):
        for word in words:
            console.print(f"{key:9} {word}: {MEANS[word]}", markup=False, highlight=False)
    console.print(f"takes     {', '.join(skill.resources)}", highlight=False)
    pausable = "may be paused" if promise.pausable else "its time runs on while the robot is paused"
    retry = "may be retried" if promise.retry else "a person decides whether it is run again"
    console.print(f"also      {pausable}; {retry}; undone by {promise.undone_by or 'nothing: it changes no part'}")
    if promise.autonomy != "full":
        console.print("asks      people approve each of its motions", highlight=False)
    console.print_json(data=skill.schema)


@app.command()
def run(
    name: str = typer.Argument(help="The skill."),
    given: list[str] = typer.Option([], "--with", help="A parameter, as name=value; several may be given."),
    cell: str = typer.Option("demo", help="The cell: a YAML file, or the name of one that ships with Tandem."),
    product: str | None = typer.Option(None, help="Whose parts; else the first product that knows the part."),
    option: list[str] = typer.Option([], help="An option of the product, as name=value; else its first."),
    instructions: Path | None = typer.Option(None, help="The folder with the products."),
    folder: Path | None = FOLDER,
    seed: int | None = typer.Option(None, help="Decides everything that is random; else the cell file's."),
) -> None:
    """Run one skill alone in the embedded cell, in virtual time, with a simulated person to help."""
    from orchestrator.adapters.clock_virtual import run_virtual

    base = settings(cell, data=None, instructions=instructions, skills=folder).model_copy(update={"seed": seed})
    parameters, options = _pairs("--with", given), _pairs("--option", option)
    skill, library = Registry(base.skills).get(name), Library(base.instructions, base.cell)
    assert library.cell is not None
    variant = trial(skill, parameters, _variant(library, product, parameters.get("part", ""), options), library.cell)
    run_virtual(lambda: _try(base, skill, variant))


async def _try(base: Settings, skill: Skill, variant: Variant) -> None:
    from orchestrator.adapters.clock_virtual import VirtualClock
    from orchestrator.adapters.sim.worker import SimWorker
    from orchestrator.adapters.vision_open3d import VisionOpen3D

    loop = asyncio.get_running_loop()
    vision = VisionOpen3D(base.instructions)  # not the cell's own, which loads Open3D whether it is needed or not
    try:
        async with embedded(base, VirtualClock(loop), vision=vision) as cell:
            cell.runner.bus.join(_telling(loop.time))
            places = tuple(cell.runner.state.spec.places)
            people = [SimWorker(cell.desk, place, seed=cell.seed) for place in places]
            workers = [asyncio.create_task(person.run(), name="worker") for person in people]
            try:
                step = await _tried(cell, variant)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
    finally:
        await vision.close()
    _report(skill, step)


async def _tried(cell: EmbeddedCell, variant: Variant) -> StepState:
    """Run the trial's steps until the skill has ended; returns how."""
    order = cmd.StoreOrder(order="trial", quantity=1, variant=variant)
    start = cmd.ChangeOrder(order="trial", verb=OrderVerb.START)
    for command in (order, cmd.ChangeCell(verb=CellVerb.START), start):
        request = cmd.Request(id=f"trial-{command.type}", by=WHO, t=cell.desk.now(), command=command)
        answer = await cell.desk.submit(request)
        if not answer.ok:
            raise TandemError(answer.message, remedy=answer.remedy, code=answer.code)

    def ended(state: State) -> StepState | None:
        steps = [step for unit in state.units.values() for step in unit.steps.items()]
        return next((s for name, s in steps if s.status in OVER and (name == TRIED or s.code)), None)

    try:
        async with asyncio.timeout(PATIENCE_S):
            await cell.runner.until(lambda state: ended(state) is not None)
    except TimeoutError:
        reasons = "; ".join(cell.desk.screen.topics["cell"].reasons)  # type: ignore[union-attr] # that topic holds the cell
        raise TandemError(
            f"Nothing goes on any more: {reasons or 'a step before the skill does not end'}.",
            remedy="See the events above; does the cell have all that its parameters name?",
        ) from None
    found = ended(cell.runner.state)
    assert found is not None
    return found


def _telling(now: Callable[[], float]) -> Callable[[State, State, Sequence[Fresh]], None]:
    """Print what happens, with the virtual seconds since the start."""

    def tell(_before: State, _after: State, events: Sequence[Fresh]) -> None:
        for item in events:
            if text := _said(item.event):
                console.print(f"{now():8.2f} s  {text}", markup=False, highlight=False)

    return tell


def _said(event: ev.Event) -> str:
    """What an event is worth telling of a trial, "" for the rest."""
    if isinstance(event, ev.MotionIntended):
        return f"{event.text} ..."
    if isinstance(event, ev.MotionEnded):
        return "" if event.outcome == "succeeded" else f"  {event.outcome}: {event.code} {event.message}"
    if isinstance(event, ev.PartMoved):
        where = f"{event.holder} {event.frame}".strip()
        return f"{event.part.split('/', 1)[-1]} {event.what}: {where}"
    if isinstance(event, ev.StepConfirmed):
        return f"{event.operator} confirms {event.step}"
    if isinstance(event, ev.StepStarted):
        return f"-- {event.step}, by {' and '.join(event.actors)}"
    if isinstance(event, ev.SkillEnded):
        values = ", ".join(f"{name} {value}" for name, value in event.values.items())
        return f"-- {event.step} {event.outcome}{': ' + values if values else ''}"
    return ""


def _report(skill: Skill, step: StepState) -> None:
    if step.status != StepStatus.DONE:
        raise TandemError(f"{skill.name} failed ({step.code}): {step.message}", remedy=step.remedy, code=step.code)
    took = (step.ended_t or 0.0) - (step.started_t or 0.0)
    left = ", ".join(MEANS[word] for word in skill.promise.leaves)
    console.print(f"[green]{skill.name} succeeded[/] in {took:.1f} s{': ' + left if left else ''}.", highlight=False)


def _variant(library: Library, product: str | None, part: str, options: dict[str, str]) -> Variant:
    """Return the product that a trial's parts are of, each option that is not given at its first value."""
    kind = part.split(".", 1)[0].split("#", 1)[0]
    names = library.products()
    if product is None and not names:
        raise TandemError("There is no product whose parts could be used.", remedy="Name a folder with --instructions.")
    chosen = product or next((name for name in names if kind in library.kinds(name)), names[0])
    combinations = itertools.product(*(values for values in library.procedure(chosen).options.values()))
    first: TandemError | None = None
    for values in itertools.islice(combinations, VARIANTS):
        wanted = dict(zip(library.procedure(chosen).options, values, strict=True)) | options
        try:
            return library.variant(chosen, wanted)
        except TandemError as error:  # a combination that is not sold: perhaps the next one is
            first = first or error
    raise first or TandemError(f"{chosen} has no variant.", remedy="Run tandem check.")


def _pairs(name: str, texts: Sequence[str]) -> dict[str, str]:
    """Return what was given under an option of the command line, by name. Raises TandemError for a name given twice."""
    out: dict[str, str] = {}
    for text in texts:
        key, value = _pair(text)
        if key in out:
            raise TandemError(f"'{key}' is given twice, as {out[key]} and {value}.", remedy=f"Keep one {name} {key}=….")
        out[key] = value
    return out


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise TandemError(f"'{text}' is no parameter.", remedy="Write it as name=value, for example part=bearing.")
    return name, value
