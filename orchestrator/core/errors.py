"""One error tree. Every error says what is wrong and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable


class TandemError(Exception):
    """Base of all errors that Tandem raises on purpose.

    `code` is stable and machine-readable; the message is for people; `remedy` says what to do.
    """

    code = "error"
    retry = True  # whether who failed may try the same again without a person's word
    way_home: str | None = None  # of a robot's work: that the arm shall go home, and why people approve that

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class NotFound(TandemError):
    """A name that nothing answers to."""

    code = "not_found"


class BadInput(TandemError):
    """Input from outside that can't be understood."""

    code = "bad_input"


class JournalError(TandemError):
    """The journal can't be read or written."""

    code = "journal"


class RobotError(TandemError):
    """The robot refused or failed."""

    code = "robot"


class PlanError(RobotError):
    """No motion reaches the goal; the message names the colliding bodies or the joint limit."""

    code = "no_plan"


class VisionError(TandemError):
    """A picture could not be taken or judged."""

    code = "vision"


class DeviceError(TandemError):
    """A device refused or failed."""

    code = "device"


class SetupError(TandemError):
    """This machine or installation lacks something."""

    code = "setup"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in an authored file. `line` counts from 1; 0 where the whole file is meant."""

    file: str
    line: int
    message: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.severity}: {self.message}" + (f" {self.remedy}" if self.remedy else "")


class AuthoringError(TandemError):
    """Authored files with mistakes; `problems` lists each with its file and line."""

    code = "authoring"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def known(what: str, name: str, names: Iterable[str]) -> NotFound:
    """Build the error for an unknown name, with the nearest known ones.

    >>> str(known("skill", "pik", ["pick", "place"]))
    "There is no skill 'pik'. Did you mean pick? Known: pick, place."
    """
    ordered = sorted(names)
    near = get_close_matches(name, ordered, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    listed = ", ".join(ordered) if ordered else "none"
    return NotFound(f"There is no {what} '{name}'.", remedy=f"{hint}Known: {listed}.")
