"""A cell of the shipped product whose hands need no time: what is left is the orchestrator's own work."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.sim.worker import SimWorker
from orchestrator.app import shared
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.progress import placed
from orchestrator.core.machine import CellState, CellVerb, OrderVerb
from orchestrator.core.state import initial
from orchestrator.core.world import GRIPPER
from orchestrator.engine.guide import Guide
from orchestrator.engine.library import Library
from orchestrator.engine.runner import Runner
from orchestrator.engine.schedule import Schedule
from orchestrator.engine.screen import LiveScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.core.ports import Clock, Journal
    from orchestrator.core.react import Look, Recover, RunSkill, Settle
    from orchestrator.core.state import State
    from orchestrator.wire import Answer

PRODUCT = "gear_reducer"
OPTIONS = {"ratio": "5", "cover": "blind", "plate": "en"}
BOSS = cmd.Who(name="bench", role="supervisor")


def library() -> Library:
    """The shipped product and its cell."""
    return Library(shared("instructions"), shared("launch") / "cells" / "demo.yaml")


class BriskCrew:
    """Skills that end at once with their parts reported as placed, and looks that find everything in its place."""

    def __init__(self, runner: Runner, clock: Clock) -> None:
        self._runner = runner
        self._clock = clock

    async def skill(self, effect: RunSkill) -> cmd.EndSkill:
        """Report what a real skill would, without moving."""
        runner = self._runner
        found = runner.state.step(effect.unit, effect.step)
        assert found is not None
        step, _ = found
        for event in placed(runner.state, effect.unit, step):
            if isinstance(event, ev.PartMoved):
                told = {"effect": effect.id, "part": event.part, "kind": event.kind}
                await runner.ask(cmd.ReportPart.model_validate({**told, "what": "grasped", "to": GRIPPER}))
                if step.together:
                    await runner.until(lambda state: _confirmed(state, effect))
                await runner.ask(
                    cmd.ReportPart.model_validate(
                        {**told, "what": "placed", "to": event.holder, "frame": event.frame, "pose": event.pose}
                    )
                )
        values = {name: spec.nominal for name, spec in step.result.values.items() if spec.nominal is not None}
        return cmd.EndSkill(
            effect=effect.id,
            unit=effect.unit,
            step=effect.step,
            attempt=effect.attempt,
            outcome="succeeded",
            values=values,
        )

    async def look(self, effect: Look) -> cmd.EndCheck:
        """See the part in its place."""
        seen = cmd.Measured(verdict="ok", offset_mm=(0.1, 0.0, 0.0), visible=1.0, shot_t=self._clock.now())
        return cmd.EndCheck(effect=effect.id, unit=effect.unit, step=effect.step, attempt=effect.attempt, measured=seen)

    async def settle(self, effect: Settle) -> None:
        """Nothing to bring to a stand."""

    async def recover(self, effect: Recover) -> None:
        """Nothing to release."""

    def stop_at_once(self) -> None:
        """Nothing moves."""


class BriskWorker(SimWorker):
    """Reads the card and confirms `pause_s` later."""

    pause_s = 0.0

    def _takes_s(self, expected_s: float) -> float:
        return self.pause_s


class BenchCell:
    """A runner with its screen; enough of a desk for a worker and for commands."""

    def __init__(
        self, shelf: Library, journal: Journal, clock: Clock | None = None, state: State | None = None
    ) -> None:
        assert shelf.cell is not None
        self.clock = clock or WallClock()
        self.epoch = "bench"
        self.library = shelf
        self.journal = journal
        self.runner = Runner(state or initial(shelf.cell), journal, self.clock, Schedule())
        self.runner.crew = BriskCrew(self.runner, self.clock)
        self.screen = LiveScreen(Guide(shelf, simulated=True), self.runner.state)
        self.runner.bus.join(self.screen.observe)
        self.bins = [(name, bin_.capacity) for name, bin_ in shelf.cell.supply.items() if bin_.capacity]
        self.events = 0
        self.runner.bus.join(self._count)
        self._asked = 0

    def now(self) -> float:
        """UTC seconds."""
        return self.clock.now()

    async def submit(self, request: cmd.Request) -> Answer:
        """Hand in a command."""
        return await self.runner.submit(request)

    async def do(self, command: cmd.Command) -> Answer:
        """Hand in a command of a supervisor."""
        self._asked += 1
        return await self.submit(cmd.Request(id=f"bench-{self._asked}", by=BOSS, t=self.now(), command=command))

    async def begin(self, units: int) -> None:
        """Store and start an order, and bring the cell to Execute. Raises RuntimeError when refused."""
        variant = self.library.variant(PRODUCT, OPTIONS)
        for command in (
            cmd.StoreOrder(order="bench", quantity=units, variant=variant),
            cmd.ChangeOrder(order="bench", verb=OrderVerb.START),
            cmd.ChangeCell(verb=CellVerb.START),
        ):
            answer = await self.do(command)
            if not answer.ok:
                raise RuntimeError(answer.message)
        await self.runner.until(lambda state: state.cell == CellState.EXECUTE)

    def worker(self, pause_s: float = 0.0) -> BriskWorker:
        """A person at the cell's place."""
        desk: Any = self
        worker = BriskWorker(desk, "front", seed=1)
        worker.pause_s = pause_s
        return worker

    @asynccontextmanager
    async def running(self, *, pause_s: float | None = None) -> AsyncIterator[None]:
        """Let the runner work, and with `pause_s` a worker too."""
        tasks = [asyncio.ensure_future(self.runner.run())]
        if pause_s is not None:
            tasks.append(asyncio.ensure_future(self.worker(pause_s).run()))
        try:
            yield
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in reversed(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _count(self, _before: State, _after: State, events: Any) -> None:
        self.events += len(events)


def refill(cell: BenchCell, n: int) -> cmd.RefillBin:
    """The n-th of many refills: a different bin and a different count each time."""
    name, capacity = cell.bins[n % len(cell.bins)]
    return cmd.RefillBin(bin=name, count=capacity - n % 2)


def _confirmed(state: State, effect: RunSkill) -> bool:
    found = state.step(effect.unit, effect.step)
    return found is None or "confirm" not in found[1].wants
