"""The part that a skill handles: how people read its name, whether it is still there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.skill.declared import SkillFailed

if TYPE_CHECKING:
    from orchestrator.engine.attempt import Attempt


def plain(part: str) -> str:
    """Return a part's name as people read it: "bearing.upper" is "bearing upper"."""
    return part.replace("_", " ").replace("#", " ").replace(".", " ")


async def still_holds(attempt: Attempt, part: str) -> None:
    """Refuse to go on without a part: the ledger learns that it was lost. Raises SkillFailed."""
    if part and not attempt.robot.state.value.holding:
        await attempt.report_lost(part)
        raise SkillFailed("not_held", f"{plain(part)} was lost on the way.", hint="Find it, then retry.")
