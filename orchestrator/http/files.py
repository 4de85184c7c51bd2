"""Files given out: confined to a folder, of known kinds only, and asked for again only when they changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response

from orchestrator.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request as HttpRequest

MEDIA: Mapping[str, str] = {
    ".glb": "model/gltf-binary",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".vtt": "text/vtt",
    ".webm": "video/webm",
    ".webp": "image/webp",
}
EVIDENCE: Mapping[str, str] = {
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".npz": "application/octet-stream",
    ".ply": "application/octet-stream",
    ".png": "image/png",
    ".webp": "image/webp",
}
PAGES: Mapping[str, str] = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

ASK_AGAIN = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"  # for names that change with their content


def kind(path: str, known: Mapping[str, str]) -> str:
    """Return a file's media type by its name. Raises NotFound for a kind that is not given out."""
    suffix = Path(path).suffix.lower()
    if "\0" in path or suffix not in known:
        raise NotFound(f"There is no file '{path}'.", remedy=f"Files given out here end in {', '.join(sorted(known))}.")
    return known[suffix]


def confined(root: Path, path: str) -> Path:
    """Return the file at `path` below `root`. Raises NotFound when nothing is there or the path leads out."""
    base = root.resolve()
    file = (base / path).resolve()
    if not file.is_relative_to(base) or not file.is_file():
        raise NotFound(f"There is no file '{path}'.", remedy="Check the path.")
    return file


def give(request: HttpRequest, file: Path, media_type: str, cache: str = ASK_AGAIN) -> Response:
    """Return a file, or 304 when the browser has this very version already."""
    response = FileResponse(file, media_type=media_type, stat_result=file.stat(), headers={"cache-control": cache})
    etag = response.headers["etag"]
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known:
        return Response(status_code=304, headers={"etag": etag, "cache-control": cache})
    return response
