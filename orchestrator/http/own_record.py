"""REST: what is kept of the person who asks, for their own eyes."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query

from orchestrator.core.access import PersonRole
from orchestrator.core.errors import NotFound
from orchestrator.core.privacy import Mention, mentions
from orchestrator.core.variant import Frozen
from orchestrator.engine.desk import Desk
from orchestrator.http.access import Access
from orchestrator.http.caller import CALLER
from orchestrator.http.errors import ANSWERS, REFUSED

SCAN = 5_000  # events that one request reads at most: some 50 ms in a thread


class OwnSignIn(Frozen):
    """Where somebody is signed in, until when at most, and when they last asked for something there (s, UTC)."""

    device: str
    until_t: float
    seen_t: float


class OwnRecord(Frozen):
    """An account, and a page of the events that name its person.

    `next` is the `after` of the next page, null at the end; a page may hold no event and not be the last.
    """

    id: str
    name: str
    role: PersonRole
    qualifications: tuple[str, ...] = ()
    pin: bool
    badges: int
    signed_in: tuple[OwnSignIn, ...] = ()
    events: tuple[Mention, ...] = ()
    next: int | None = None


def router(desk: Desk, access: Access | None) -> APIRouter:
    """Return the route of a person's own record; it reads the disk, so it runs in a thread."""
    routes = APIRouter(responses=ANSWERS, tags=["access"])

    @routes.get("/api/v1/access/me", responses=REFUSED)
    def show_own_record(
        after: Annotated[int, Query(ge=0, description="Only events later than this seq.")] = 0,
    ) -> OwnRecord:
        """What is kept of who is signed in: their account, and where the journal names them."""
        caller = CALLER.get()
        people = access.accounts.people() if access is not None else []
        person = next((each for each in people if caller.who is not None and each.id == caller.who.name), None)
        if access is None or person is None:
            raise NotFound("Nobody is signed in here by name.", remedy="People sign in at a server with login.")
        read = list(islice(desk.journal.read(after=after, limit=SCAN), SCAN))
        devices = {each.id: each.name for each in access.accounts.devices()}
        return OwnRecord(
            id=person.id,
            name=person.name,
            role=person.role,
            qualifications=person.qualifications,
            pin=person.secret,
            badges=person.badges,
            signed_in=tuple(
                OwnSignIn(device=devices.get(each.device, each.device), until_t=each.until_t, seen_t=each.seen_t)
                for each in access.accounts.sign_ins(person.id, access.now())
            ),
            events=tuple(mentions(read, person.id)),
            next=read[-1].seq if len(read) == SCAN else None,
        )

    return routes
