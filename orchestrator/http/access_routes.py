"""REST: who is signed in, signing in and out, joining devices, and the certificate that they are to trust."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from orchestrator.core.access import ROLES, PersonRole
from orchestrator.core.errors import NotFound
from orchestrator.core.rights import CALIBRATE, CHECK_CAMERA, allowed
from orchestrator.core.variant import Frozen
from orchestrator.http.access import DEVICE_COOKIE, SESSION_COOKIE, Access
from orchestrator.http.caller import CALLER
from orchestrator.http.errors import ANSWERS, REFUSED, ErrorBody, NotLetIn
from orchestrator.http.qr import svg

DEVICE_COOKIE_S = 400 * 24 * 3600  # browsers keep no cookie for longer
CERTIFICATE = "application/x-x509-ca-cert"  # by which phones and tablets know what to do with it
TURNED: dict[int | str, dict[str, Any]] = {429: {"model": ErrorBody, "description": "Too many wrong tries: wait."}}
Secret = Annotated[str, Field(max_length=200)]


class Colleague(Frozen):
    """Somebody who may sign in: pseudonym and name."""

    id: str
    name: str


class Myself(Frozen):
    """Who is signed in."""

    id: str
    name: str
    role: PersonRole
    qualifications: tuple[str, ...] = ()


class AccessView(Frozen):
    """What this device and the person at it may see and do.

    `login`: whether one must sign in at all. `device`: what this device is called, "" where it has not joined.
    `people`: who may sign in, for devices that belong here. `may`: types of commands, `calibrate`, `check_camera`.
    `provider`: what the site's own sign-in is called, "" where there is none.
    """

    login: bool
    device: str = ""
    person: Myself | None = None
    people: tuple[Colleague, ...] = ()
    may: tuple[str, ...] = ()
    fingerprint: str = ""
    provider: str = ""


class SignIn(Frozen):
    """A person with their PIN or password, or a badge, or a badge with the PIN."""

    person: Annotated[str, Field(max_length=120)] = ""
    secret: Secret = ""
    badge: Secret = ""


class Joining(Frozen):
    """A joining code, and what the device shall be called."""

    code: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=60)]


class Code(Frozen):
    """A code that lets one device join, until when it counts (s, UTC), and where, as an address and a picture of it."""

    code: str
    until_t: float
    url: str
    svg: str


class DeviceLine(Frozen):
    """A device that belongs here; `own`: the one that asks."""

    id: str
    name: str
    joined_t: float
    own: bool


def router(access: Access | None) -> APIRouter:
    """Return the routes of access. Without `access` there is no login, and the first says so."""
    routes = APIRouter(responses=ANSWERS, tags=["access"])
    api = "/api/v1/access"

    def there() -> Access:
        if access is None:
            raise NotLetIn(409, "no_login", "This server has no login.", "Start it with `tandem serve --lan`.")
        return access

    @routes.get(api)
    async def show_access() -> AccessView:
        """Who is signed in here, and what they may do."""
        return _view(access)

    @routes.post(f"{api}/sign-in", status_code=204, responses=REFUSED | TURNED)
    async def sign_in(asked: SignIn, request: Request) -> Response:
        """Sign in at this device; who was signed in before is signed out."""
        caller = CALLER.get()
        _, token = await there().sign_in(
            caller, _address(request), person=asked.person, secret=asked.secret, badge=asked.badge.strip()
        )
        await there().sign_out(caller)
        response = Response(status_code=204)
        keep_signed_in(response, token)
        return response

    @routes.post(f"{api}/sign-out", status_code=204, responses=REFUSED)
    async def sign_out() -> Response:
        """Sign out."""
        await there().sign_out(CALLER.get())
        response = Response(status_code=204)
        _keep(response, SESSION_COOKIE, "", 0)
        return response

    @routes.post(f"{api}/join", status_code=204, responses=REFUSED | TURNED)
    async def join(asked: Joining, request: Request) -> Response:
        """Join this device by a code."""
        _, token = await there().join(asked.code, _plain(asked.name) or "?", _address(request))
        response = Response(status_code=204)
        _keep(response, DEVICE_COOKIE, token, DEVICE_COOKIE_S)
        return response

    @routes.post(f"{api}/codes", responses=REFUSED)
    async def make_code(request: Request) -> Code:
        """Make a code that lets one device join."""
        code, until_t = await there().invite()
        url = f"{request.url.scheme}://{request.url.netloc}/join#{code}"  # what follows # is sent to no server
        return Code(code=code, until_t=until_t, url=url, svg=svg(url))

    @routes.get(f"{api}/devices", responses=REFUSED)
    async def list_devices() -> tuple[DeviceLine, ...]:
        """Every device that belongs here, oldest first."""
        own = CALLER.get().device
        return tuple(
            DeviceLine(id=each.id, name=each.name, joined_t=each.joined_t, own=each.id == own)
            for each in there().accounts.devices()
        )

    @routes.delete(f"{api}/devices/{{device}}", status_code=204, responses=REFUSED)
    async def revoke_device(device: str) -> None:
        """Send a device away; whoever uses it is cut off."""
        await there().revoke(device)

    @routes.get("/ca.crt", response_class=Response, responses={200: {"content": {CERTIFICATE: {}}}})
    async def authority() -> Response:
        """The certificate that devices are to trust: that of this site's authority."""
        if access is None or not access.authority:
            raise NotFound("There is no authority of this site.", remedy="Whoever made the certificate has its own.")
        headers = {"content-disposition": 'attachment; filename="tandem-ca.crt"'}
        return Response(access.authority, media_type=CERTIFICATE, headers=headers)

    return routes


def _view(access: Access | None) -> AccessView:
    caller = CALLER.get()
    who = caller.who
    may: frozenset[str] = frozenset()
    if who is not None:
        cameras = (("calibrate", CALIBRATE), ("check_camera", CHECK_CAMERA))
        may = allowed(who.role, machine=who.machine) | {name for name, roles in cameras if who.role in roles}
    if access is None:
        return AccessView(login=False, may=tuple(sorted(may)))
    everybody = access.accounts.people() if caller.standing in {"device", *ROLES} else []
    person = next((each for each in everybody if who is not None and each.id == who.name), None)
    device = next((each.name for each in access.accounts.devices() if each.id == caller.device), "")
    return AccessView(
        login=True,
        device=device,
        person=None
        if person is None
        else Myself(id=person.id, name=person.name, role=person.role, qualifications=person.qualifications),
        people=tuple(Colleague(id=each.id, name=each.name) for each in everybody),
        may=tuple(sorted(may)),
        fingerprint=access.fingerprint,
        provider=access.provider.name if access.provider is not None and caller.device else "",
    )


def keep_signed_in(response: Response, token: str) -> None:
    """Have the browser keep a sign-in."""
    _keep(response, SESSION_COOKIE, token, None)  # until the browser ends; the server's own limit counts before


def _keep(response: Response, name: str, value: str, max_age: int | None) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="strict")


def _plain(name: str) -> str:
    """Return a name without what a terminal would obey, or a reader not see."""
    return "".join(each for each in " ".join(name.split()) if each.isprintable()).strip()


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""
