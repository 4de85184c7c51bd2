"""One run of a scenario: the embedded cell in virtual time, a worker, faults, and a referee who knows the truth."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.app import EmbeddedCell, embedded
from orchestrator.core import commands as cmd
from orchestrator.core.errors import SetupError, TandemError
from orchestrator.core.machine import CellVerb, OrderState, OrderVerb, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.adapters.sim.audit import Wrong
    from orchestrator.adapters.sim.faults import Struck
    from orchestrator.adapters.sim.scenario import Scenario
    from orchestrator.adapters.sim.worker import SimWorker
    from orchestrator.core.ports import Vision
    from orchestrator.core.settings import Settings
    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.wire import Answer

ORDER = "sim-1"
WHO = cmd.Who(name="simulate", role="supervisor")
OVER = frozenset({OrderState.ENDED, OrderState.ABORTED, OrderState.CANCELLED})
UNIT_S = 2 * 3600.0  # virtual seconds that a unit may take
UNIT_EVENTS = 4000  # events that a unit may take: more of them go round in circles
QUIET_S = 1800.0  # virtual seconds without any event after which nothing is going on


@dataclass(frozen=True)
class Ended:
    """How a unit ended: done, scrapped, question (it waits for a person) or stuck; and why, where it is not done."""

    unit: str
    how: str
    reason: str


@dataclass(frozen=True)
class Report:
    """What became of one run. `hang` says what it waits for when it did not end within its limits."""

    seed: int
    units: tuple[Ended, ...]
    struck: tuple[Struck, ...]
    unstruck: tuple[str, ...]
    wrong: tuple[Wrong, ...]
    on_a_word: tuple[Wrong, ...]
    claims: int
    events: int
    virtual_s: float
    wall_s: float
    sha256: str
    hang: str = ""
    failures: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it ended as it should and the ledger told the truth."""
        return not self.failures

    @property
    def only_unstruck(self) -> bool:
        """Whether nothing else is wrong than that faults never struck."""
        return bool(self.failures) and set(self.failures) == set(map(_never, self.unstruck))


@dataclass
class _Follower:
    """Counts events and wakes who waits for an end."""

    limit: int
    count: int = 0
    last_s: float = 0.0
    steps: int = 0
    advance: Callable[[int], None] = lambda _steps: None
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, _before: State, _after: State, events: Sequence[Fresh]) -> None:
        self.count += len(events)
        self.last_s = asyncio.get_running_loop().time()
        done = sum(item.event.type == "step_done" for item in events)
        if done:
            self.advance(done)
        if self.count > self.limit:
            self.enough.set()


async def simulate(
    settings: Settings,
    scenario: Scenario,
    *,
    vision: Vision | None = None,
    advance: Callable[[int], None] | None = None,
) -> Report:
    """Run a scenario once on a virtual loop. `advance` is told of steps that were done, for a bar.

    `vision` stands in for the cell's own and stays open.
    Raises TandemError for a product, option, bin, camera, part or step that there is not.
    """
    from orchestrator.adapters.clock_virtual import VirtualClock
    from orchestrator.adapters.robot_sim import SimRobot
    from orchestrator.adapters.sim.audit import Audit
    from orchestrator.adapters.sim.faults import Faults, Hardware
    from orchestrator.adapters.sim.handheld import HandTools
    from orchestrator.adapters.sim.premises import Premises
    from orchestrator.adapters.sim.worker import SimWorker

    loop = asyncio.get_running_loop()
    began, base = time.perf_counter(), settings.model_copy(update={"seed": scenario.seed})
    async with embedded(base, VirtualClock(loop), vision=vision) as cell:
        if not isinstance(cell.robot, SimRobot):
            raise SetupError("Scenarios strike the simulated robot.", remedy="Take a cell with adapter: sim.")
        premises = Premises(cell.world)
        faults = Faults(
            scenario.faults,
            Hardware(cell.world, cell.robot, cell.cameras, cell.devices),
            premises,
            seed=scenario.seed,
        )
        audit = Audit(cell.world)
        cell.people.witness = audit.observe
        follower = _Follower(UNIT_EVENTS * scenario.units, advance=advance or (lambda _steps: None))
        cell.runner.bus.join(follower.observe)
        workers = [
            SimWorker(
                cell.desk,
                place,
                seed=scenario.seed,
                habits=scenario.worker.habits,
                premises=premises,
                tools=HandTools(cell.devices),
                delay_s=faults.network_s,
            )
            for place in cell.runner.state.spec.places
        ]
        if workers:
            cell.people.slip = workers[0].slip
        _accept(await cell.desk.store_order(ORDER, scenario.product, scenario.options, scenario.units, None, WHO))
        faults.fit(cell.runner.state.orders[ORDER].variant)
        await _do(cell, "start-cell", cmd.ChangeCell(verb=CellVerb.START))
        faults.arm(cell.runner.bus)
        await _do(cell, "start-order", cmd.ChangeOrder(order=ORDER, verb=OrderVerb.START))
        hang = await _run(cell, workers, follower, scenario.units)
        faults.close()
        audit.finish(cell.runner.state)
        units = _ends(cell, scenario.units, hang)
        struck = tuple(faults.struck)
        unstruck = faults.unstruck()
        virtual_s, sha256 = loop.time(), cell.desk.journal.head[1]
    report = Report(
        seed=scenario.seed,
        units=units,
        struck=struck,
        unstruck=unstruck,
        wrong=tuple(audit.wrong),
        on_a_word=tuple(audit.on_a_word),
        claims=audit.claims,
        events=follower.count,
        virtual_s=round(virtual_s, 3),
        wall_s=time.perf_counter() - began,
        sha256=sha256,
        hang=hang,
    )
    return _judged(report, scenario)


