"""Effects under way: each a task with one outcome, called off by name, and given up where it does not end."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Protocol

import structlog

from orchestrator.core import commands as cmd
from orchestrator.core.errors import TandemError
from orchestrator.core.machine import CELL, CellVerb
from orchestrator.core.react import (
    GoHome,
    Look,
    LookForRemains,
    Recover,
    RideAndLook,
    RunManual,
    RunRetreat,
    RunSkill,
    Settle,
)
from orchestrator.core.state import moves_robot
from orchestrator.core.transient import TRANSIENTS, Awaited
from orchestrator.engine.outcomes import broken_off, crashed, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.state import State
    from orchestrator.engine.outcomes import Performed
    from orchestrator.engine.troubles import Troubles

log = structlog.get_logger(__name__)

ENDS_S = 10.0  # how long what was called off may take to end before nobody waits for it any more
SKILL_ENDS_S = 5.0  # how long a skill that was called off may take to end before the cell settles without it
AGAIN_S = 1.0  # after which a stop that failed is asked for again
_READIES = tuple(state for state, row in TRANSIENTS.items() if Awaited.READY in row.waits)
_IN_VAIN = {
    Awaited.SKILLS: "The robot's motion did not end within {:g} s.",
    Awaited.STAND: "The robot did not stand within {:g} s.",
    Awaited.READY: "The robot was not ready within {:g} s.",
}


class Crew(Protocol):
    """Who performs effects. Each returns its one outcome; cancelling `skill` returns when the arm stands."""

    async def skill(self, effect: RunSkill) -> cmd.EndSkill:
        """Run the robot's share of an attempt."""

    async def manual(self, effect: RunManual) -> cmd.EndManual:
        """Move by hand."""

    async def retreat(self, effect: RunRetreat) -> cmd.EndRetreat:
        """Bring the arm out of where it is, once people have approved the way."""

    async def look(self, effect: Look) -> cmd.EndCheck:
        """Take a picture and judge a result."""

    async def ride_and_look(self, effect: RideAndLook) -> cmd.EndCheck:
        """Bring the arm's camera to a result and judge it; cancelling returns when the arm stands."""

    async def go_home(self, effect: GoHome) -> cmd.EndHome:
        """Bring the arm home after a failure; cancelling returns when it stands."""

    async def look_for_remains(self, effect: LookForRemains) -> cmd.EndRemainsLook:
        """Tell whether a part stands where a unit may have left it."""

    async def settle(self, effect: Settle) -> None:
        """Do what a transient state is for. Raises TandemError when it can't."""

    async def recover(self, effect: Recover) -> None:
        """Release a protective stop, on a person's word."""

    def stop_at_once(self) -> None:
        """Stop whatever moves, without waiting for anything."""


