"""REST: pictures that people take of results. Pixels come in, and nothing else."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
import asyncio
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from pydantic import Field

from orchestrator.core.commands import PhotoOf
from orchestrator.core.errors import BadInput
from orchestrator.core.photo import TYPES, UPLOAD_BYTES
from orchestrator.core.variant import Frozen
from orchestrator.engine.wall import wall_s
from orchestrator.http.commands import Commands
from orchestrator.http.errors import ANSWERS, REFUSED, NotLetIn, accept
from orchestrator.http.orders import Key

UPLOAD_S = 60.0  # 4 MB over a line of half a megabit a second
BODY = {
    "requestBody": {
        "required": True,
        "description": f"The picture, at most {UPLOAD_BYTES} bytes. Its metadata (place, time, device) are not kept.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in TYPES},
    }
}


AT_ONCE = 4  # uploads that are read at the same time; others wait, and their network with them


class NotTaken(NotLetIn):
    """What was sent is not taken, whoever sent it."""


class Photo(Frozen):
    """A picture that is kept. `sha256` goes into the word that rests on it, `path` is below /api/v1/evidence."""

    sha256: str
    path: str
    width: Annotated[int, Field(description="Pixels.")]
    height: int
    size_bytes: int


def router(commands: Commands) -> APIRouter:
    """Return the route of pictures; they are given out as evidence."""
    routes = APIRouter(prefix="/api/v1", responses=ANSWERS | REFUSED, tags=["records"])
    turns = asyncio.Semaphore(AT_ONCE)

    @routes.post("/photos", status_code=201, openapi_extra=BODY)
    async def keep_photo(request: Request, of: Annotated[PhotoOf, Query()], key: Key = None) -> Photo:
        """Keep a picture of a step's result, before the word that rests on it."""
        async with turns:
            upload = await _body(request)
            answer, kept = await commands.keep_photo(key or str(uuid4()), of, upload)
        accept(answer)
        assert kept is not None
        return Photo(
            sha256=kept.sha256, path=kept.path, width=kept.width, height=kept.height, size_bytes=kept.size_bytes
        )

    return routes


async def _body(request: Request) -> bytes:
    """Read an upload within its limits. Raises NotTaken or BadInput."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise NotTaken(
            415, "not_a_photo", f"Only pictures are taken, not '{kind}'.", f"Send one of {', '.join(TYPES)}."
        )
    upload = bytearray()
    try:
        async with asyncio.timeout(wall_s(UPLOAD_S)):
            async for piece in request.stream():
                upload += piece
                if len(upload) > UPLOAD_BYTES:
                    message = f"The picture is larger than {UPLOAD_BYTES} bytes."
                    raise NotTaken(413, "photo_too_large", message, "Take it with the page's own button.")
    except TimeoutError:
        raise NotTaken(408, "too_slow", "The picture took too long.", "Send it again.") from None
    if not upload:
        raise BadInput("There is no picture in the request.", remedy="Send one.", code="not_a_photo")
    return bytes(upload)
