"""A hand that holds the vision process in the middle of a check, and knows that it does."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from orchestrator.core.ports import CheckRequest


class Hold:
    """A named pipe that the vision process reads as soon as it unpacks a held request: until then nobody can write."""

    def __init__(self, pipe: Path) -> None:
        self._pipe = pipe
        os.mkfifo(pipe)

    def held(self, request: CheckRequest) -> CheckRequest:
        """Return the request with an id that is read from the pipe, where it is unpacked."""
        return replace(request, effect=_FromPipe(str(self._pipe)))

    def looked(self) -> AbstractContextManager[IO[bytes]]:
        """Wait, in a thread, until the process holds still in a check; it goes on when what this returns is closed."""
        return closing(self._pipe.open("wb", buffering=0))


class _FromPipe(str):
    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[[Path], str], tuple[Path]]:
        return Path.read_text, (Path(str(self)),)
