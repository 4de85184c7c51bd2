"""Every error leaves as one JSON object: code, message, remedy."""

from __future__ import annotations

import math
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from orchestrator.core.errors import AuthoringError, BadInput, JournalError, NotFound, SetupError, TandemError
from orchestrator.core.variant import Frozen
from orchestrator.engine.phrases import helps
from orchestrator.http.intake import explain

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request as HttpRequest

    from orchestrator.wire import Answer

log = structlog.get_logger(__name__)

STATUS: tuple[tuple[type[TandemError], int], ...] = (
    (NotFound, 404),
    (BadInput, 422),
    (AuthoringError, 422),
    (JournalError, 503),
    (SetupError, 503),
)
STATUS_OF_CODE = {
    "not_found": 404,
    "bad_input": 422,
    "forbidden": 403,
    "denied": 403,
    "journal": 503,
    "busy": 503,
    "internal": 500,
}


class ErrorBody(Frozen):
    """What went wrong: a stable `code`, a `message` for people, and what to do about it."""

    code: str
    message: str
    remedy: str = ""
    says: dict[str, str] = Field(default_factory=dict)  # `message` by language, of those that know it
    helps: dict[str, str] = Field(default_factory=dict)  # `remedy` likewise
    reasons: list[str] = Field(default_factory=list)  # each single cause, where there may be several


# For the OpenAPI document: what any route may answer besides success.
ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorBody, "description": "On the network: nobody is signed in."},
    403: {"model": ErrorBody, "description": "The request comes from another site, or is not this role's to ask."},
    404: {"model": ErrorBody, "description": "Nothing answers to that name."},
    413: {"model": ErrorBody, "description": "The request is too large."},
    415: {"model": ErrorBody, "description": "The body is not JSON."},
    422: {"model": ErrorBody, "description": "The request can't be understood."},
    503: {"model": ErrorBody, "description": "The cell can't do that at the moment."},
}
REFUSED: dict[int | str, dict[str, Any]] = {409: {"model": ErrorBody, "description": "The cell refuses it now."}}
REMOVED: dict[int | str, dict[str, Any]] = {410: {"model": ErrorBody, "description": "It was there and was pruned."}}


def error_response(
    status: int, code: str, message: str, remedy: str = "", reasons: list[str] | None = None
) -> JSONResponse:
    """Return the response of an error."""
    said = {"says": helps(message), "helps": helps(remedy)}
    body = ErrorBody(code=code, message=message, remedy=remedy, reasons=reasons or [], **said)
    return JSONResponse(body.model_dump(), status)


class Refused(TandemError):
    """The cell refused a command."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message, remedy=answer.remedy, code=answer.code or "refused")


class NotLetIn(TandemError):
    """Who asks is not known, may not ask this, or has to wait for `wait_s`."""

    def __init__(self, status: int, code: str, message: str, remedy: str, wait_s: float = 0.0) -> None:
        super().__init__(message, remedy=remedy, code=code)
        self.status = status
        self.wait_s = wait_s


def accept(answer: Answer) -> Answer:
    """Return the answer of a command that was done. Raises Refused."""
    if not answer.ok:
        raise Refused(answer)
    return answer


def status_of(error: TandemError) -> int:
    """Return the HTTP status that says best what an error means."""
    if isinstance(error, NotLetIn):
        return error.status
    if isinstance(error, Refused):
        return STATUS_OF_CODE.get(error.code, 409)
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Make every error that a route raises leave in the one form; the guard does it for mistakes of our own."""
    app.add_exception_handler(TandemError, _tandem)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)


def report(what: str, error: Exception, **facts: str) -> None:
    """Log a mistake of our own, its trace as plain text: rendering one with all its values would stall every screen."""
    trace = "".join(traceback.format_exception(error, limit=-8))
    log.error(what, **facts, error=repr(error), trace=trace)


async def _tandem(_: HttpRequest, error: Exception) -> JSONResponse:
    assert isinstance(error, TandemError)
    reasons = [str(problem) for problem in error.problems] if isinstance(error, AuthoringError) else []
    response = error_response(status_of(error), error.code, error.message, error.remedy, reasons)
    if isinstance(error, NotLetIn) and error.wait_s > 0:
        response.headers["retry-after"] = str(math.ceil(error.wait_s))
    if response.status_code == 401:
        response.headers["www-authenticate"] = 'Bearer realm="tandem"'  # RFC 9110: how one could be known
    return response


async def _malformed(_: HttpRequest, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # The first part of a place says where it stood: body, path or query.
    told = explain(error.errors(), skip=1)
    return error_response(422, told.code, told.message, told.remedy)


async def _http(request: HttpRequest, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        message, remedy = f"There is nothing at {request.url.path}.", "The paths are listed in /api/v1/openapi.json."
        return error_response(404, "not_found", message, remedy)
    if error.status_code == 405:
        message = f"{request.url.path} does not take {request.method}."
        response = error_response(405, "method_not_allowed", message, "See /api/v1/openapi.json for what it takes.")
        response.headers.update(error.headers or {})
        return response
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return error_response(error.status_code, code, f"{error.detail}.".replace("..", "."))
