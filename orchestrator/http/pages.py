"""The built web pages: one index for every address that a person types, and its files."""

# FastAPI reads the annotations of the handlers at run time, so they are not postponed here.
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from orchestrator.http import files

ADDRESSES = ("/", "/worker", "/board", "/cell", "/jog", "/calibrate", "/recover", "/join", "/sign-in")
STATIC = "/static/"  # the build puts a hash of the content into each name below it

NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tandem: pages not built</title>
<h1>The web pages are not built yet</h1>
<p>The cell itself is running. To build its pages, stop Tandem, type</p>
<pre>make web</pre>
<p>in the project's folder, and start Tandem again.</p>
<p>Programs can go on without them: <a href="/api/v1/openapi.json">REST</a>, <a href="/asyncapi.json">WebSocket</a>,
<a href="/metrics">metrics</a>.</p>
</html>
"""


def router(pages: Path | None) -> APIRouter:
    """Return the routes of the pages; they take every address that nothing else answers, so they come last."""
    routes = APIRouter(include_in_schema=False)

    def index(request: Request) -> Response:
        if pages is None or not (pages / "index.html").is_file():
            return HTMLResponse(NOT_BUILT, 503)
        return files.give(request, pages / "index.html", "text/html")

    for address in ADDRESSES:
        routes.get(address)(index)

    if pages is not None:

        @routes.get("/{path:path}")
        def file(request: Request, path: str) -> Response:
            media_type = files.kind(path, files.PAGES)
            cache = files.FOR_EVER if f"/{path}".startswith(STATIC) else files.ASK_AGAIN
            return files.give(request, files.confined(pages, path), media_type, cache)

    return routes
