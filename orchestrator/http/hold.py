"""REST: holding the cell, from any device that belongs here, whether or not somebody is signed in at it."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from fastapi import APIRouter, Request

from orchestrator.core.commands import ChangeCell
from orchestrator.core.machine import CellVerb
from orchestrator.http.access_routes import TURNED
from orchestrator.http.caller import CALLER
from orchestrator.http.commands import Commands
from orchestrator.http.errors import ANSWERS, REFUSED, NotLetIn, accept
from orchestrator.http.orders import Key
from orchestrator.http.pace import Limits, Pace
from orchestrator.wire import Answer

AT_ONCE = 5
PER_S = 1.0
KEPT = 1_000  # sources whose pace is remembered


class Turns:
    """How often one source holds the cell: some at once, then one a second, each of which acts.

    One waits for its turn at most. Who asks meanwhile is turned away, since the one that waits acts after that.
    """

    def __init__(self, wait: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._wait = wait
        self._paces: dict[str, Pace] = {}
        self._waits: set[str] = set()

    async def take(self, source: str, now: float) -> None:
        """Return when it is the source's turn. Raises NotLetIn where one of its holds waits already."""
        if source in self._waits:
            remedy = "The one that waits is heard within a second."
            raise NotLetIn(429, "wait", "Holding was asked for often.", remedy, 1 / PER_S)
        pace = self._paces.setdefault(source, Pace(Limits(messages_per_s=PER_S, messages=AT_ONCE), now))
        while len(self._paces) > KEPT:
            del self._paces[next(iter(self._paces))]
        wait_s = pace.take(0, 1, now)
        if wait_s <= 0:
            return
        self._waits.add(source)
        try:
            await self._wait(wait_s)
        finally:
            self._waits.discard(source)


def router(commands: Commands) -> APIRouter:
    """Return the route of holding."""
    routes = APIRouter(prefix="/api/v1/cell", responses=ANSWERS, tags=["cell"])
    turns = Turns()

    @routes.post("/hold", responses=REFUSED | TURNED)
    async def hold_cell(request: Request, key: Key = None) -> Answer:
        """Hold the cell: the robot stands, and a retreat ends. A joined device may ask for it, whoever is signed in."""
        caller = CALLER.get()
        address = request.client.host if request.client is not None else ""
        await turns.take(caller.source or address, asyncio.get_running_loop().time())
        hold = ChangeCell(verb=CellVerb.HOLD)
        hold = hold.model_copy(update={"reason": commands.held_at(hold)})
        return accept(await commands.make_safer(key or str(uuid4()), hold))

    return routes
