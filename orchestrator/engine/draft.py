"""One step instance on its way from the authored step to the variant's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.core.procedure import AuthoredStep
    from orchestrator.engine.yaml_source import Path


@dataclass
class Draft:
    """The authored step, the instance's variables, its part and place filled in."""

    id: str
    index: int  # of the authored step
    step: AuthoredStep
    k: int
    record: dict[str, Any]  # the variables of `each`
    given: dict[str, Any]  # with the options
    part: str | None = None
    place: str = ""  # the filled text of `at` or `along`

    @property
    def path(self) -> Path:
        """Where the step stands in its file."""
        return ("steps", self.index)

    @property
    def kind(self) -> str | None:
        """The kind of the part that it places."""
        return kind_of(self.part) if self.part else None

    @property
    def owner(self) -> str | None:
        """The owner of the frame, None for the cell's own."""
        return self.place.rpartition("/")[0] or None

    @property
    def frame(self) -> str:
        """The frame's name at its owner."""
        return self.place.rpartition("/")[2]


def kind_of(reference: str) -> str:
    """Return the kind of a part reference.

    >>> kind_of("bearing.front"), kind_of("screw#3")
    ('bearing', 'screw')
    """
    return reference.partition(".")[0].partition("#")[0]
