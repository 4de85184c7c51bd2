"""`decide(state, request, now)`: all legality in one pure function. Events, or why not."""

from orchestrator.core.decide.dispatch import decide
from orchestrator.core.decide.verdict import Rejected

__all__ = ["Rejected", "decide"]
