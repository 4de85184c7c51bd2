"""REST: going back to before a step; what it means beforehand, and doing it."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter
from pydantic import Field

from orchestrator.core.commands import Given, Name, Rewind
from orchestrator.core.variant import Frozen
from orchestrator.engine.desk import Desk
from orchestrator.http.commands import Commands
from orchestrator.http.errors import ANSWERS, REFUSED, accept
from orchestrator.http.orders import Key
from orchestrator.wire import Answer, RewindView


class Why(Frozen):
    """Why a unit goes back, which stays in the journal, and what was shown to go: the steps of the preview's `undo`."""

    reason: Annotated[Given, Field(min_length=1)]
    todo: Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)]


def router(desk: Desk, commands: Commands) -> APIRouter:
    """Return the routes of going back."""
    routes = APIRouter(prefix="/api/v1", responses=ANSWERS, tags=["units"])

    @routes.get("/rewind/{unit}/{step:path}")
    def preview(unit: str, step: str) -> RewindView:
        """What must be taken back to do a step anew, last built first: by whom and how, or why that can't be."""
        return desk.rewind(unit, step)

    @routes.post("/rewind/{unit}/{step:path}", responses=REFUSED)
    async def rewind(unit: str, step: str, why: Why, key: Key = None) -> Answer:
        """Go back to before a step: what builds on it becomes work for people, result after result."""
        desk.rewind(unit, step)
        command = Rewind(unit=unit, step=step, reason=why.reason, todo=why.todo)
        return accept(await commands.ask(key or str(uuid4()), command))

    return routes
