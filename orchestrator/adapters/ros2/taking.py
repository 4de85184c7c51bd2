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
        if not self._client.service_is_ready():
            return None
        try:
            async with asyncio.timeout(ANSWER_S):
                replaces, *scaled_by = await asyncio.gather(*map(self._value, (REPLACES, *SCALED_BY)))
        except TimeoutError:
            return None
        replaced = replaces is not None and bool(replaces.bool_value)
        return Takes(stamps=not replaced, scales=any(name is not None and name.string_value for name in scaled_by))

    async def _value(self, name: str) -> Any:
        """Return a rcl_interfaces/ParameterValue; None for one that it does not know.

        Each is asked for alone, as one that is unknown may leave the answers to all others out.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(future: Any) -> None:
            value = next(iter(future.result().values), None)
            self._crossing.call(lambda: None if answer.done() else answer.set_result(value))

        request = self._request(names=[name])
        self._on_thread(lambda: self._client.call_async(request).add_done_callback(answered))
        return await answer
