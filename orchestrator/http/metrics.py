"""What Prometheus reads: counted here as it happens, never on the way of an event into the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from orchestrator.core.machine import CellState
from orchestrator.wire import CellView, Happened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.engine.desk import Change, Screen
    from orchestrator.wire import Answer

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The figures of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter("tandem_events", "Durable events, by type.", ["type"], registry=self.registry)
        self._steps = Counter("tandem_steps_done", "Steps done, over all units.", registry=self.registry)
        self._commands = Counter(
            "tandem_commands",
            "Commands, by what became of them (ok, or the code).",
            ["outcome"],
            registry=self.registry,
        )
        self._refused = Counter(
            "tandem_messages_refused", "WebSocket messages that were not understood.", ["code"], registry=self.registry
        )
        self._turned_away = Counter(
            "tandem_turned_away",
            "Sign-ins, joins and requests that were refused, by why.",
            ["code"],
            registry=self.registry,
        )
        self._slow = Counter("tandem_slow_clients", "Clients closed for falling behind.", registry=self.registry)
        self._clients = Gauge("tandem_clients", "Screens connected.", registry=self.registry)
        self._queue = Gauge(
            "tandem_queue", "State messages that the slowest screen has yet to get.", registry=self.registry
        )
        self._state = Enum(
            "tandem_cell_state", "The cell's PackML state.", states=[str(s) for s in CellState], registry=self.registry
        )

    def watch(self, clients: Callable[[], int], queue: Callable[[], int]) -> None:
        """Read the number of clients and the longest queue from these whenever Prometheus asks."""
        self._clients.set_function(clients)
        self._queue.set_function(queue)

    def happened(self, changes: Sequence[Change]) -> None:
        """Count the events of a batch of changes."""
        for change in changes:
            if isinstance(change, Happened):
                self._events.labels(change.type).inc()
                if change.type == "step_done":
                    self._steps.inc()

    def answered(self, answer: Answer) -> None:
        """Count a command by its outcome."""
        self._commands.labels("ok" if answer.ok else answer.code or "refused").inc()

    def refused(self, code: str) -> None:
        """Count a message that was not understood."""
        self._refused.labels(code).inc()

    def turned_away(self, code: str) -> None:
        """Count somebody who was not let in."""
        self._turned_away.labels(code).inc()

    def slow_client(self) -> None:
        """Count a client that could not keep up."""
        self._slow.inc()

    def render(self, screen: Screen) -> bytes:
        """Return the text that Prometheus reads."""
        cell = screen.topics.get("cell")
        if isinstance(cell, CellView):
            self._state.state(cell.state)
        return generate_latest(self.registry)
