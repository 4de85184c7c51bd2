"""Pictures of a cell that keeps nothing: their names are true, and they are gone with it."""

from __future__ import annotations

import hashlib

from orchestrator.adapters.photos.pixels import clean
from orchestrator.core.photo import KeptPhoto, path_of


class PhotoMemory:
    """Implements `Photos` without a disk."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def keep(self, upload: bytes) -> KeptPhoto:
        """Decode an upload and keep its pixels until the process ends. Raises BadInput."""
        picture, width, height = clean(upload)
        kept = KeptPhoto(name := hashlib.sha256(picture).hexdigest(), path_of(name), width, height, len(picture))
        self.kept[name] = picture
        return kept
