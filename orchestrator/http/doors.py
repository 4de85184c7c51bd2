"""Who is let through which door: each route of the server, in one table. What is not in it is shut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation at run time

from orchestrator.core.access import ROLES
from orchestrator.core.rights import CALIBRATE, CHECK_CAMERA, RIGHTS
from orchestrator.http.caller import CALLER, DEVICE, STRANGER, asking
from orchestrator.http.errors import NotLetIn

if TYPE_CHECKING:
    from orchestrator.http.caller import Caller

KNOWN = frozenset(ROLES)
JOINED = KNOWN | {DEVICE}
ANYONE = JOINED | {STRANGER}
LEAD = frozenset({"supervisor"})
SEES_DEVICES = frozenset({"supervisor", "auditor"})

# Where a command comes in, everybody who is known is let in: `decide` refuses by its one table, and journals it.
DOORS: dict[str, frozenset[str]] = {
    "GET /api/v1/access": ANYONE,
    "POST /api/v1/access/join": ANYONE,
    "POST /api/v1/access/sign-in": JOINED,
    "POST /api/v1/access/sign-out": JOINED,
    "POST /api/v1/access/oidc": JOINED,
    "POST /api/v1/access/oidc/finish": JOINED,
    "POST /api/v1/access/codes": LEAD,
    "GET /api/v1/access/devices": SEES_DEVICES,
    "DELETE /api/v1/access/devices/{device}": LEAD,
    "GET /api/v1/access/me": KNOWN,
    "GET /ca.crt": ANYONE,
    "GET /healthz": ANYONE,
    "GET /readyz": KNOWN,
    "GET /metrics": KNOWN,
    "GET /asyncapi.json": KNOWN,
    "GET /api/v1/openapi.json": KNOWN,
    "GET /assets/instructions/{path:path}": KNOWN,
    "WEBSOCKET /ws": KNOWN,
    "GET /api/v1/orders": KNOWN,
    "POST /api/v1/orders": RIGHTS["store_order"],
    "GET /api/v1/orders/{order}": KNOWN,
    "POST /api/v1/orders/{order}/{verb}": KNOWN,
    "GET /api/v1/procedures": KNOWN,
    "GET /api/v1/procedures/{product}": KNOWN,
    "GET /api/v1/rewind/{unit}/{step:path}": KNOWN,
    "POST /api/v1/rewind/{unit}/{step:path}": KNOWN,
    "GET /api/v1/cell": KNOWN,
    "POST /api/v1/cell": KNOWN,
    "GET /api/v1/cell/retreat": KNOWN,
    "POST /api/v1/cell/retreat": KNOWN,
    "DELETE /api/v1/cell/retreat": JOINED,  # without anybody signed in a device asks in its own name
    "POST /api/v1/cell/hold": JOINED,  # likewise
    "POST /api/v1/commands": KNOWN,
    "POST /api/v1/photos": RIGHTS["keep_photo"],
    "GET /api/v1/scene": KNOWN,
    "GET /api/v1/skills": KNOWN,
    "GET /api/v1/skills/{name}": KNOWN,
    "POST /api/v1/cell/jog": RIGHTS["start_jog"],
    "DELETE /api/v1/cell/jog": RIGHTS["start_jog"],
    "POST /api/v1/cell/gripper": KNOWN,
    "POST /api/v1/cell/teach": RIGHTS["teach_frame"],
    "GET /api/v1/cell/taught": KNOWN,
    "GET /api/v1/calibration/cameras": KNOWN,
    "POST /api/v1/calibration/cameras/{camera}/check": CHECK_CAMERA,
    "GET /api/v1/calibration/boards/{board}.pdf": KNOWN,
    "GET /api/v1/calibration/session": KNOWN,
    "POST /api/v1/calibration/session": CALIBRATE,
    "DELETE /api/v1/calibration/session/{session}": CALIBRATE,
    "GET /api/v1/calibration/session/{session}/live": CALIBRATE,
    "POST /api/v1/calibration/session/{session}/drive": CALIBRATE,
    "DELETE /api/v1/calibration/session/{session}/drive": CALIBRATE,
    "POST /api/v1/calibration/session/{session}/views": CALIBRATE,
    "GET /api/v1/calibration/session/{session}/views/{number}.jpg": KNOWN,
    "DELETE /api/v1/calibration/session/{session}/views/{number}": CALIBRATE,
    "POST /api/v1/calibration/session/{session}/compute": CALIBRATE,
    "POST /api/v1/calibration/session/{session}/accept": CALIBRATE,
    "GET /api/v1/events": KNOWN,
    "GET /api/v1/units": KNOWN,
    "GET /api/v1/units/{unit:path}": KNOWN,
    "GET /api/v1/checks": KNOWN,
    "GET /api/v1/evidence/{path:path}": KNOWN,
    "GET /api/v1/breakpoints": KNOWN,
    # The pages are the same for everybody, and hold nothing of the cell.
    "GET /": ANYONE,
    "GET /worker": ANYONE,
    "GET /board": ANYONE,
    "GET /cell": ANYONE,
    "GET /jog": ANYONE,
    "GET /calibrate": ANYONE,
    "GET /recover": ANYONE,
    "GET /join": ANYONE,
    "GET /sign-in": ANYONE,
    "GET /{path:path}": ANYONE,
}


def refusal(caller: Caller, door: str) -> NotLetIn | None:
    """Return why a caller is not let through a door, None where they are."""
    let_in = DOORS.get(door, frozenset())
    if caller.standing in let_in:
        return None
    if caller.standing == STRANGER:
        return NotLetIn(401, "not_joined", "This device does not belong to the cell.", "Join it at /join, with a code.")
    if caller.standing == DEVICE:
        return NotLetIn(401, "signed_out", "Nobody is signed in here.", "Sign in, then ask again.")
    remedy = f"Ask one of these: {', '.join(sorted(let_in)) or 'nobody is let in here'}."
    return NotLetIn(403, "forbidden", f"The role {caller.standing} may not do this.", remedy)


async def at_the_door(request: Request) -> None:
    """Every route asks this first. Raises NotLetIn."""
    route = request.scope["route"]
    if (refused := refusal(CALLER.get(), f"{request.method} {route.path}")) is not None:
        request.app.state.metrics.turned_away(refused.code)
        if refused.code == "forbidden":
            request.app.state.audit.tried(asking(), f"{request.method} {route.path}")
        raise refused
