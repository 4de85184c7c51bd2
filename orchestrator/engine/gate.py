"""The gate that every motion passes: planned, proposed, approved where autonomy asks, intended, checked, executed."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError, TandemError
from orchestrator.core.pauses import robot_pauses
from orchestrator.core.ports import Outcome
from orchestrator.core.retreat import why_no_motion
from orchestrator.core.supervision import wants_approval
from orchestrator.engine.limit import Limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Motion
    from orchestrator.core.state import State
    from orchestrator.engine.runner import Runner
    from orchestrator.wire import Answer

STALL_S = 10.0  # a motion that neither moves nor ends for so long has a controller that does not answer
REFUSED = "refused"  # the code of a motion that a person did not want
STOOD_S = 3.0  # an arm that has stood for so long leaves a standstill, for whoever works beside it
STAND_S = 1.0  # how long a motion may take to answer its cancel, and a robot to answer its stop


class Gate:
    """Lets the motions of one effect pass, one at a time, as long as the task that it was made in is not called off.

    `stop` is the robot's own, for motions that do not answer their cancel; `limit` stands still while a person decides.
    `progress` tells how far the robot is: a motion in which that stays equal for too long is called off. `turn` lets a
    camera finish its picture first. With `leads` people see the arm coming before it leaves a standstill.
    """

    def __init__(
        self,
        runner: Runner,
        effect: str,
        stop: Callable[[], Awaitable[object]],
        limit: Limit | None = None,
        progress: Callable[[], object] | None = None,
        turn: Callable[[], Awaitable[None]] | None = None,
        leads: bool = False,
    ) -> None:
        self._runner = runner
        self._effect = effect
        self._stop = stop
        self._progress = progress
        self._turn = turn
        self._leads = leads
        self._stood_at: float | None = None  # when the arm came to a stand, by the loop's clock; None before it moved
        self._limit = limit or Limit(math.inf)
        self._task = asyncio.current_task()
        self._count = 0
        self._refused = ""

    async def run(
        self,
        start: Callable[[], Motion],
        *,
        text: str,
        plan: str = "",
        duration_s: float = 0.0,
        preview: tuple[Pose, ...] = (),
        end: tuple[Pose, ...] = (),
        supervised: str = "",
        before: Callable[[], Awaitable[object]] | None = None,
    ) -> Outcome:
        """Run a motion and return how it ended; `supervised` says why it wants approval at every level of autonomy.

        `preview` and `end` are what people see of it: the TCP's way, and the drawn links where it ends. `before` makes
        ready for it once it may go ahead.

        Cancelling the caller cancels the motion and returns when the arm stands; where the motion does not answer
        in time, the robot is stopped, and the outcome is unknown.

        Raises:
            RobotError: the interlock refuses the motion, with every reason; a person does (code refused), and then
                every one that the skill tries instead; or the skill was called off (code ended).
        """
        if self._task is not None and (self._task.cancelling() or self._task.done()):
            raise RobotError(
                f"'{text}' came after the skill was called off.", remedy="Start no motion on the way out.", code="ended"
            )
        if self._refused:
            raise _not_like_this(self._refused)
        if self._turn is not None:
            with self._limit.standing("picture"):
                await self._turn()
        shown: dict[str, Any] = {
            "text": text,
            "plan": plan,
            "duration_s": round(duration_s, 3),
            "supervised": supervised,
        }
        shown |= {"preview": _rounded(preview), "end": _rounded(end)}
        motion_id = await self._passed(shown)
        if before is not None:
            await self._made_ready(motion_id, before)
        reasons = why_no_motion(self._runner.state, self._effect)
        if reasons or motion_id not in self._runner.state.motions:
            self._end(motion_id, "rejected", "interlock", " ".join(reasons))
            raise RobotError("The robot may not move now.", remedy=" ".join(reasons), code="interlock")
        try:
            motion = start()
        except RobotError as error:
            self._end(motion_id, "rejected", error.code, error.message)
            raise
        try:
            outcome = await self._ended(motion)
        except asyncio.CancelledError:
            outcome = await stand(motion, self._stop)
            self._end(motion_id, outcome.kind, outcome.code, outcome.message)
            raise
        self._stood_at = asyncio.get_running_loop().time()
        self._end(motion_id, outcome.kind, outcome.code, outcome.message)
        return outcome

    async def _made_ready(self, motion_id: str, before: Callable[[], Awaitable[object]]) -> None:
        try:
            await before()
        except asyncio.CancelledError:
            self._end(motion_id, "canceled", "", "")
            raise
        except TandemError as error:
            self._end(motion_id, "rejected", error.code, error.message)
            raise

    async def _passed(self, shown: dict[str, Any]) -> str:
        """Propose a motion and wait until it may go ahead; returns its id. Raises RobotError."""
        self._count += 1
        motion_id = f"{self._effect}/m{self._count}"
        what = {**shown, "effect": self._effect, "motion": motion_id, "from_rest": self._from_rest(shown["preview"])}
        proposal = cmd.ProposeMotion.model_validate(what)
        try:
            answer = await self._asked(proposal)
            if not answer.ok:
                raise RobotError(answer.message, remedy=answer.remedy, code=answer.code)
            with self._limit.standing("approval"):
                await self._runner.until(lambda state: _decided(state, motion_id))
            seen = await self._lead(motion_id)
            await self._unpaused()
        except asyncio.CancelledError:  # it may be in the journal by then, and must not stand there as under way
            self._end(motion_id, "canceled", "", "")
            raise
        motion = self._runner.state.motions.get(motion_id)
        if motion is not None and motion.refused:
            self._refused = motion.refused
            self._end(motion_id, "rejected", REFUSED, motion.refused)
            raise _not_like_this(motion.refused)
        if motion is not None and wants_approval(self._runner.state, motion):  # lowered before it could begin
            self._end(motion_id, "rejected", "autonomy", "Motions are to be approved now.")
            return await self._passed(shown)
        if motion is not None and not seen:  # by the time it may go on, nobody looks out for it any more
            self._end(motion_id, "rejected", "paused", "The robot was paused before it began.")
            return await self._passed(shown)
        return motion_id

    def _from_rest(self, preview: tuple[Pose, ...]) -> bool:
        """Whether the arm is about to leave a standstill that people may take for one that lasts."""
        stood = self._stood_at is None or asyncio.get_running_loop().time() - self._stood_at >= STOOD_S
        return self._leads and bool(preview) and stood

    async def _lead(self, motion_id: str) -> bool:
        """Stand for as long as people are to see what comes; tells whether nothing has come between."""
        motion = self._runner.state.motions.get(motion_id)
        if motion is None or motion.refused or not motion.lead_s:
            return True
        with self._limit.standing("lead"):
            try:
                async with asyncio.timeout(motion.lead_s):
                    await self._runner.until(lambda state: self._comes_between(state, motion_id))
            except TimeoutError:
                return True
        return False

    def _comes_between(self, state: State, motion_id: str) -> bool:
        motion = state.motions.get(motion_id)
        return motion is None or wants_approval(state, motion) or bool(why_no_motion(state, self._effect))

    async def _asked(self, proposal: cmd.ProposeMotion) -> Answer:
        """Propose a motion, once nothing is paused that would keep it at speed zero."""
        while True:
            await self._unpaused()
            answer = await self._runner.ask(proposal)
            if answer.ok or answer.code != "paused":
                return answer

    async def _unpaused(self) -> None:
        """Wait until nobody has paused what moves here: a skill does not fail by a pause between two motions."""
        with self._limit.standing("pause"):
            await self._runner.until(lambda state: not robot_pauses(state))

    async def _ended(self, motion: Motion) -> Outcome:
        """Wait for a motion's end; one that makes no progress and says nothing is stopped, and its end is unknown."""
        if self._progress is None:
            return await motion.result()
        waiting = asyncio.ensure_future(motion.result())
        try:
            before = self._progress()
            while not (await asyncio.wait({waiting}, timeout=STALL_S))[0]:
                now = self._progress()
                if now == before:
                    break
                before = now
            if waiting.done():
                return waiting.result()
        finally:
            waiting.cancel()
        stood = await stand(motion, self._stop)
        message = f"The robot has not moved for {STALL_S:g} s and did not say how its motion ended. {stood.message}"
        return Outcome("unknown", "no_answer", message.strip(), "See the robot's controller, then retry.")

    def _end(self, motion: str, kind: str, code: str, message: str) -> None:
        self._runner.post(
            cmd.EndMotion.model_validate(
                {"effect": self._effect, "motion": motion, "outcome": kind, "code": code, "message": message}
            )
        )


