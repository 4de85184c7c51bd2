"""How an author declares a skill, and how a skill says that it can't."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.core.errors import TandemError
from orchestrator.engine.promise import Promise
from orchestrator.engine.registry import MARK, declare

if TYPE_CHECKING:
    from orchestrator.engine.promise import Asks, Leaves, Needs

F = TypeVar("F", bound=Callable[..., Awaitable[None]])


class SkillFailed(TandemError):
    """A skill that can't reach its result. `code` chooses the step's `on_fail` ladder; `hint` is for the person."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, remedy=hint, code=code)


def skill(
    name: str,
    *,
    timeout_s: float = 60.0,
    needs: tuple[Needs, ...] = (),
    leaves: tuple[Leaves, ...] = (),
    pausable: bool = True,
    retry: bool = True,
    undone_by: str = "",
    autonomy: Asks = "full",
) -> Callable[[F], F]:
    """Make an async function a skill. Its parameters' schema and its resources are derived from the signature.

    Args:
        name: what steps call it by.
        timeout_s: how long it may take, not counting what it waits for people.
        needs: what must be so before it starts; the engine refuses it otherwise.
        leaves: what is so once it has ended; the engine fails it otherwise.
        pausable: whether its time stands still while the robot is paused; not for what may not stand, as a glue bead.
        retry: whether it may be run again by itself after a failure or a break-off; else a person decides.
        undone_by: the skill that takes its result back, "person", or "" where there is nothing to take back.
        autonomy: "approve" has people approve each of its motions, also where the cell would ask nobody; for some
            of them see `Cell.supervised`. It never takes supervision away.
    """
    promise = Promise(
        tuple(needs), tuple(leaves), pausable=pausable, retry=retry, undone_by=undone_by, autonomy=autonomy
    )

    def mark(function: F) -> F:
        declared: Any = declare(name, timeout_s, function, promise)
        setattr(function, MARK, declared)
        return function

    return mark
