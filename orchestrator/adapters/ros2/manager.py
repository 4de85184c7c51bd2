"""What ros2_control's controller manager says of its controllers; optional, as not every arm has one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.adapters.ros2.crossing import Crossing

ANSWER_S = 1.0  # how long it may take to answer


class Manager:
    """The client of its list_controllers. `name` is its node's; `on_thread` has something done where rclpy is."""

    def __init__(
        self, node: Any, name: str, crossing: Crossing, on_thread: Callable[[Callable[[], None]], None]
    ) -> None:
        self._crossing, self._on_thread = crossing, on_thread
        self._client: Any = None
        try:
            from controller_manager_msgs.srv import ListControllers
        except ImportError:
            return  # nobody to ask
        self._request = ListControllers.Request
        self._client = node.create_client(ListControllers, f"{name}/list_controllers")

    @property
    def there(self) -> bool:
        """Whether it is in the graph, and can be asked."""
        return self._client is not None and bool(self._client.service_is_ready())

    def ask(self, told: Callable[[Mapping[str, str]], None]) -> Any:
        """Ask for the state of each of its controllers by name. Called on the executor's thread, as `told` is.

        Returns the question, for `give_up`.
        """
        question = self._client.call_async(self._request())
        question.add_done_callback(lambda it: told({found.name: found.state for found in it.result().controller}))
        return question

    def give_up(self, question: Any) -> None:
        """Wait for an answer no more. Called on the executor's thread."""
        self._client.remove_pending_request(question)

    async def states(self) -> Mapping[str, str] | None:
        """Return the state of each of its controllers by name; None where it is not there.

        Raises TimeoutError where it says nothing: it does not while it loads or switches controllers.
        """
        if not self.there:
            return None
        answer: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()
        asked: list[Any] = []

        def told(states: Mapping[str, str]) -> None:
            self._crossing.call(lambda: None if answer.done() else answer.set_result(states))

        self._on_thread(lambda: asked.append(self.ask(told)))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            self._on_thread(lambda: self.give_up(asked[0]))
            raise
