"""The one way of a command from outside to the desk, for REST and WebSocket alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.commands import ChangeCell, JoinPlace, Kept, Request, StopRetreat, Who
from orchestrator.core.errors import TandemError
from orchestrator.http.caller import CALLER, asking, device
from orchestrator.http.errors import report
from orchestrator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from orchestrator.core.commands import PhotoOf
    from orchestrator.core.photo import KeptPhoto
    from orchestrator.core.ports import Twist
    from orchestrator.engine.desk import Desk
    from orchestrator.http.access import Access
    from orchestrator.http.audit import Audit
    from orchestrator.http.metrics import Metrics


class Commands:
    """Hands commands in, in the name of who asks now, and counts what became of them."""

    def __init__(self, desk: Desk, metrics: Metrics, access: Access | None = None, audit: Audit | None = None) -> None:
        self._desk = desk
        self._metrics = metrics
        self._access = access
        self._audit = audit

    @property
    def who(self) -> Who:
        """Who asks now. Raises LookupError where nobody was looked at."""
        if self._access is not None:
            self._access.busy(CALLER.get())
        return asking()

    async def ask(self, command_id: str, command: Any, kept: Kept | None = None) -> Answer:
        """Hand in a command under its id; with `kept` one that a device kept. Every failure comes back as an answer."""
        if isinstance(command, JoinPlace) and self._access is not None:  # what somebody can do stands in their account
            command = command.model_copy(update={"qualifications": CALLER.get().qualifications})
        request = Request(id=command_id, by=self.who, t=self._desk.now(), command=command, kept=kept)
        answer = await self._answered(command_id, self._desk.submit(request))
        if answer.code == "denied" and self._audit is not None:
            self._audit.tried(request.by, request.command.type, journalled=True)
        return answer

    async def make_safer(self, command_id: str, command: ChangeCell | StopRetreat) -> Answer:
        """Hand in what makes the cell safer.

        The device asks in its own name where nobody is signed in, or somebody whose role may not ask for this:
        whoever stands there can do as much as if they had signed out first.
        """
        by = device(CALLER.get(), command) or self.who
        request = Request(id=command_id, by=by, t=self._desk.now(), command=command)
        return await self._answered(command_id, self._desk.submit(request))

    def held_at(self, command: ChangeCell) -> str:
        """Return the reason of a hold that a device asks for in its own name, "" for anybody else's."""
        caller = CALLER.get()
        if self._access is None or device(caller, command) is None:
            return ""
        name = next((each.name for each in self._access.accounts.devices() if each.id == caller.device), "")
        whose = "nobody was signed in there" if caller.who is None else "who was signed in there may not hold"
        return f"Held at {name}; {whose}." if name else ""

    async def jog(self, press: str, twist: Twist) -> Answer:
        """Begin, renew or release a press of a jog button."""
        return await self._answered(press, self._desk.jog(press, twist, self.who))

    async def teach(self, name: str, relative_to: str) -> Answer:
        """Keep where the TCP is, under a name."""
        return await self._answered(name, self._desk.teach(name, relative_to, self.who))

    async def keep_photo(self, command_id: str, of: PhotoOf, upload: bytes) -> tuple[Answer, KeptPhoto | None]:
        """Keep a picture of a result. Raises what the desk raises: BadInput or SetupError."""
        answer, kept = await self._desk.keep_photo(command_id, of, upload, self.who)
        self._metrics.answered(answer)
        return answer, kept

    async def store_order(
        self, order: str, product: str, options: Mapping[str, Any], quantity: int, due_t: float | None
    ) -> Answer:
        """Compile and store an order. Raises what the desk raises: NotFound, BadInput or AuthoringError."""
        answer = await self._desk.store_order(order, product, options, quantity, due_t, self.who)
        self._metrics.answered(answer)
        return answer

    async def _answered(self, command_id: str, pending: Awaitable[Answer]) -> Answer:
        try:
            answer = await pending
        except TandemError as error:
            answer = Answer(id=command_id, ok=False, code=error.code, message=error.message, remedy=error.remedy)
        except Exception as error:  # noqa: BLE001 - a screen must get an answer, whatever broke
            report("command failed", error, id=command_id)
            message, remedy = "The server made a mistake.", "Its log says more. Look at the cell before you try again."
            answer = Answer(id=command_id, ok=False, code="internal", message=message, remedy=remedy)
        self._metrics.answered(answer)
        return answer
