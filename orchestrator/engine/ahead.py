"""What comes next in each lane, as screens show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.remaining import TIME_LEFT_OF, ahead
from orchestrator.wire import Planned

if TYPE_CHECKING:
    from orchestrator.core.state import State


class Ahead:
    """What is laid into the lanes of a cell; anew only when something that it hangs on has changed."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._lanes: dict[str, tuple[Planned, ...]] = {}

    def of(self, state: State, actor: str) -> tuple[Planned, ...]:
        """Return what comes next for an actor, in time."""
        hangs_on = tuple(getattr(state, name) for name in TIME_LEFT_OF)
        if not self._of or any(a is not b for a, b in zip(self._of, hangs_on, strict=True)):
            self._of, self._lanes = hangs_on, _lanes(state)
        return self._lanes.get(actor, ())


def _lanes(state: State) -> dict[str, tuple[Planned, ...]]:
    lanes: dict[str, tuple[Planned, ...]] = {}
    for one in ahead(state):
        planned = Planned(unit=one.unit, step=one.step, from_t=one.from_t, to_t=one.to_t)
        for actor in one.crew:
            lanes[actor] = (*lanes.get(actor, ()), planned)
    return lanes
