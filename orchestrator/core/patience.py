"""How long a cell waits for people before it reminds them, offers their step to others, and asks a supervisor."""

from __future__ import annotations

from orchestrator.core.parts import Positive
from orchestrator.core.variant import Frozen


class PatienceSpec(Frozen):
    """When a person's step is overdue: `factor` times what it is expected to take, `floor_s` at least.

    A step that says no time for a person is expected to take `untold_s`. Once overdue the person is reminded, as long
    again after that the step is offered to others, and as long again after that it is a supervisor's question.
    """

    factor: Positive = 3.0
    floor_s: Positive = 60.0
    untold_s: Positive = 60.0

    def allowed_s(self, expected_s: float | None) -> float:
        """Return how long each rung lasts for a step that is expected to take so long.

        >>> PatienceSpec().allowed_s(40), PatienceSpec().allowed_s(5), PatienceSpec().allowed_s(None)
        (120.0, 60.0, 180.0)
        """
        return max(self.floor_s, self.factor * (self.untold_s if expected_s is None else expected_s))
