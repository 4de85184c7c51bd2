"""Whether what a skill needs, or leaves, is so: judged by ledger and robot before and after it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import TandemError
from orchestrator.core.state import ROBOT
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.variant import Target
    from orchestrator.core.world import Fact
    from orchestrator.engine.attempt import Attempt
    from orchestrator.engine.registry import Skill

PLACE = "place:"  # how a holder of the ledger begins that is a person at a worker place
_UNMET = {  # condition -> code, what is said, what to do
    "gripper_empty": ("gripper_not_empty", "the gripper holds {held}", "Take it out of the gripper, then retry."),
    "gripper_free": ("gripper_not_empty", "the gripper holds {held}", "Take it out of the gripper, then retry."),
    "part_held": ("not_held", "the gripper does not hold {part}", "Find it and let the step before bring it again."),
    "part_at": ("not_placed", "{part} is not at {at}", "Look where it is, then retry."),
    "part_handed": ("not_handed", "nobody has taken {part}", "Retry: it is offered again."),
    "together": ("alone", "nobody shares the step", "Write it with human and together in the procedure."),
    "arm_home": ("not_home", "the arm is not at home", "See what is in its way, then retry."),
}


class Requirements:
    """What one attempt at a skill needs and leaves, with its arguments."""

    def __init__(self, skill: Skill, attempt: Attempt, arguments: Mapping[str, Any]) -> None:
        self._skill = skill
        self._attempt = attempt
        self._part = str(arguments.get("part") or "")
        at = arguments.get("at")
        self._at: Target | None = at if at is not None else attempt.step.result.at

    def before(self) -> None:
        """Refuse to start without what the skill needs. Raises TandemError with the condition's code and a remedy.

        A skill that is run again after its part got where it belongs needs no more: it has only to end.
        """
        got = [word for word in self._skill.promise.leaves if word in {"part_at", "part_handed"}]
        done = bool(got) and all(self.holds(word) for word in got)
        for word in self._skill.promise.needs:
            if not self.holds(word) and not (done and word in {"part_held", "gripper_free"} and self._empty()):
                raise self._error(word, "can't start")

    def after(self) -> None:
        """Fail a skill that has ended without what it leaves. Raises TandemError likewise."""
        for word in self._skill.promise.leaves:
            if not self.holds(word):
                raise self._error(word, "has ended")

    def holds(self, word: str) -> bool:
        """Tell whether a condition is so now."""
        fact = self._attempt.fact(self._part) if self._part else None
        known = fact if fact is not None and fact.certainty == "known" else None
        if word == "gripper_empty":
            return self._empty()
        if word == "gripper_free":
            return self._empty() or self._held(known)
        if word == "part_held":
            return self._held(known)
        if word == "part_at":
            return self._at_target(known)
        if word == "part_handed":
            return known is not None and (known.holder.startswith(PLACE) or self._at_target(known))
        if word == "arm_home":
            return self._attempt.at_home
        return any(actor != ROBOT for actor in self._attempt.actors)

    def _empty(self) -> bool:
        return self._attempt.state.world.held() is None and not self._attempt.robot.state.value.holding

    def _held(self, fact: Fact | None) -> bool:
        return fact is not None and fact.holder == GRIPPER and self._attempt.robot.state.value.holding

    def _at_target(self, fact: Fact | None) -> bool:
        at = self._at
        return fact is not None and at is not None and (fact.holder, fact.frame) == self._attempt.holder_at(at)

    def _error(self, word: str, when: str) -> TandemError:
        code, said, remedy = _UNMET[word]
        held = self._attempt.state.world.held()
        text = said.format(held=held.part if held else "something unknown", part=self._part, at=self._at)
        return TandemError(f"{self._skill.name} {when}: {text}.", remedy=remedy, code=code)
