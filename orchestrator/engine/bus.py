"""Fan-out to observers, after the journal. A failing observer can't fail a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from orchestrator.core.events import Event
    from orchestrator.core.state import State

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A durable event with its place and time."""

    seq: int
    t: float
    event: Event


Observer = Callable[["State", "State", Sequence[Fresh]], None]


class Bus:
    """Tells observers of each committed batch: the state before, the state after, the events."""

    def __init__(self) -> None:
        self._observers: list[Observer] = []

    def join(self, observer: Observer) -> Callable[[], None]:
        """Call `observer` on the loop after each batch; it must return at once, or go `Aside`. The result ends it."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def publish(self, before: State, after: State, events: Sequence[Fresh]) -> None:
        """Tell every observer, in the order of their joining."""
        for observer in tuple(self._observers):
            try:
                observer(before, after, events)
            except Exception:
                log.exception("observer failed", observer=repr(observer))
