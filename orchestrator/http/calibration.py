"""REST: calibrating cameras step by step, and the check of a shift."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Response
from pydantic import Field

from orchestrator.core.commands import Name
from orchestrator.core.errors import TandemError
from orchestrator.core.variant import Frozen
from orchestrator.engine.calibrating import CalibratedView, Calibrating, DriveView, Led, LiveView, SessionView
from orchestrator.http.commands import Commands
from orchestrator.http.errors import ANSWERS, REFUSED, Refused
from orchestrator.http.manual import Press
from orchestrator.wire import Answer

T = TypeVar("T")
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}
BoardName = Annotated[str, Field(max_length=120, description='As the cell file names it; "" the usual one.')]
Place = Annotated[
    str, Field(max_length=120, description='The frame that the board lies at (extrinsics); "" where it is wanted most.')
]


class Begin(Frozen):
    """Which camera to calibrate, and what of it: its lens (intrinsics), or where it stands (extrinsics)."""

    camera: Name
    method: Led
    board: BoardName = ""


class Drive(Frozen):
    """A press of the button that brings the arm to its next pose."""

    press: Press


class Take(Frozen):
    """Where the board is for this picture."""

    place: Place = ""


def router(calibrating: Calibrating, commands: Commands) -> APIRouter:
    """Return the routes of calibration. One session is open at a time; a page that is loaded again finds it."""
    routes = APIRouter(prefix="/api/v1/calibration", responses=ANSWERS | REFUSED, tags=["calibration"])

    @routes.get("/cameras")
    async def list_cameras() -> tuple[CalibratedView, ...]:
        """Every camera: what is known of it, its last check, and why its checks don't count."""
        return calibrating.cameras()

    @routes.post("/cameras/{camera}/check")
    async def check_camera(camera: str) -> CalibratedView:
        """Look at the fixed board: the check of a shift."""
        return await _told(calibrating.check(camera, commands.who))

    @routes.get("/boards/{board}.pdf", response_class=Response, responses=PDF)
    async def print_board(board: str) -> Response:
        """A board's sheet to print at 100 %."""
        return Response(await _told(calibrating.sheet(board)), media_type="application/pdf")

    @routes.get("/session")
    async def show_session() -> SessionView | None:
        """The session that is open, or null."""
        return calibrating.session()

    @routes.post("/session")
    async def begin_session(asked: Begin) -> SessionView:
        """Begin to calibrate a camera."""
        return await _told(calibrating.begin(asked.camera, asked.method, asked.board, commands.who))

    @routes.delete("/session/{session}", status_code=204)
    async def discard_session(session: str) -> None:
        """End a session; what was found does not count."""
        await _told(calibrating.discard(session, commands.who))

    @routes.get("/session/{session}/live")
    async def look(session: str, place: Place = "") -> LiveView:
        """What the camera sees now, with the board's corners: to aim by, nothing is taken in."""
        return await _told(calibrating.look(session, place, commands.who))

    @routes.post("/session/{session}/drive")
    async def drive(session: str, asked: Drive) -> DriveView:
        """Bring the arm to its next pose while this is renewed every 100 ms; without, it stands after 0.3 s."""
        return await _told(calibrating.drive(session, asked.press, commands.who))

    @routes.delete("/session/{session}/drive")
    async def let_go(session: str, press: Annotated[Press, Query()]) -> DriveView:
        """Let go: the arm comes to a stand."""
        return await _told(calibrating.release(session, press, commands.who))

    @routes.post("/session/{session}/views")
    async def take_view(session: str, asked: Take) -> SessionView:
        """Take a picture of the board."""
        return await _told(calibrating.take(session, asked.place, commands.who))

    @routes.get("/session/{session}/views/{number}.jpg", response_class=Response, responses=JPEG)
    async def show_view(session: str, number: int) -> Response:
        """A picture that was taken."""
        return Response(await _told(calibrating.picture(session, number)), media_type="image/jpeg")

    @routes.delete("/session/{session}/views/{number}")
    async def drop_view(session: str, number: int) -> SessionView:
        """Leave a picture out."""
        return await _told(calibrating.drop(session, number, commands.who))

    @routes.post("/session/{session}/compute")
    async def compute(session: str) -> SessionView:
        """Compute from the pictures; what was found does not count yet."""
        return await _told(calibrating.compute(session, commands.who))

    @routes.post("/session/{session}/accept")
    async def accept_result(session: str) -> CalibratedView:
        """Let what was found count from now on, and end the session."""
        return await _told(calibrating.accept(session, commands.who))

    return routes


async def _told(pending: Awaitable[T]) -> T:
    """Return what comes of it. Raises Refused with the reason where the cell refuses it."""
    try:
        return await pending
    except TandemError as error:
        answer = Answer(id="calibration", ok=False, code=error.code, message=error.message, remedy=error.remedy)
        raise Refused(answer) from error
