"""Mistakes found after reading, collected on the way so that one run names them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import known
from orchestrator.engine.placeholders import Unfilled, fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestrator.engine.yaml_source import Path


@dataclass(frozen=True)
class Finding:
    """A mistake at a place in the procedure's file."""

    path: Path
    message: str
    remedy: str = ""
    warning: bool = False


@dataclass
class Findings:
    """A growing list of mistakes."""

    found: list[Finding] = field(default_factory=list)

    def add(self, path: Path, message: str, remedy: str = "") -> None:
        """Note an error."""
        self.found.append(Finding(path, message, remedy))

    def unfilled(self, path: Path, error: Unfilled, given: Mapping[str, Any]) -> None:
        """Note a `$name` that nothing gives."""
        remedy = hint(f"${error.name}", [f"${name}" for name in given])
        self.add(path, f"Nothing gives ${error.name}.", remedy)

    def fill(self, path: Path, value: Any, given: Mapping[str, Any]) -> Any:
        """Fill a value in; None, with a finding, where nothing gives one of its names."""
        try:
            return fill(value, given)
        except Unfilled as error:
            self.unfilled(path, error, given)
            return None


def hint(name: str, names: Iterable[str]) -> str:
    """Return the remedy for an unknown name: the nearest known one, and all.

    >>> hint("volt", ["volts", "seal"])
    'Did you mean volts? Known: seal, volts.'
    """
    return known("name", name, names).remedy
