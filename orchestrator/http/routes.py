"""REST: the cell, its skills and its scene, commands of any kind, and what operators of servers ask."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from functools import cache
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field
from starlette.responses import JSONResponse, Response

from orchestrator.core.commands import ChangeCell, Kept, Name, Outside, SetAutonomy, SetMode, ShownAcknowledge
from orchestrator.core.errors import SetupError, known
from orchestrator.core.printable import printable
from orchestrator.core.variant import Frozen
from orchestrator.engine.desk import Desk
from orchestrator.http import files, schema
from orchestrator.http.caller import asking
from orchestrator.http.commands import Commands
from orchestrator.http.errors import ANSWERS, REFUSED, ErrorBody, accept, error_response
from orchestrator.http.metrics import CONTENT_TYPE, Metrics
from orchestrator.http.offered import offered
from orchestrator.http.orders import Key
from orchestrator.wire import Answer, CellView, SceneView

_PRINTABLE = AfterValidator(printable)  # at each: FastAPI's description of a union with one of its own is no schema
CellCommand = Annotated[
    Annotated[ChangeCell, _PRINTABLE]
    | Annotated[SetMode, _PRINTABLE]
    | Annotated[SetAutonomy, _PRINTABLE]
    | Annotated[ShownAcknowledge, _PRINTABLE],
    Field(discriminator="type"),
]


class Asked(Frozen):
    """A command with its UUID. The same id twice has one effect. `kept`: a device kept it while it had no line."""

    id: Name
    command: Outside
    kept: Kept | None = None


class Ready(Frozen):
    """Whether the cell can take orders."""

    ready: bool


def router(desk: Desk, commands: Commands) -> APIRouter:
    """Return the routes of the cell itself."""
    routes = APIRouter(prefix="/api/v1", responses=ANSWERS, tags=["cell"])

    @routes.get("/cell")
    async def show_cell() -> CellView:
        """The cell at a glance."""
        view = desk.screen.topics.get("cell")
        if not isinstance(view, CellView):
            raise SetupError(
                "The cell is still starting.", remedy="Ask again in a moment; /readyz says what is missing."
            )
        return offered(view, asking(), desk.screen)

    @routes.post("/cell", responses=REFUSED)
    async def command_cell(command: CellCommand, key: Key = None) -> Answer:
        """A PackML verb, another mode or autonomy, or the word that the cell is clear."""
        return accept(await commands.ask(key or str(uuid4()), command))

    @routes.post("/commands", responses=REFUSED)
    async def ask(asked: Asked) -> Answer:
        """Any command that a screen may give."""
        return accept(await commands.ask(asked.id, asked.command, asked.kept))

    @routes.get("/scene")
    async def show_scene() -> SceneView:
        """What stands still in the cell: links, frames, nests, zones, bins, cameras, places."""
        return desk.scene

    @routes.get("/skills", tags=["skills"])
    async def list_skills() -> list[dict[str, Any]]:
        """Every skill with its parameters, or the error that broke it."""
        return desk.skills()

    @routes.get("/skills/{name}", tags=["skills"])
    async def show_skill(name: str) -> dict[str, Any]:
        """One skill."""
        skills = {skill["name"]: skill for skill in desk.skills()}
        if name not in skills:
            raise known("skill", name, skills)
        return skills[name]

    return routes


def upkeep(desk: Desk, metrics: Metrics) -> APIRouter:
    """Return the routes outside the API: assets, the WebSocket's description, health and metrics."""
    routes = APIRouter(tags=["upkeep"], responses={status: ANSWERS[status] for status in (401, 403)})
    described = cache(schema.asyncapi)  # when first asked for: it is long

    @routes.get("/assets/instructions/{path:path}", responses=ANSWERS)
    def asset(request: Request, path: str) -> Response:
        """A mesh or picture by its path below instructions/; with `?v=` and a version it is kept for ever."""
        media_type = files.kind(path, files.MEDIA)
        cache = files.FOR_EVER if request.query_params.get("v") else files.ASK_AGAIN
        return files.give(request, desk.library.mesh(path), media_type, cache)

    @routes.get("/asyncapi.json")
    async def describe_websocket() -> JSONResponse:
        """The WebSocket's messages, as AsyncAPI 3."""
        return JSONResponse(described())

    @routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def show_metrics() -> Response:
        """Figures for Prometheus."""
        return Response(metrics.render(desk.screen), media_type=CONTENT_TYPE)

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        """The server answers."""
        return {"status": "ok"}

    @routes.get("/readyz", response_model=Ready, responses={503: {"model": ErrorBody}})
    async def ready() -> Response:
        """The cell can take orders; 503 with the reasons when it can't."""
        reasons = desk.not_ready()
        if not reasons:
            return JSONResponse({"ready": True})
        remedy = "See the reasons; `tandem doctor` looks at the machine."
        return error_response(503, "not_ready", "The cell can't take orders yet.", remedy, reasons)

    return routes
