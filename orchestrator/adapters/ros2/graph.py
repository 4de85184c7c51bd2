"""Tandem as other ROS 2 systems see it: a latched state, services to hold and resume, orders as messages.

No standard type has an order or a cell's state, so these are JSON in std_msgs/String; `launch/README.md` says which.
A node, context and thread of its own: what others ask can't keep a robot's readings waiting. rclpy is imported when
it is opened.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from orchestrator.adapters.ros2.crossing import Crossing
from orchestrator.adapters.ros2.spinning import SpunNode
from orchestrator.core.commands import ChangeCell, ChangeOrder, Name, Who
from orchestrator.core.errors import TandemError
from orchestrator.core.machine import CellState, CellVerb, OrderVerb, StepStatus
from orchestrator.core.variant import Frozen
from orchestrator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.cell_desk import CellDesk

WHO = Who(name="ros2")
REASON = "Asked for over ROS 2."
LONGEST = 10_000  # characters of an order that is read at all


class OrderAsked(Frozen):
    """An order as a message. With `start` it is started at once, and an idle cell with it."""

    order: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")]
    product: Name
    options: dict[str, bool | int | float | str] = Field(default_factory=dict)
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    start: bool = False


def told(state: State) -> dict[str, Any]:
    """Return what is published of a cell's state, as JSON has it."""
    return {
        "v": 1,
        "name": state.spec.name,
        "cell": state.cell.value,
        "reason": state.cell_reason,
        "mode": state.mode.value,
        "autonomy": state.autonomy.value,
        "safety": state.safety.value,
        "acknowledged": state.acknowledged,
        "asks": sum(
            step.status is StepStatus.ATTENTION for unit in state.units.values() for step in unit.steps.values()
        ),
        "orders": [
            {
                "order": order.id,
                "product": order.variant.product,
                "state": order.state.value,
                "quantity": order.quantity,
                "started": order.started,
                "done": order.done,
                "scrapped": order.scrapped,
            }
            for order in state.orders.values()
        ],
    }


class CellGraph:
    """One cell in the graph. `obeys`: others may resume it and give it orders; anybody may hold it.

    Made where a robot's link has found ROS 2 already.
    """

    def __init__(self, desk: CellDesk, namespace: str = "", *, obeys: bool = False) -> None:
        from rclpy.qos import DurabilityPolicy, QoSProfile
        from rclpy.task import Future
        from std_msgs.msg import String
        from std_srvs.srv import Trigger

        self._desk = desk
        self._runner = desk.runner
        self._crossing = Crossing()
        self._tasks: set[asyncio.Task[None]] = set()
        self._future = Future
        self._string = String
        self._spun = SpunNode("tandem_cell", "The cell's")
        node = self._spun.node
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._state = node.create_publisher(String, f"{namespace}/tandem/state", latched)
        node.create_service(Trigger, f"{namespace}/tandem/hold", self._on_hold)
        if obeys:
            node.create_service(Trigger, f"{namespace}/tandem/resume", self._on_resume)
            node.create_subscription(String, f"{namespace}/tandem/order", self._on_order, 10)
            self._answers = node.create_publisher(String, f"{namespace}/tandem/answer", 10)
        self._told: dict[str, Any] = {}
        self._closed = False
        self._spun.start()
        self._observe(self._runner.state, self._runner.state, ())
        self._leave = self._runner.bus.join(self._observe)

    async def close(self) -> None:
        """End node and thread. Idempotent. Raises RobotError where the thread does not end."""
        if self._closed:
            return
        self._closed = True
        self._leave()
        self._crossing.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._spun.stop()
        self._spun.leave()

    # ---- the state ---------------------------------------------------------------------------------------------

    def _observe(self, _before: State, after: State, _events: Sequence[Fresh]) -> None:
        """Publish what has changed. Called on the loop after each commit."""
        if (now := told(after)) != self._told:
            self._told = now
            self._publish(self._state, now)

    def _publish(self, publisher: Any, fields: dict[str, Any]) -> None:
        """Publish on the executor's thread, as a reader that does not keep up may hold a writer up."""
        message = self._string(data=json.dumps(fields))
        self._spun.call(lambda: publisher.publish(message))

    # ---- what is asked, on the executor's thread ----------------------------------------------------------------

    async def _on_hold(self, _request: Any, response: Any) -> Any:
        return await self._answered(response, lambda: self._cell(CellVerb.HOLD))

    async def _on_resume(self, _request: Any, response: Any) -> Any:
        return await self._answered(response, lambda: self._cell(self._waking()))

    async def _answered(self, response: Any, ask: Callable[[], Awaitable[Answer]]) -> Any:
        said = self._future()

        def answered(answer: Answer) -> None:
            said.set_result(answer)
            self._spun.wake()

        self._crossing.call(lambda: self._begin(self._ask(ask, answered)))
        answer: Answer = await said
        response.success = answer.ok
        response.message = f"{answer.message} {answer.remedy}".strip()
        return response

    def _on_order(self, message: Any) -> None:
        self._crossing.call(lambda: self._begin(self._ordered(message.data)))

    # ---- what is done, on the loop ------------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="asked over ROS 2")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, ask: Callable[[], Awaitable[Answer]], answered: Callable[[Answer], None]) -> None:
        try:
            answer = await ask()
        except TandemError as error:
            answer = _refused(error)
        answered(answer)

    def _waking(self) -> CellVerb:
        """Return what lets a cell go on; it is refused in any state but held and suspended."""
        return CellVerb.UNSUSPEND if self._runner.state.cell is CellState.SUSPENDED else CellVerb.UNHOLD

    async def _cell(self, verb: CellVerb) -> Answer:
        return await self._runner.ask(ChangeCell(verb=verb, reason=REASON), WHO)

    async def _ordered(self, text: str) -> None:
        order = ""

        def answered(answer: Answer) -> None:
            fields = {"order": order, **answer.model_dump(include={"ok", "code", "message", "remedy"})}
            self._publish(self._answers, fields)

        try:
            asked = _read(text)
        except TandemError as error:
            answered(_refused(error))
            return
        order = asked.order
        await self._ask(lambda: self._store(asked), answered)

    async def _store(self, asked: OrderAsked) -> Answer:
        answer = await self._desk.store_order(asked.order, asked.product, asked.options, asked.quantity, None, WHO)
        if not answer.ok or not asked.start:
            return answer
        if self._runner.state.cell is CellState.IDLE and not (started := await self._cell(CellVerb.START)).ok:
            return started
        return await self._runner.ask(ChangeOrder(order=asked.order, verb=OrderVerb.START, reason=REASON), WHO)


def _read(text: str) -> OrderAsked:
    """Read an order. Raises TandemError (code bad_input) with what is wrong in it."""
    remedy = "See launch/README.md: order, product, options, quantity, start."
    if len(text) > LONGEST:
        raise TandemError(f"An order has at most {LONGEST} characters.", remedy=remedy, code="bad_input")
    try:
        return OrderAsked.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise TandemError(f"{where}: {first['msg']}.".lstrip(": "), remedy=remedy, code="bad_input") from error


def _refused(error: TandemError) -> Answer:
    return Answer(id="", ok=False, code=error.code, message=error.message, remedy=error.remedy)
