"""How a controller takes a trajectory up, by its own parameters: read of ros2_controllers' and UR's source, 2026."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.ros2.crossing import Crossing

ANSWER_S = 0.3  # how long it may take to answer; a jog waits for that
REPLACES = "allow_trajectory_replacement"  # ros2_controllers 6.x: of what it replaces it goes on from, not by a stamp
SCALED_BY = ("speed_scaling.state_interface", "speed_scaling_interface_name")  # the latter is UR's own


@dataclass(frozen=True, slots=True)
class Takes:
    """Whether a trajectory counts from its `stamps`, also a past one; whether a speed slider `scales` its time."""

    stamps: bool = False
    scales: bool = False


class Parameters:
    """The parameters of a controller, which is called `name` in the graph."""

    def __init__(
        self, node: Any, name: str, crossing: Crossing, on_thread: Callable[[Callable[[], None]], None]
    ) -> None:
        from rcl_interfaces.srv import GetParameters

        self._crossing, self._on_thread = crossing, on_thread
        self._request = GetParameters.Request
        self._client = node.create_client(GetParameters, f"{name}/get_parameters")

    async def takes(self) -> Takes | None:
        """Ask how it takes a trajectory up; None where it has no parameters or does not answer."""
        client = self._client
        if not client.service_is_ready():
            return None
        answer: asyncio.Future[Takes | None] = asyncio.get_running_loop().create_future()

        def answered(future: Any) -> None:
            takes = read(future.result().values)
            self._crossing.call(lambda: None if answer.done() else answer.set_result(takes))

        request = self._request(names=[REPLACES, *SCALED_BY])
        self._on_thread(lambda: client.call_async(request).add_done_callback(answered))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            return None


def read(values: list[Any]) -> Takes:
    """Return what rcl_interfaces/ParameterValue say; an older controller knows of none, or answers with none."""
    replaces = bool(values) and bool(values[0].bool_value)
    return Takes(stamps=not replaces, scales=any(value.string_value for value in values[1:]))
