"""REST: retreat of the arm in a held or stopped cell. The way that is shown is approved by command."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
import asyncio
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query

from orchestrator.core.commands import Retreat, StopRetreat
from orchestrator.core.errors import NotFound
from orchestrator.engine.desk import Desk
from orchestrator.http.commands import Commands
from orchestrator.http.errors import ANSWERS, REFUSED, accept
from orchestrator.http.orders import Key
from orchestrator.wire import Answer, CellView, RetreatView

WAITS_S = 8.0  # how long an answer is held back while the way is planned or gone
RESTS = frozenset({"none", "previewed", "ended"})
Wait = Annotated[bool, Query(description=f"Answer once it is shown or over, after {WAITS_S:g} s at the latest.")]


def router(desk: Desk, commands: Commands) -> APIRouter:
    """Return the routes of retreat."""
    routes = APIRouter(prefix="/api/v1/cell", responses=ANSWERS, tags=["cell"])

    @routes.get("/retreat")
    async def show_retreat(wait: Wait = False) -> RetreatView:
        """Whether the arm may retreat, the way that was planned, or how the last retreat ended."""
        return await _rested(desk) if wait else _view(desk)

    @routes.post("/retreat", responses=REFUSED)
    async def ask_retreat(key: Key = None) -> RetreatView:
        """Have a way out planned and shown; nothing moves before its motion is approved (`approve_motion`)."""
        accept(await commands.ask(key or str(uuid4()), Retreat()))
        return await _rested(desk)

    @routes.delete("/retreat", responses=REFUSED)
    async def stop_retreat(key: Key = None) -> Answer:
        """Have the arm stand where it is, or drop what was only shown."""
        return accept(await commands.make_safer(key or str(uuid4()), StopRetreat()))

    return routes


def _view(desk: Desk) -> RetreatView:
    cell = desk.screen.topics.get("cell")
    if not isinstance(cell, CellView) or cell.retreat is None:
        raise NotFound("The cell is neither held nor stopped.", remedy="Hold it first.")
    return cell.retreat


async def _rested(desk: Desk) -> RetreatView:
    changed = asyncio.Event()
    end = desk.screen.listen(lambda _changes: changed.set())
    try:
        async with asyncio.timeout(WAITS_S):
            while (view := _view(desk)).status not in RESTS:
                changed.clear()
                await changed.wait()
            return view
    except TimeoutError:
        return _view(desk)
    finally:
        end()
