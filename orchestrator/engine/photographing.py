"""Taking in a picture that a person took: refused at once where nobody waits for it, kept, then journalled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.errors import SetupError
from orchestrator.core.events import CommandDenied
from orchestrator.wire import Answer

if TYPE_CHECKING:
    from orchestrator.core.photo import KeptPhoto, Photos
    from orchestrator.engine.runner import Runner

_NONE = "0" * 64


class Photographing:
    """Takes in one picture after the other: decoding one holds up to 72 MB."""

    def __init__(self, runner: Runner, store: Photos) -> None:
        self._runner = runner
        self._store = store
        self._turn = asyncio.Lock()

    async def keep(
        self, request: str, of: cmd.PhotoOf, upload: bytes, by: cmd.Who, t: float
    ) -> tuple[Answer, KeptPhoto | None]:
        """Keep a picture under a request's id; returns the cell's answer, and what is kept where that is yes.

        The file is durable before the journal names it. Raises BadInput or SetupError, as the store does.
        """
        asked = cmd.KeepPhoto(**of.model_dump(), sha256=_NONE, width=1, height=1, size_bytes=1)
        first = cmd.Request(id=request, by=by, t=t, command=asked)
        verdict = decide(self._runner.state, first, t)
        if isinstance(verdict, Rejected):
            no = Answer(id=request, ok=False, code=verdict.code, message=verdict.message, remedy=verdict.remedy)
            return no, None
        if any(isinstance(event, CommandDenied) for event in verdict):
            return await self._runner.submit(first), None
        async with self._turn:
            try:
                kept = await asyncio.to_thread(self._store.keep, upload)
            except SetupError as error:
                self._runner.troubles.note("evidence", error.message, "photos")
                raise
        self._runner.troubles.note("evidence", "", "photos")
        command = cmd.KeepPhoto(
            **of.model_dump(),
            sha256=kept.sha256,
            width=kept.width,
            height=kept.height,
            size_bytes=kept.size_bytes,
        )
        answer = await self._runner.submit(cmd.Request(id=request, by=by, t=t, command=command))
        return answer, kept if answer.ok else None
