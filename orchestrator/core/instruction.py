"""What a person is shown: words as authored, and words filled in for one reader."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from orchestrator.core.parts import wrong
from orchestrator.core.variant import Frozen

Level = Literal["danger", "warning", "caution", "notice"]
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Block(Frozen):
    """The words of one language, with `$name` unfilled."""

    title: str = ""
    do: str = ""
    more: str = ""
    ask: dict[str, str] = Field(default_factory=dict)
    hazards: dict[str, str] = Field(default_factory=dict)
    media: dict[str, str] = Field(default_factory=dict)

    def texts(self) -> dict[tuple[str, ...], str]:
        """Return every text of the block by its place in the file."""
        out: dict[tuple[str, ...], str] = {("title",): self.title, ("do",): self.do, ("more",): self.more}
        for key in ("ask", "hazards", "media"):
            out.update({(key, name): text for name, text in getattr(self, key).items()})
        return {place: text for place, text in out.items() if text}


class Instruction(Frozen):
    """One instruction file. At its top level every key but `hazards` and `media` is a language."""

    hazards: dict[str, Level] = Field(default_factory=dict)
    media: tuple[str, ...] = ()
    blocks: dict[str, Block] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _languages(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "blocks" in data:
            return data
        blocks = {key: value for key, value in data.items() if key not in ("hazards", "media")}
        for key in blocks:
            if not LANGUAGE.fullmatch(key):
                raise wrong(f"Unknown key '{key}'.", "At the top stand hazards, media and languages such as en or de.")
        return {**{key: data[key] for key in ("hazards", "media") if key in data}, "blocks": blocks}

    def block(self, language: str) -> tuple[str, Block]:
        """Return the best block for a reader and its language: theirs, English, or any."""
        found = pick(self.blocks, language)
        return (found, self.blocks[found]) if found else (language, Block())


class Hazard(Frozen):
    """One warning; danger and warning must be acknowledged before the work starts."""

    id: str
    level: Level
    text: str

    @property
    def acknowledge(self) -> bool:
        """Whether the person must acknowledge it."""
        return self.level in ("danger", "warning")


class Media(Frozen):
    """A picture or film: its path below instructions/, and its text for those who can't see it.

    `captions` is the path of a film's captions (WebVTT) for those who can't hear it; "" where there are none.
    """

    path: str
    alt: str
    captions: str = ""


class Words(Frozen):
    """What one reader sees of one step: `title` for experts, `do` for all, `more` for novices."""

    language: str
    title: str
    do: str = ""
    more: str = ""
    ask: dict[str, str] = Field(default_factory=dict)
    hazards: tuple[Hazard, ...] = ()
    media: tuple[Media, ...] = ()


def pick(texts: dict[str, Any], language: str) -> str | None:
    """Return the key of the best language: the reader's, its base, English, any; None of nothing.

    >>> pick({"en": "Shaft", "de": "Welle"}, "de-AT")
    'de'
    """
    for key in (language, language.split("-", maxsplit=1)[0], "en"):
        if key in texts:
            return key
    return next(iter(texts), None)
