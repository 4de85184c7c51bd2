"""Whether a button works now: `decide` is asked, as for the command itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.commands import Request, Who
from orchestrator.core.decide import Rejected, decide
from orchestrator.wire import Button

if TYPE_CHECKING:
    from orchestrator.core.commands import Command
    from orchestrator.core.state import State

_ANYBODY = Who(name="anybody", role="supervisor")


def granted(state: State, command: Command) -> bool:
    """Tell whether a command would be granted now."""
    verdict = decide(state, Request(id="may", by=_ANYBODY, t=state.t, command=command), state.t)
    return not isinstance(verdict, Rejected)


def refill(state: State, name: str) -> Button:
    """Return the button that says that a bin was filled up."""
    return Button(
        label="refill", command={"type": "refill_bin", "bin": name, "count": state.spec.supply[name].capacity}
    )


def is_low(state: State, name: str) -> bool:
    """Tell whether a counted bin wants refilling."""
    return state.bins[name] < max(1, state.spec.supply[name].min)
