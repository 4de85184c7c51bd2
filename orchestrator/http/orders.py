"""REST: orders and the procedures that they are made from."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
import secrets
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Header, Response
from pydantic import Field

from orchestrator.core.commands import ChangeOrder, Given, Name
from orchestrator.core.errors import AuthoringError, known
from orchestrator.core.variant import Frozen
from orchestrator.engine.desk import Desk
from orchestrator.http.caller import asking
from orchestrator.http.commands import Commands
from orchestrator.http.errors import ANSWERS, REFUSED, accept
from orchestrator.http.offered import offered
from orchestrator.wire import Answer, OrderView

OrderName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")]
Verb = Literal["start", "pause", "resume", "stop", "abort", "cancel", "clear"]
Key = Annotated[Name | None, Header(alias="Idempotency-Key", description="The same key twice has one effect.")]


class NewOrder(Frozen):
    """An order to be stored. Every option of the product is named; without an `id` one is made."""

    product: Name
    options: dict[str, bool | int | float | str] = Field(default_factory=dict)
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    due_t: Annotated[float | None, Field(description="UTC seconds")] = None
    id: OrderName | None = None
    start: bool = False


class Stored(Frozen):
    """The order is on the list, and running if that was asked."""

    order: str
    started: bool


class Reason(Frozen):
    """Why; pausing and aborting are better understood with it."""

    reason: Given = ""


class ProcedureLine(Frozen):
    """A product that can be ordered, with its options, or the mistakes that forbid it."""

    product: str
    options: dict[str, list[bool | int | float | str]] = Field(default_factory=dict)
    never: list[str] = Field(default_factory=list)
    steps: int = 0
    problems: list[str] = Field(default_factory=list)


class ProcedureView(Frozen):
    """A product's procedure as authored: options, combinations not sold, and steps in order."""

    product: str
    options: dict[str, list[bool | int | float | str]]
    never: list[str]
    steps: list[dict[str, Any]]


def router(desk: Desk, commands: Commands) -> APIRouter:
    """Return the routes of orders and procedures."""
    routes = APIRouter(prefix="/api/v1", responses=ANSWERS)

    def orders() -> dict[str, OrderView]:
        return {value.id: value for value in desk.screen.topics.values() if isinstance(value, OrderView)}

    @routes.get("/orders", tags=["orders"])
    async def list_orders() -> list[OrderView]:
        """Every order that is not cleared."""
        return list(offered(orders(), asking(), desk.screen).values())

    @routes.post("/orders", tags=["orders"], status_code=201, responses=REFUSED)
    async def store_order(new: NewOrder, response: Response) -> Stored:
        """Compile an order for its options and put it on the list; with `start` it runs at once."""
        order = new.id or f"{new.product}-{secrets.token_hex(3)}"
        accept(await commands.store_order(order, new.product, new.options, new.quantity, new.due_t))
        response.headers["location"] = f"/api/v1/orders/{order}"
        if new.start:
            accept(await commands.ask(str(uuid4()), ChangeOrder(order=order, verb="start")))
        return Stored(order=order, started=new.start)

    @routes.get("/orders/{order}", tags=["orders"])
    async def show_order(order: str) -> OrderView:
        """One order: how far it is, and what may be done with it now."""
        if order not in orders():
            raise known("order", order, orders())
        return offered(orders()[order], asking(), desk.screen)

    @routes.post("/orders/{order}/{verb}", tags=["orders"], responses=REFUSED)
    async def change_order(order: str, verb: Verb, reason: Reason | None = None, key: Key = None) -> Answer:
        """Start, pause, resume, stop, abort, cancel or clear an order."""
        if order not in orders():
            raise known("order", order, orders())
        command = ChangeOrder(order=order, verb=verb, reason=reason.reason if reason else "")
        return accept(await commands.ask(key or str(uuid4()), command))

    @routes.get("/procedures", tags=["procedures"])
    def list_procedures() -> list[ProcedureLine]:
        """Every product that is authored here."""
        return [_line(desk, product) for product in desk.library.products()]

    @routes.get("/procedures/{product}", tags=["procedures"])
    def show_procedure(product: str) -> ProcedureView:
        """One product's options and steps, as authored."""
        procedure = desk.library.procedure(product)
        steps = [step.model_dump(mode="json", by_alias=True, exclude_defaults=True) for step in procedure.steps]
        options = {name: list(values) for name, values in procedure.options.items()}
        return ProcedureView(product=product, options=options, never=list(procedure.never), steps=steps)

    return routes


def _line(desk: Desk, product: str) -> ProcedureLine:
    try:
        procedure = desk.library.procedure(product)
    except AuthoringError as error:
        return ProcedureLine(product=product, problems=[str(problem) for problem in error.problems])
    options = {name: list(values) for name, values in procedure.options.items()}
    return ProcedureLine(product=product, options=options, never=list(procedure.never), steps=len(procedure.steps))
