"""REST: what happened. Events, finished units, checks and the pictures that they rest on."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from collections.abc import Iterable
from heapq import merge
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from orchestrator.core.errors import NotFound, known
from orchestrator.core.photo import path_of
from orchestrator.core.ports import Recorded
from orchestrator.core.variant import Frozen
from orchestrator.engine.desk import Desk
from orchestrator.engine.event_lines import about, by_language, in_words
from orchestrator.http import files
from orchestrator.http.errors import ANSWERS, REMOVED, error_response
from orchestrator.http.history import Wanted, backwards, onwards
from orchestrator.wire import UnitView

PAGE = 200
CHECKS = ("check_ended", "recheck_ended")
After = Annotated[int, Query(ge=0, description="Only events later than this seq.")]
Before = Annotated[int | None, Query(ge=1, description="Only events earlier than this seq, newest first.")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Sought = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Query(max_length=50, description="A text in type, subject or payload, in whatever case; of several, any."),
]


class EventLine(Frozen):
    """A durable event: its place in the chain, when (UTC s), what, about which order or unit, and by which command.

    `about`, `text` and `says` say it in a line, as a screen's list of events does.
    """

    seq: int
    t: float
    type: str
    version: int
    subject: str
    command: str
    payload: dict[str, Any]
    sha256: str
    about: str
    text: str
    says: dict[str, str]


class EventPage(Frozen):
    """Events in order, or newest first where asked with `before`; `head` is the newest seq there is.

    `next` is the `after` (or `before`) of the next page, null at the end; a page may hold no event and not be the last.
    """

    events: list[EventLine]
    next: int | None
    head: int


class CheckLine(Frozen):
    """A camera's check: the verdict as journalled, and where its picture is, "" when none was kept."""

    seq: int
    t: float
    unit: str
    step: str
    attempt: int
    measured: dict[str, Any] | None
    error: str
    evidence: str
    again: bool  # a last look at what was seen in its place before


class CheckPage(Frozen):
    """Checks in order, paged like events."""

    checks: list[CheckLine]
    next: int | None


def router(desk: Desk) -> APIRouter:
    """Return the routes of records. Those that read the disk run in threads."""
    routes = APIRouter(prefix="/api/v1", responses=ANSWERS, tags=["records"])

    def page(events: Iterable[Recorded], limit: int) -> tuple[list[Recorded], int | None]:
        found = list(islice(events, limit + 1))
        return found[:limit], found[limit - 1].seq if len(found) > limit else None

    @routes.get("/events")
    def list_events(
        after: After = 0,
        limit: Limit = PAGE,
        type: str | None = None,  # noqa: A002 - the query's name
        subject: str | None = None,
        q: Sought = [],  # noqa: B006 - FastAPI copies it
        before: Before = None,
    ) -> EventPage:
        """A page of the journal, of one type, of one subject or with a text in it where asked.

        A text is found as it stands in the journal and as its sentence reads in any language of the cell. A search
        reads a bounded number of events; ask on with `next` until it is null.
        """
        wanted = Wanted(type, subject, tuple(q))
        if before is None:
            found, following = onwards(desk.journal, wanted, after, limit)
        else:
            found, following = backwards(desk.journal, wanted, after, before, limit)
        return EventPage(events=[_event(recorded) for recorded in found], next=following, head=desk.journal.head[0])

    @routes.get("/units")
    def list_units() -> list[dict[str, Any]]:
        """Finished units, newest first."""
        return desk.units()

    @routes.get("/units/{unit:path}")
    def show_unit(unit: str) -> dict[str, Any]:
        """The as-built record of a finished unit."""
        record = desk.as_built(unit)
        if record is not None:
            return record
        if isinstance(desk.screen.topics.get(f"unit/{unit}"), UnitView):
            raise NotFound(
                f"Unit '{unit}' is still being built.", remedy="Its record is written when it leaves the cell."
            )
        raise known("finished unit", unit, (line["unit"] for line in desk.units()[:20]))

    @routes.get("/checks")
    def list_checks(after: After = 0, limit: Limit = PAGE, unit: str | None = None) -> CheckPage:
        """Camera checks with their verdicts and where their pictures are, last looks before a unit left among them."""
        kinds = (desk.journal.read(after=after, limit=limit + 1, kind=kind, subject=unit) for kind in CHECKS)
        found, following = page(merge(*kinds, key=lambda recorded: recorded.seq), limit)
        return CheckPage(checks=[_check(recorded) for recorded in found], next=following)

    @routes.get("/evidence/{path:path}", responses=REMOVED)
    def show_evidence(request: Request, path: str) -> Response:
        """A file that a check rests on. It never changes."""
        media_type = files.kind(path, files.EVIDENCE)
        try:
            file = files.confined(desk.evidence, path)
        except NotFound:
            if not _removed(desk, path):
                raise
            return error_response(410, "removed", "This evidence was removed.", "Its verdict is in the journal.")
        return files.give(request, file, media_type)

    return routes


def _removed(desk: Desk, path: str) -> bool:
    """Tell whether a record is there whose pictures were pruned, or a worker's picture was."""
    name = path.rpartition("/")[2].partition(".")[0]
    if path == path_of(name):
        return desk.evidence.joinpath(path).with_suffix(".removed").is_file()
    folder, _, name = path.rpartition("/")
    try:
        files.confined(desk.evidence, f"{folder}/record.json")
    except NotFound:
        return False
    return name in {"deviation.png", "depth.npz"}


def _event(recorded: Recorded) -> EventLine:
    entry = recorded.entry
    payload = orjson.loads(entry.payload)
    return EventLine(
        seq=recorded.seq,
        t=entry.t,
        type=entry.type,
        version=entry.version,
        subject=entry.subject,
        command=entry.command,
        payload=payload,
        sha256=recorded.sha256,
        about=about(payload),
        text=in_words(entry.type, payload),
        says=by_language(payload),
    )


def _check(recorded: Recorded) -> CheckLine:
    payload = orjson.loads(recorded.entry.payload)
    measured = payload.get("measured")
    kept = (measured or {}).get("evidence", "")
    return CheckLine(
        seq=recorded.seq,
        t=recorded.entry.t,
        unit=payload["unit"],
        step=payload["step"],
        attempt=payload["attempt"],
        measured=measured,
        error=payload.get("error", ""),
        again=recorded.entry.type == "recheck_ended",
        evidence=f"/api/v1/evidence/{quote(kept)}" if kept else "",
    )
