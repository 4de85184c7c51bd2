"""What a plan may ask for: a segment that this robot knows no way to follow is refused, and nothing moves."""

from __future__ import annotations

import pytest

from orchestrator.core.errors import PlanError
from orchestrator.core.ports import Move
from tests.contract.test_robot import HIGH


class Spiral:
    """A segment that nobody has taught this robot."""


def test_a_segment_that_is_not_known_is_an_error_with_a_remedy(on_rig):
    async def body(rig):
        before = rig.robot.state.value.joints
        with pytest.raises(PlanError) as refused:
            await rig.robot.plan([Move(HIGH), Spiral()])
        assert "Spiral" in refused.value.message
        assert refused.value.remedy
        assert rig.robot.state.value.joints == before

    on_rig(body)
