"""What a skill takes for granted, what it leaves behind, and whether it may be paused, retried and undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from orchestrator.core.errors import BadInput, known

if TYPE_CHECKING:
    from collections.abc import Collection

Asks = Literal["full", "approve"]  # the levels of autonomy that a skill may ask for: more supervision, never less
Needs = Literal["gripper_empty", "gripper_free", "part_held", "together"]
Leaves = Literal["gripper_empty", "part_held", "part_at", "part_handed", "arm_home"]
PERSON = "person"  # who undoes what no skill undoes

MEANS: dict[str, str] = {
    "gripper_empty": "the gripper holds nothing, by ledger and sensor",
    "gripper_free": "the gripper holds nothing, or the part",
    "part_held": "the gripper holds the part, by ledger and sensor",
    "part_at": "the ledger knows the part at its target",
    "part_handed": "a person has the part, or has put it at its target",
    "together": "a person shares the step",
    "arm_home": "the arm stands at home",
}
OF_A_PART = frozenset({"gripper_free", "part_held", "part_at", "part_handed"})
_BOTH = ({"gripper_empty", "part_held"}, {"part_held", "part_at"}, {"part_held", "part_handed"})


@dataclass(frozen=True, slots=True)
class Promise:
    """A skill's pre- and postconditions in the words of `MEANS`, and how it may be treated."""

    needs: tuple[Needs, ...] = ()
    leaves: tuple[Leaves, ...] = ()
    pausable: bool = True
    retry: bool = True
    undone_by: str = ""
    autonomy: Asks = "full"

    def check(self, skill: str, parameters: Collection[str]) -> None:
        """Refuse words that there aren't, that the parameters can't fill, or that contradict. Raises BadInput."""
        if self.autonomy not in get_args(Asks):
            error = known(f"autonomy of skill {skill}", self.autonomy, get_args(Asks))
            raise BadInput(error.message, remedy=f"{error.remedy} A skill asks for approvals, or for nothing.")
        for asked, key, words in ((self.needs, "needs", get_args(Needs)), (self.leaves, "leaves", get_args(Leaves))):
            for word in asked:
                if word not in words:
                    error = known(f"condition for {key} of skill {skill}", word, words)
                    raise BadInput(error.message, remedy=error.remedy)
                if word in OF_A_PART and "part" not in parameters:
                    raise BadInput(
                        f"Skill {skill}: {key} {word}, but it has no part.", remedy="Give it the parameter `part: str`."
                    )
            for pair in _BOTH:
                if pair <= set(asked):
                    both = " and ".join(sorted(pair))
                    raise BadInput(f"Skill {skill}: {key} {both} can't both be true.", remedy="Drop one of them.")
        if "part_at" in self.leaves and "at" not in parameters:
            raise BadInput(
                f"Skill {skill}: leaves part_at, but it has no target.", remedy="Give it the parameter `at: Target`."
            )

    @property
    def handles(self) -> bool:
        """Whether it says what becomes of its part."""
        return bool({"part_held", "part_at", "part_handed"} & set(self.leaves))
