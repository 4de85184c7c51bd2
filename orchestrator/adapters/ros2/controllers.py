"""The controllers that may move the arm, and the one of them that does: see choosing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.choosing import Choice
from orchestrator.adapters.ros2.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.ros2.goals import Goals
    from orchestrator.adapters.ros2.manager import Manager
    from orchestrator.core.ros2_spec import Ros2Settings


class Controllers:
    """A client of each controller that the settings name. `within` puts a name into the robot's namespace."""

    def __init__(
        self, node: Any, settings: Ros2Settings, within: Callable[[str], str], goals: Goals, manager: Manager
    ) -> None:
        self._all = {name: Controller(name, node, settings, within, goals) for name in settings.controller}
        self.choice = Choice(settings.controller, manager.states, self._there)

    @property
    def using(self) -> Controller:
        """The one that is used."""
        return self._all[self.choice.using]

    def calm(self) -> None:
        """Cancel every goal, whoever gave it. Called on the executor's thread."""
        for controller in self._all.values():
            controller.calm()

    def leave(self) -> None:
        """Leave the graph."""
        for controller in self._all.values():
            controller.leave()

    def _there(self, name: str) -> bool:
        return bool(self._all[name].client.server_is_ready())