async def _run(cell: EmbeddedCell, workers: Sequence[SimWorker], follower: _Follower, units: int) -> str:
    """Let the order run to its end; returns "" or what a run that does not end waits for."""
    tasks = [asyncio.create_task(worker.run(), name="worker") for worker in workers]
    over = asyncio.create_task(cell.runner.until(lambda state: state.orders[ORDER].state in OVER))
    circles = asyncio.create_task(follower.enough.wait())
    ends_s = asyncio.get_running_loop().time() + UNIT_S * units
    try:
        while True:
            now_s = asyncio.get_running_loop().time()
            quiet_s = follower.last_s + QUIET_S
            if now_s >= min(quiet_s, ends_s) - 1e-6:
                return f"{'nothing happens' if quiet_s < ends_s else 'time is up'}: {_waits(cell)}"
            waiting = {over, circles, *tasks}
            done, _ = await asyncio.wait(
                waiting, timeout=min(quiet_s, ends_s) - now_s, return_when=asyncio.FIRST_COMPLETED
            )
            if over in done:
                over.result()
                return ""
            for task in done & set(tasks):
                task.result()  # a worker ends only by an error
            if circles in done:
                return f"it goes round in circles after {follower.count} events: {_waits(cell)}"
    finally:
        for task in (*tasks, over, circles):
            task.cancel()
        await asyncio.gather(*tasks, over, circles, return_exceptions=True)


def _waits(cell: EmbeddedCell) -> str:
    """Say what a cell waits for: questions first, then why nothing moves, then who is at what."""
    state = cell.runner.state
    words = [
        f"{unit.id} {step_id} asks: {step.message or step.code}"
        for unit, step_id, step in state.busy()
        if step.status == StepStatus.ATTENTION
    ]
    view = cell.desk.screen.topics["cell"]
    words += [f"the cell is {state.cell}", *getattr(view, "reasons", ())]
    words += [
        f"{unit.id} {step_id} is {step.status} with {' and '.join(step.actors) or 'nobody'}, wants "
        f"{', '.join(sorted(step.wants)) or 'nothing'}"
        for unit, step_id, step in state.busy()
    ]
    words += [f"motion '{motion.text}' is under way" for motion in state.motions.values()]
    card = next((value for name, value in cell.desk.screen.topics.items() if name.startswith("card/")), None)
    note: Mapping[str, str] = getattr(card, "note", {})
    words += [f"the card says {getattr(card, 'status', '')}: {note.get('en', '')}"]
    return "; ".join(words)


def _ends(cell: EmbeddedCell, units: int, hang: str) -> tuple[Ended, ...]:
    """Return how each unit ended, in the order of their start."""
    import orjson

    out = {}
    for recorded in cell.desk.journal.read(kind="unit_ended"):
        event = orjson.loads(recorded.entry.payload)
        out[event["unit"]] = Ended(event["unit"], event["state"], event["reason"])
    for unit in cell.runner.state.units.values():
        asked = [step for step in unit.steps.values() if step.status == StepStatus.ATTENTION]
        if asked:
            out[unit.id] = Ended(unit.id, "question", f"{asked[0].message} {asked[0].remedy}".strip())
        else:
            out[unit.id] = Ended(unit.id, "stuck", hang)
    missing = [Ended(f"unit {n}", "stuck", f"never begun: {hang}") for n in range(len(out) + 1, units + 1)]
    return (*out.values(), *missing)


def _judged(report: Report, scenario: Scenario) -> Report:
    """Return a report with everything in it that should not be."""
    expect, failures = scenario.expect, []
    if report.hang:
        failures.append(f"It hangs: {report.hang}.")
    failures += [f"The ledger was wrong and did not say so: {wrong}." for wrong in report.wrong]
    for unit in report.units:
        if unit.how not in expect.ends and not report.hang:
            wanted = " or ".join(expect.ends)
            failures.append(f"{unit.unit} ended {unit.how}, not {wanted}: {unit.reason or 'no reason given'}.")
        if unit.how != "done" and not unit.reason.strip():
            failures.append(f"{unit.unit} ended {unit.how} without a named reason.")
        if unit.how != "done" and expect.reason and expect.reason not in unit.reason:
            failures.append(f"{unit.unit} ended {unit.how} for another reason: {unit.reason}.")
    if expect.struck:
        failures += map(_never, report.unstruck)
    return replace(report, failures=tuple(failures))


def _never(fault: str) -> str:
    return f"The fault {fault} never struck."


async def _do(cell: EmbeddedCell, name: str, command: cmd.Command) -> None:
    request = cmd.Request(id=f"{name}-{cell.runner.state.seq}", by=WHO, t=cell.desk.now(), command=command)
    _accept(await cell.desk.submit(request))


def _accept(answer: Answer) -> None:
    if not answer.ok:
        raise TandemError(answer.message, remedy=answer.remedy, code=answer.code)
