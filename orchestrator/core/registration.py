"""How a screen finds out where the real cell is, and how exactly it must know before it draws onto it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from orchestrator.core.parts import Positive, wrong
from orchestrator.core.variant import Frozen

LEAST_POINTS = 3


def _touch(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and (len(set(value)) != len(value) or len(value) < LEAST_POINTS):
        raise wrong(
            "touch is three frames or more, each once.", "Name frames whose origins a fingertip can touch, far apart."
        )
    return value


class RegistrationRules(Frozen):
    """What a screen must keep to draw onto the real cell: how far off it may be, how old what it knows may be.

    `touch` names frames whose origins a person touches with a headset's hand or controller; `board` the fixed marker
    board that a tablet's camera looks at, without it the only one.
    """

    AUTHORED: ClassVar[dict[str, str]] = {}

    max_off_mm: Positive = 3.0
    max_age_h: Positive = 8.0
    touch: Annotated[tuple[str, ...], BeforeValidator(_touch)] = ()
    board: str | None = None
