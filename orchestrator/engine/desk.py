"""The front desk of a cell: all that a server, a page or a command line may ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from orchestrator.core.commands import PhotoOf, Request, Who
    from orchestrator.core.corrections import Correction
    from orchestrator.core.photo import KeptPhoto
    from orchestrator.core.ports import Journal, Twist
    from orchestrator.engine.calibrating import Calibrating
    from orchestrator.engine.library import Library
    from orchestrator.wire import Answer, Drop, Happened, PoseFrame, Put, RewindView, SceneView, TopicValue

    Change = Put | Drop | Happened


class Screen(Protocol):
    """What every screen shows, as topics; kept up to date event by event."""

    @property
    def topics(self) -> Mapping[str, TopicValue]:
        """Every topic's value now."""

    @property
    def log(self) -> Sequence[Happened]:
        """The newest events, oldest first, at most 50."""

    def listen(self, listener: Callable[[Sequence[Change]], None]) -> Callable[[], None]:
        """Call `listener` on the loop with each batch of changes, durable events only; the result ends it."""


class Following(Protocol):
    """Who looks at parts that people correct, for the screens that follow them."""

    def follow(self, who: object, of: Correction) -> None:
        """Have a part looked at for a screen, until that does not ask again for a while."""

    def leave(self, who: object) -> None:
        """End what a screen follows; nothing where it follows nothing."""


class Desk(Protocol):
    """One cell, as seen from outside."""

    name: str
    epoch: str  # new at each start of the orchestrator
    library: Library
    journal: Journal
    scene: SceneView
    evidence: Path
    calibrating: Calibrating
    correcting: Following

    async def screen_at(self, place: str, there: bool) -> None:
        """Learn that the screen at a worker place has lost its line, or has one again."""

    @property
    def screen(self) -> Screen:
        """What every screen shows."""

    def now(self) -> float:
        """UTC seconds."""

    async def submit(self, request: Request) -> Answer:
        """Hand in a command; the answer comes when its events are durable, or when it is refused."""

    async def keep_photo(self, request: str, of: PhotoOf, upload: bytes, by: Who) -> tuple[Answer, KeptPhoto | None]:
        """Keep a picture of a result; returns the answer, and what is kept. Raises BadInput or SetupError."""

    async def store_order(
        self, order: str, product: str, options: Mapping[str, Any], quantity: int, due_t: float | None, by: Who
    ) -> Answer:
        """Compile and store an order. Raises NotFound, BadInput or AuthoringError with a remedy."""

    async def jog(self, press: str, twist: Twist, by: Who) -> Answer:
        """Begin or renew a press of a jog button; a twist of zero releases it."""

    async def teach(self, name: str, relative_to: str, by: Who) -> Answer:
        """Keep where the TCP is, relative to a frame or part ("" the cell). Raises RobotError while the arm moves."""

    def taught(self, name: str = "") -> str:
        """Return what was taught as YAML ready to paste: everything, or one pose. Raises NotFound."""

    def poses(self) -> tuple[PoseFrame, ...]:
        """Return where robot and moving parts are now; cheap enough for 30 Hz."""

    def rewind(self, unit: str, step: str) -> RewindView:
        """Return what going back to before a step of a unit in work would mean. Raises NotFound."""

    def as_built(self, unit: str) -> dict[str, Any] | None:
        """Return the record of a finished unit."""

    def units(self) -> list[dict[str, Any]]:
        """Return finished units, newest first: unit, order, state, ended_t."""

    def skills(self) -> list[dict[str, Any]]:
        """Return each skill: name, text, parameters as JSON Schema, time-out, file, or the error that broke it."""

    def not_ready(self) -> list[str]:
        """Return why the cell can't take orders yet; empty when it can."""
