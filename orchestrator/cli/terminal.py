"""The terminal: what a journal or a server says is printed as it is, and never obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.segment import Segment

from orchestrator.core.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.text import Text


class Terminal(Console):
    """A console that spells control characters out, as old journals may hold some: the terminal would obey them."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of a string. Called by rich for strings, so that they are measured as they will be shown."""
        return super().render_str(escaped(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render something. Called by rich for all that is printed; its own control codes stay."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(escaped(text), style)
