"""What was answered to whom: the same request twice has one effect, and an id that comes again with another is told."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.engine.phrases import helps
from orchestrator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.commands import Request

REMEMBERED = 10_000  # command ids whose answer is kept


@dataclass(frozen=True, slots=True)
class Heard:
    """One request's answer, and a digest of what was asked by whom; empty where the journal was read again."""

    answer: Answer
    asked: bytes = b""

    def same(self, request: Request) -> bool | None:
        """Tell whether this was the very same request; None where nobody knows any more."""
        return self.asked == digest(request) if self.asked else None

    def reply(self, request: Request) -> Answer:
        """Return the answer to a request under this id: the one given, or that the id was used for something else."""
        if self.same(request) is False:
            message = f"The id {request.id} was used for another command; this one has not been carried out."
            return Answer(
                id=request.id, ok=False, code="id_reused", message=message, remedy="Ask again with a fresh UUID."
            )
        return self.answer


def in_languages(answer: Answer) -> Answer:
    """Return an answer with its message and remedy in every language that knows them."""
    if answer.ok:
        return answer
    return answer.model_copy(update={"says": helps(answer.message), "helps": helps(answer.remedy)})


class Answers:
    """The newest answers by their request's id, in the order in which they were given."""

    def __init__(self) -> None:
        self._heard: OrderedDict[str, Heard] = OrderedDict()

    def get(self, name: str) -> Heard | None:
        """Return what was heard under an id."""
        return self._heard.get(name)

    def keep(self, heard: Heard) -> None:
        """Remember an answer; the oldest is forgotten."""
        self._heard[heard.answer.id] = heard
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)

    def __iter__(self) -> Iterator[Answer]:
        return (heard.answer for heard in self._heard.values())


def digest(request: Request) -> bytes:
    """Return what tells two requests apart beside their ids: the command and who asks."""
    text = f"{request.by.role} {request.by.name} {request.command.model_dump_json()}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