class Performing:
    """Has a crew perform effects. `state` gives the durable state; `post` takes their outcomes, without waiting."""

    def __init__(self, state: Callable[[], State], post: Callable[[cmd.Command], None], troubles: Troubles) -> None:
        self._state = state
        self._post = post
        self._troubles = troubles
        self._tasks: dict[str, asyncio.Task[cmd.Command | None]] = {}
        self._effects: dict[str, Performed] = {}
        self._endless: set[asyncio.Task[cmd.Command | None]] = set()  # were called off, and do not end
        self._closed = False

    def perform(self, effect: Performed, crew: Crew) -> None:
        """Begin an effect, unless it is under way."""
        if effect.id in self._tasks:
            return
        if isinstance(effect, Settle):
            self._unready()
        task = asyncio.create_task(self._supervise(effect, crew), name=effect.id)
        self._tasks[effect.id], self._effects[effect.id] = task, effect
        task.add_done_callback(lambda done: self._ended(effect, done))

    async def end(self) -> None:
        """Call off every effect and wait for their ends; one that does not within `ENDS_S` is left behind."""
        self._closed = True
        left = list(self._tasks.values())
        for task in left:
            task.cancel()
        endless = (await asyncio.wait(left, timeout=ENDS_S))[1] if left else ()
        for task in endless:
            log.error("does not end, and is left behind", effect=task.get_name())

    def call_off(self, prefix: str = "") -> None:
        """Call off what moves the robot, of all effects whose ids begin so."""
        for name, task in tuple(self._tasks.items()):
            # once: a second cancel would strike what the skill does to come to a stand
            if name.startswith(prefix) and moves_robot(name) and not task.cancelling():
                task.cancel()
                asyncio.get_running_loop().call_later(ENDS_S, self._give_up, name, task)

    async def _supervise(self, effect: Performed, crew: Crew) -> cmd.Command | None:
        """Perform an effect and return its outcome, also that of a crash."""
        try:
            if isinstance(effect, RunSkill):
                return await crew.skill(effect)
            if isinstance(effect, RunManual):
                return await crew.manual(effect)
            if isinstance(effect, RunRetreat):
                return await crew.retreat(effect)
            if isinstance(effect, Look):
                return await crew.look(effect)
            if isinstance(effect, RideAndLook):
                return await crew.ride_and_look(effect)
            if isinstance(effect, GoHome):
                return await crew.go_home(effect)
            if isinstance(effect, LookForRemains):
                return await crew.look_for_remains(effect)
            if isinstance(effect, Recover):
                await crew.recover(effect)
                return None
            trouble = await self._settled(effect, crew)
            return cmd.SettleCell(state=effect.state, trouble=trouble, change=effect.change)
        except Exception as error:
            if not isinstance(error, TandemError):
                log.exception("effect crashed", effect=effect.id)
            return crashed(effect, error)

    def _ended(self, effect: Performed, task: asyncio.Task[cmd.Command | None]) -> None:
        """Every effect has one terminal outcome, also one that was cancelled before it began."""
        if task in self._endless:
            self._endless.remove(task)
            self._tell_endless()
            return
        self._tasks.pop(effect.id, None)
        self._effects.pop(effect.id, None)
        outcome = broken_off(effect) if task.cancelled() else task.result()
        if outcome is not None:
            self._post(outcome)

    async def _settled(self, effect: Settle, crew: Crew) -> tuple[str, ...]:
        """Wait for what a transient state waits for, in its row's order; returns why it waited in vain, if it did.

        A stop that comes first reaches the robot before any skill is waited for, and is asked for again and again.
        """
        row = TRANSIENTS[effect.state]
        skills = [task for name, task in self._tasks.items() if moves_robot(name)]
        again = row.waits[:1] == (Awaited.STAND,)
        why: list[Exception] = []
        try:
            async with asyncio.timeout(None if math.isinf(row.limit_s) else row.limit_s):
                for awaited in row.waits:
                    if awaited == Awaited.SKILLS and skills:
                        await asyncio.wait(skills, timeout=SKILL_ENDS_S if Awaited.STAND in row.waits else None)
                    elif awaited != Awaited.SKILLS:
                        await (self._stopped(effect, crew, why) if again else crew.settle(effect))
        except TimeoutError:
            return (_IN_VAIN[row.waits[0]].format(row.limit_s), *(said for error in why[-1:] for said in words(error)))
        return ()

    async def _stopped(self, effect: Settle, crew: Crew, why: list[Exception]) -> None:
        """Ask for the stop again and again; `why` gathers how it failed."""
        while True:
            try:
                return await crew.settle(effect)
            except Exception as error:
                log.exception("the cell can't come to a stand", state=effect.state, error=str(error))
                why.append(error)
            await asyncio.sleep(AGAIN_S)

    def _unready(self) -> None:
        """Nobody waits any more for a robot that was to get ready: the cell has gone on to another state."""
        for name, task in tuple(self._tasks.items()):
            if any(name.startswith(f"settle/{state}/") for state in _READIES):
                task.cancel()

    def _give_up(self, name: str, task: asyncio.Task[cmd.Command | None]) -> None:
        """Wait no longer for what was called off and does not end: it moves nothing any more, and holds nobody up."""
        if task.done() or self._tasks.get(name) is not task or self._closed:
            return
        del self._tasks[name]
        self._endless.add(task)
        self._tell_endless()
        log.error("was called off and does not end", effect=name)
        if self._state().cell in CELL[CellVerb.HOLD]:
            self._post(cmd.ChangeCell(verb=CellVerb.HOLD, reason="a skill was called off and does not end"))
        effect = self._effects.pop(name)
        message = "It was called off and does not end: it keeps asyncio.CancelledError to itself."
        remedy = "Restart Tandem, and mend the skill."
        error = TandemError(message, remedy=remedy, code="endless")
        error.retry = False
        self._post(crashed(effect, error))

    def _tell_endless(self) -> None:
        self._troubles.note("skill", ", ".join(sorted(task.get_name() for task in self._endless)))
