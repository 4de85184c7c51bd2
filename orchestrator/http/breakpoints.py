"""REST: breakpoints, and the steps that wait for somebody to say next. They are set and cleared by commands."""

from fastapi import APIRouter

from orchestrator.core.variant import Frozen
from orchestrator.engine.desk import Desk
from orchestrator.http.errors import ANSWERS
from orchestrator.wire import LaneView, OrderView, UnitView


class Breakpoint(Frozen):
    """A step, or a group of steps, that waits for a word: in one unit, or in all of the order ("")."""

    order: str
    step: str
    unit: str = ""


class WaitingStep(Frozen):
    """A step that would begin now, were it not for a word; `attempt` is its last one so far."""

    unit: str
    step: str
    attempt: int


class Breakpoints(Frozen):
    """All breakpoints, and what waits."""

    breakpoints: tuple[Breakpoint, ...]
    waiting: tuple[WaitingStep, ...]


def router(desk: Desk) -> APIRouter:
    """Return the route of breakpoints."""
    routes = APIRouter(prefix="/api/v1", responses=ANSWERS, tags=["cell"])

    @routes.get("/breakpoints")
    async def list_breakpoints() -> Breakpoints:
        """Every breakpoint, and the steps that wait for somebody to say next."""
        views = desk.screen.topics.values()
        orders = [Breakpoint(order=v.id, step=s) for v in views if isinstance(v, OrderView) for s in v.breakpoints]
        units = [
            Breakpoint(order=v.order, step=s, unit=v.id)
            for v in views
            if isinstance(v, UnitView)
            for s in v.breakpoints
        ]
        commands = [button.command for v in views if isinstance(v, LaneView) for button in v.buttons]
        waiting = {
            (command["unit"], command["step"]): WaitingStep.model_validate(
                {key: command[key] for key in ("unit", "step", "attempt")}
            )
            for command in commands
            if command["type"] == "release_step"
        }
        return Breakpoints(breakpoints=(*orders, *units), waiting=tuple(waiting.values()))

    return routes
