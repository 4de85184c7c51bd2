"""Pictures that people take of results, and where they are kept: the port of the evidence store for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

UPLOAD_BYTES = 4_000_000  # a tablet sends some 300 kB; a telephone's own camera may send more
SIDE_PX = 1600  # a kept picture's longer side at most
PIXELS = 24_000_000  # of an upload, decoded: what a telephone's camera gives, in 72 MB of memory
TYPES = ("image/jpeg", "image/png", "image/webp")


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A picture in the store: the SHA-256 of what is kept, its path below the evidence folder, pixels and bytes."""

    sha256: str
    path: str
    width: int
    height: int
    size_bytes: int


def path_of(sha256: str) -> str:
    """Return where a picture lies below the evidence folder.

    >>> path_of("ab" * 32)[:12]
    'photos/ab/ab'
    """
    return f"photos/{sha256[:2]}/{sha256}.jpg"


class Photos(Protocol):
    """Keeps pictures by their content. It is called in a thread, and never twice at a time."""

    def keep(self, upload: bytes) -> KeptPhoto:
        """Decode an upload, keep nothing of it but its pixels, and return where; durable when it returns.

        The same upload gives the same picture. Raises BadInput for what is no JPEG, PNG or WebP or is too large
        (`not_a_photo`, `photo_too_large`), SetupError where there is no room (`no_room`).
        """
