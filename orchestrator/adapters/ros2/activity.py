"""Whether one controller is active, as its manager says: it is asked again and again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.adapters.ros2.choosing import ACTIVE, own_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ASK_S = 1.0  # between two questions
GIVEN_UP_S = 5.0  # after so long without an answer it is asked anew
BELIEVED_S = 10.0  # an answer is believed for so long: a manager that loads or switches controllers says nothing


class Asked(Protocol):
    """What a manager is asked with: see manager."""

    @property
    def there(self) -> bool:
        """Whether it is in the graph."""

    def ask(self, told: Callable[[Mapping[str, str]], None]) -> Any:
        """Ask for the states of its controllers; returns the question."""

    def give_up(self, question: Any) -> None:
        """Wait for an answer no more."""


class Activity:
    """Of the controller that has `name` in the graph. `now` is a steady clock (s)."""

    def __init__(self, manager: Asked, name: str, now: Callable[[], float]) -> None:
        self._manager, self._name, self._now = manager, own_name(name), now
        self._question: Any = None
        self._asked_s = self._active_s = -math.inf  # when it was last asked for, and last said to be active

    def look(self) -> bool:
        """Tell whether it is active; also where there is no manager, and nobody can say. Asks where it is time."""
        now_s = self._now()
        if not self._manager.there:
            self._drop()
            self._asked_s, self._active_s = -math.inf, now_s
            return True
        if now_s - self._asked_s >= (ASK_S if self._question is None else GIVEN_UP_S):
            self._drop()
            self._asked_s = now_s
            self._question = self._manager.ask(self._told)
        return now_s - self._active_s < BELIEVED_S

    def _told(self, states: Mapping[str, str]) -> None:
        self._question = None
        self._active_s = self._now() if states.get(self._name) == ACTIVE else -math.inf

    def _drop(self) -> None:
        question, self._question = self._question, None
        if question is not None:
            self._manager.give_up(question)
