"""REST: moving the robot by hand in manual mode, and teaching poses."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Query, Response
from pydantic import Field

from orchestrator.core.commands import Finite, Finite3, MoveGripper, Name
from orchestrator.core.ports import JOG_M_S, JOG_RENEW_S, Twist
from orchestrator.core.variant import Frozen
from orchestrator.engine.desk import Desk
from orchestrator.http.commands import Commands
from orchestrator.http.errors import ANSWERS, REFUSED, accept
from orchestrator.http.orders import Key
from orchestrator.wire import Answer

Press = Annotated[Name, Field(max_length=64, description="An id of the client's own making, new for each press.")]
PoseName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
HOW = (
    f"Begin a press, and renew it every 100 ms: without a renewal the arm stands after {JOG_RENEW_S:g} s. "
    f"At most {JOG_M_S:g} m/s. A press that has ended stays so, and answers why."
)
STAND: Finite3 = (0.0, 0.0, 0.0)


class Jog(Frozen):
    """How to jog while a button is pressed: the TCP along and about a frame's axes, or single joints."""

    press: Press
    frame: Literal["base", "tool", "joint"] = "base"
    linear_m_s: Finite3 = STAND
    angular_rad_s: Finite3 = STAND
    joints_rad_s: Annotated[tuple[Finite, ...], Field(max_length=12)] = ()


class Gripper(Frozen):
    """What the gripper shall do."""

    do: Literal["open", "close"]


class Teach(Frozen):
    """A name for where the TCP is; `relative_to` is a frame of the cell or a part of the ledger, "" the cell."""

    name: PoseName
    relative_to: Annotated[str, Field(max_length=120)] = ""


class Taught(Frozen):
    """A taught pose, as YAML ready to paste."""

    name: str
    yaml: str


def router(desk: Desk, commands: Commands) -> APIRouter:
    """Return the routes of manual mode."""
    routes = APIRouter(prefix="/api/v1/cell", responses=ANSWERS, tags=["manual"])

    @routes.post("/jog", responses=REFUSED, description=HOW)
    async def jog(asked: Jog) -> Answer:
        """Jog."""
        twist = Twist(asked.linear_m_s, asked.angular_rad_s, asked.frame, asked.joints_rad_s)
        return accept(await commands.jog(asked.press, twist))

    @routes.delete("/jog", responses=REFUSED)
    async def release(press: Annotated[Press, Query()]) -> Answer:
        """Release a press: the arm comes to a stand."""
        return accept(await commands.jog(press, Twist()))

    @routes.post("/gripper", responses=REFUSED)
    async def gripper(asked: Gripper, key: Key = None) -> Answer:
        """Open or close the gripper."""
        return accept(await commands.ask(key or str(uuid4()), MoveGripper(close=asked.do == "close")))

    @routes.post("/teach", responses=REFUSED)
    async def teach(asked: Teach) -> Taught:
        """Keep where the TCP is, and return it as YAML for the cell file or, relative to a part, for its grasps."""
        accept(await commands.teach(asked.name, asked.relative_to))
        return Taught(name=asked.name, yaml=desk.taught(asked.name))

    @routes.get("/taught", response_class=Response, responses={200: {"content": {"application/yaml": {}}}})
    async def taught() -> Response:
        """Everything that was taught, as YAML ready to paste."""
        return Response(desk.taught(), media_type="application/yaml")

    return routes
