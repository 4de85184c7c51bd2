"""REST: signing in by the site's own provider."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import JSONResponse

from orchestrator.core.variant import Frozen
from orchestrator.http.access import Access
from orchestrator.http.access_routes import keep_signed_in
from orchestrator.http.caller import CALLER
from orchestrator.http.errors import ANSWERS, REFUSED, NotLetIn
from orchestrator.http.oidc import OidcDoor


class Beginning(Frozen):
    """The page to come back to: path and query."""

    to: Annotated[str, Field(max_length=500)] = "/"


class Away(Frozen):
    """Where the browser goes to sign in."""

    url: str


class Return(Frozen):
    """What the provider sent along, as it came; `code` "" where it let nobody in."""

    state: Annotated[str, Field(max_length=200)]
    code: Annotated[str, Field(max_length=4096)] = ""
    iss: Annotated[str, Field(max_length=500)] = ""


class Arrived(Frozen):
    """Signed in: the page to go on with."""

    to: str


def router(access: Access | None) -> APIRouter:
    """Return the routes; without a provider they say so."""
    routes = APIRouter(responses=ANSWERS, tags=["access"])
    door = OidcDoor(access, access.provider) if access is not None and access.provider is not None else None
    api = "/api/v1/access/oidc"

    def there() -> OidcDoor:
        if door is None:
            raise NotLetIn(409, "no_provider", "This cell knows no provider.", "Sign in with badge or PIN.")
        return door

    @routes.post(api, responses=REFUSED)
    async def begin_oidc(asked: Beginning, request: Request) -> Away:
        """Begin to sign in by the site's own provider."""
        site = f"{request.url.scheme}://{request.url.netloc}"
        return Away(url=await there().begin(CALLER.get(), site, asked.to))

    @routes.post(f"{api}/finish", response_model=Arrived, responses=REFUSED)
    async def finish_oidc(asked: Return) -> JSONResponse:
        """Sign in with what the provider sent along; who was signed in before is signed out."""
        caller = CALLER.get()
        token, to = await there().finish(caller, state=asked.state, code=asked.code, issuer=asked.iss)
        assert access is not None
        await access.sign_out(caller)
        response = JSONResponse(Arrived(to=to).model_dump())
        keep_signed_in(response, token)
        return response

    return routes
