"""The command line beside a running server is a client of it."""

from __future__ import annotations

import os
import ssl
from typing import Any

import typer

from orchestrator.core.errors import SetupError, TandemError

URL = typer.Option("http://127.0.0.1:8080", "--url", envvar="TANDEM_URL", help="Where the cell is served.")
KEY = "TANDEM_KEY"  # of a server on the network: in the environment, since other users see a command's arguments
AUTHORITY = "TANDEM_CA"  # the file with the certificate of its authority


def call(method: str, url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the server below /api/v1, with the key in TANDEM_KEY if any.

    Raises TandemError when it refuses, or is not there.
    """
    import httpx

    headers = {}
    if key := os.environ.get(KEY, "").strip():
        if not url.startswith("https://") and not _loopback(url):
            raise TandemError(f"{KEY} is not sent to {url}: anyone could read it.", remedy="Give an https:// address.")
        headers["authorization"] = f"Bearer {key}"
    try:
        response = httpx.request(
            method,
            f"{url.rstrip('/')}/api/v1{path}",
            json=body,
            headers=headers,
            timeout=10.0,
            trust_env=False,
            verify=_trusted(),
        )
    except httpx.HTTPError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise TandemError(
                f"The certificate of {url} is not trusted here.",
                remedy=f"Set {AUTHORITY} to its authority's file: tls/ca.crt in the cell's data folder.",
            ) from None
        raise TandemError(
            f"No cell answers at {url}.", remedy="Start one with `tandem serve`, or give its address with --url."
        ) from None
    content = response.json() if "json" in response.headers.get("content-type", "") else {}
    if response.is_error:
        message = content.get("message") or f"The server answered {response.status_code}."
        remedy = content.get("remedy", "")
        if response.status_code == 401:
            remedy = f"Set {KEY} to a key of this cell: `tandem keys add NAME` makes one."
        raise TandemError(message, remedy=remedy, code=content.get("code", "refused"))
    return content


def _trusted() -> ssl.SSLContext | bool:
    file = os.environ.get(AUTHORITY, "").strip()
    if not file:
        return True
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError):
        raise SetupError(
            f"{AUTHORITY} names '{file}', which holds no certificate.",
            remedy="Name tls/ca.crt of the cell's data folder.",
        ) from None


def _loopback(url: str) -> bool:
    import httpx

    return httpx.URL(url).host in {"127.0.0.1", "localhost", "::1"}
