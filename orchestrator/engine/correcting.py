"""Live looks at a part while a person moves it: how far off it still is. They are no checks, and nothing keeps them."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import structlog

from orchestrator.core.corrections import Correction, under_way
from orchestrator.core.errors import TandemError
from orchestrator.core.react import Look
from orchestrator.engine.golden import AXES
from orchestrator.engine.phrases_sight import seen
from orchestrator.engine.wall import wall_s
from orchestrator.wire import LiveLook, PoseFrame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.ports import Check, CheckRequest, Vision
    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.eyes import Eyes
    from orchestrator.engine.runner import Runner

log = structlog.get_logger(__name__)

PERIOD_S = 1.0  # of the wall, from the end of a look to the next: what else runs on the machine has its turn
LEASE_S = 10.0  # of the wall: a screen that has not asked again by then shows it to nobody
_Part = tuple[str, str, int]  # unit, step, attempt


class Correcting:
    """Looks again and again at the parts that screens follow, for as long as somebody corrects them.

    `vision` is for these looks alone, so that no check waits for one; it is opened by the first and closed by who made
    it. `now` gives UTC seconds. Nothing is written: what was seen is in `frames`, the newest alone.
    """

    def __init__(self, runner: Runner, eyes: Eyes, vision: Vision, now: Callable[[], float]) -> None:
        self._runner = runner
        self._eyes = eyes
        self._vision = vision
        self._now = now
        self._followed: dict[object, Correction] = {}
        self._leases: dict[object, asyncio.TimerHandle] = {}
        self._tasks: dict[_Part, asyncio.Task[None]] = {}
        self._shown: dict[_Part, PoseFrame] = {}
        self._one = asyncio.Lock()
        self._leave_bus = runner.bus.join(self._observe)

    def follow(self, who: object, of: Correction) -> None:
        """Have a part looked at for a screen, from now on until `LEASE_S` after it has asked last.

        Called again and again while it is wanted. Where nobody corrects that part (any more) this ends it.
        """
        going = under_way(self._runner.state, of)
        if not going or self._followed.get(who) != of:
            self.leave(who)
        if not going:
            return
        if (lease := self._leases.get(who)) is not None:
            lease.cancel()
        self._followed[who] = of
        self._leases[who] = asyncio.get_running_loop().call_later(wall_s(LEASE_S), self.leave, who)
        if (part := _part(of)) not in self._tasks:
            self._show(part, LiveLook(unit=of.unit, step=of.step, attempt=of.attempt))
            self._tasks[part] = asyncio.create_task(self._look_on(part), name=f"correcting/{of.unit}/{of.step}")

    def leave(self, who: object) -> None:
        """End what a screen follows; nothing where it follows nothing."""
        if (lease := self._leases.pop(who, None)) is not None:
            lease.cancel()
        of = self._followed.pop(who, None)
        if of is None:
            return
        part = _part(of)
        if part not in map(_part, self._followed.values()) and (task := self._tasks.pop(part, None)) is not None:
            task.cancel()
            del self._shown[part]

    def frames(self) -> tuple[PoseFrame, ...]:
        """Return the newest look at each part that is followed."""
        return tuple(self._shown.values())

    async def close(self) -> None:
        """Look at nothing any more."""
        self._leave_bus()
        tasks = tuple(self._tasks.values())
        for who in tuple(self._followed):
            self.leave(who)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _observe(self, _before: State, after: State, _events: Sequence[Fresh]) -> None:
        for who, of in tuple(self._followed.items()):
            if not under_way(after, of):
                self.leave(who)

    def _show(self, part: _Part, look: LiveLook) -> None:
        self._shown[part] = PoseFrame(topic=f"look/{part[0]}/{part[1]}", t=self._now(), poses={}, look=look)

    async def _look_on(self, part: _Part) -> None:
        while True:
            async with self._one:
                look = await self._look(part)
            self._show(part, look)
            if look.paused:
                await self._eyes.unwatched()
            else:
                await asyncio.sleep(wall_s(PERIOD_S))

    async def _look(self, part: _Part) -> LiveLook:
        """Look once; paused where a look that counts is under way, or begins meanwhile."""
        unit, step, attempt = part
        blank = LiveLook(unit=unit, step=step, attempt=attempt)
        if self._eyes.watched:
            return blank.model_copy(update={"paused": True})
        effect = Look(f"{unit}/{step}/{attempt}/glance", unit, step, attempt)
        task = asyncio.create_task(self._eyes.glance(lambda: self._runner.state, effect, self._vision))
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        if task.cancelled():
            return blank.model_copy(update={"paused": True})
        try:
            check, request = task.result()
        except Exception as error:  # noqa: BLE001 - a driver may raise anything, and costs one look
            if not isinstance(error, TandemError):
                log.warning("a live look failed", error=str(error) or type(error).__name__)
            said = error.message if isinstance(error, TandemError) else ""
            return blank.model_copy(update={"verdict": "cannot_see", "text": seen("cannot_see", said, {})})
        return blank.model_copy(update=_told(self._runner.state, check, request))


def _part(of: Correction) -> _Part:
    return of.unit, of.step, of.attempt


def _told(state: State, check: Check, request: CheckRequest) -> dict[str, object]:
    """Return what a look says of a part: of its axes those alone that are judged, of its turn what is too much."""
    off = check.deviation
    if off is None or check.verdict not in {"ok", "displaced"}:
        return {"verdict": check.verdict, "text": seen(check.verdict, check.reason, _names(state))}
    judged = [axis not in check.not_judged for axis in AXES]
    offset = [round(1000 * v, 3) if told else 0.0 for v, told in zip(off.xyz_m, judged[:3], strict=True)]
    turn = [round(math.degrees(v), 2) if told else 0.0 for v, told in zip(off.rot_rad, judged[3:], strict=True)]
    too_far = any(abs(v) > math.degrees(most) for v, most in zip(turn, request.within_rad, strict=True))
    turned = tuple(turn) if check.verdict == "displaced" and too_far else None
    return {"verdict": check.verdict, "offset_mm": tuple(offset), "turn_deg": turned}


def _names(state: State) -> dict[str, dict[str, str]]:
    """What people call each part that the ledger knows, by its id."""
    out = {}
    for fact in state.world.facts.values():
        if (spec := state.part_spec(fact.unit, fact.kind)) is not None:
            out[fact.part] = dict(spec.name)
    return out
