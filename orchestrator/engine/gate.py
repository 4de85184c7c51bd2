"""The gate that every motion passes: planned, proposed, approved where autonomy asks, intended, checked, executed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError
from orchestrator.core.interlock import why_not

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Motion, Outcome
    from orchestrator.core.state import State
    from orchestrator.engine.runner import Runner


class Gate:
    """Lets the motions of one effect pass, one at a time."""

    def __init__(self, runner: Runner, effect: str) -> None:
        self._runner = runner
        self._effect = effect
        self._count = 0

    async def run(
        self,
        start: Callable[[], Motion],
        *,
        text: str,
        plan: str = "",
        duration_s: float = 0.0,
        preview: tuple[Pose, ...] = (),
    ) -> Outcome:
        """Run a motion and return how it ended.

        Cancelling the caller cancels the motion and returns only when the arm stands.

        Raises:
            RobotError: the interlock refuses the motion, with every reason.
        """
        self._count += 1
        motion_id = f"{self._effect}/m{self._count}"
        proposal = cmd.ProposeMotion(
            effect=self._effect,
            motion=motion_id,
            text=text,
            plan=plan,
            duration_s=round(duration_s, 3),
            preview=tuple(pose.rounded() for pose in preview),
        )
        try:
            answer = await self._runner.ask(proposal)
            if not answer.ok:
                raise RobotError(answer.message, remedy=answer.remedy, code=answer.code)
            await self._runner.until(lambda state: _decided(state, motion_id))
        except asyncio.CancelledError:  # it may be in the journal by then, and must not stand there as under way
            self._end(motion_id, "canceled", "", "")
            raise
        reasons = why_not(self._runner.state)
        if reasons or motion_id not in self._runner.state.motions:
            self._end(motion_id, "rejected", "interlock", " ".join(reasons))
            raise RobotError("The robot may not move now.", remedy=" ".join(reasons), code="interlock")
        motion = start()
        try:
            outcome = await motion.result()
        except asyncio.CancelledError:
            outcome = await _stand(motion)
            self._end(motion_id, outcome.kind, outcome.code, outcome.message)
            raise
        self._end(motion_id, outcome.kind, outcome.code, outcome.message)
        return outcome

    def _end(self, motion: str, kind: str, code: str, message: str) -> None:
        self._runner.post(
            cmd.EndMotion.model_validate(
                {"effect": self._effect, "motion": motion, "outcome": kind, "code": code, "message": message}
            )
        )


def _decided(state: State, motion_id: str) -> bool:
    motion = state.motions.get(motion_id)
    return motion is None or motion.approved


async def _stand(motion: Motion) -> Outcome:
    """Cancel a motion and wait until the arm stands, however often the waiter itself is cancelled."""
    task = asyncio.ensure_future(motion.cancel())
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
