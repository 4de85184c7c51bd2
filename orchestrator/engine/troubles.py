"""What of the system is dead or lies now: journal, cameras, evidence, clock. Beside the state, for it can't be written.

A trouble stops nothing by itself: what follows from it (a commit that failed, a check that can't see) stops the cell
by the rules that there are. It tells people what to mend, and goes by itself once that works again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger(__name__)

Kind = Literal["journal", "camera", "evidence", "world", "clock", "device", "skill", "motion", "schedule", "signing"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One of them: its kind, which one of its kind (a camera, a place), the system's own words, since when (s, UTC)."""

    kind: Kind
    about: str
    detail: str
    since_t: float

    @property
    def name(self) -> str:
        """What tells it from others."""
        return f"{self.kind}/{self.about}" if self.about else self.kind


Listener = Callable[[str, Trouble | None], None]


class Troubles:
    """The troubles of one cell, told to whoever listens. `now` gives the time (s, UTC)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._there: dict[str, Trouble] = {}
        self._listeners: list[Listener] = []

    @property
    def there(self) -> Mapping[str, Trouble]:
        """Those that there are, by name."""
        return self._there

    def note(self, kind: Kind, detail: str, about: str = "") -> None:
        """Take in how one thing fares: `detail` says what is wrong with it, "" that it works."""
        name = f"{kind}/{about}" if about else kind
        was = self._there.get(name)
        if (was.detail if was else "") == detail:
            return
        if not detail:
            del self._there[name]
            log.info("works again", what=name)
            self._tell(name, None)
            return
        if was is None:
            log.error("trouble", what=name, detail=detail)
        fresh = Trouble(kind, about, detail, was.since_t if was else self._now())
        self._there[name] = fresh
        self._tell(name, fresh)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the name of each trouble, also of those there are, and None once it is over.

        The result ends it.
        """
        self._listeners.append(listener)
        for name, trouble in self._there.items():
            listener(name, trouble)
        return lambda: self._listeners.remove(listener)

    def _tell(self, name: str, trouble: Trouble | None) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(name, trouble)
            except Exception:
                log.exception("a listener to troubles failed", listener=repr(listener))
