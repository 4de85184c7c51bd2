"""The command line beside a running server is a client of it."""

from __future__ import annotations

from typing import Any

import httpx
import typer

from orchestrator.core.errors import TandemError

URL = typer.Option("http://127.0.0.1:8080", "--url", envvar="TANDEM_URL", help="Where the cell is served.")


def call(method: str, url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the server below /api/v1. Raises TandemError when it refuses, or is not there."""
    try:
        response = httpx.request(method, f"{url.rstrip('/')}/api/v1{path}", json=body, timeout=10.0, trust_env=False)
    except httpx.HTTPError:
        raise TandemError(
            f"No cell answers at {url}.", remedy="Start one with `tandem serve`, or give its address with --url."
        ) from None
    content = response.json() if "json" in response.headers.get("content-type", "") else {}
    if response.is_error:
        message = content.get("message") or f"The server answered {response.status_code}."
        raise TandemError(message, remedy=content.get("remedy", ""), code=content.get("code", "refused"))
    return content