def _rounded(poses: tuple[Pose, ...]) -> tuple[Pose, ...]:
    return tuple(pose.rounded() for pose in poses)


def _decided(state: State, motion_id: str) -> bool:
    motion = state.motions.get(motion_id)
    return motion is None or motion.approved or bool(motion.refused)


def _not_like_this(reason: str) -> RobotError:
    remedy = "Choose how the step goes on; tried again, it is planned and previewed anew."
    return RobotError(f"A person refused the robot's motion: {reason}", remedy=remedy, code=REFUSED)


async def stand(motion: Motion, stop: Callable[[], Awaitable[object]]) -> Outcome:
    """Cancel a motion and wait until the arm stands, however often the waiter itself is cancelled."""
    cancel = asyncio.ensure_future(motion.cancel())
    await _within(cancel, STAND_S)
    if (outcome := _result(cancel)) is not None:
        return outcome
    halt = asyncio.ensure_future(stop())
    await _within(halt, STAND_S)
    if (outcome := _result(cancel)) is not None:
        return outcome
    cancel.cancel()
    stood = halt.done() and not halt.cancelled() and halt.exception() is None
    halt.cancel()
    then = "the robot was stopped" if stood else "the robot did not answer its stop either"
    return Outcome("unknown", "no_stand", f"The motion did not answer its cancel: {then}.", "Look where the arm is.")


async def _within(work: asyncio.Future[Any], limit_s: float) -> None:
    loop = asyncio.get_running_loop()
    ends = loop.time() + limit_s
    while not work.done() and loop.time() < ends:
        try:
            await asyncio.wait({work}, timeout=ends - loop.time())
        except asyncio.CancelledError:
            continue  # what is being called off already can't be called off more


def _result(cancel: asyncio.Future[Outcome]) -> Outcome | None:
    """Return how a cancelled motion ended; None when its cancel gave no answer or failed."""
    if not cancel.done() or cancel.cancelled() or cancel.exception() is not None:
        return None
    return cancel.result()
