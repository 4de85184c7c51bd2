"""What every robot adapter promises, on ros2_control's mock hardware with the real trajectory controller."""

from __future__ import annotations

import pytest

from tests.contract import test_robot as suite
from tests.contract.robot_rigs import tasks
from tests.ros2.mock_rig import MockHardware, MockKind, why_not_mock
from tests.ros2.rig import alone

pytestmark = pytest.mark.ros2
globals().update({name: value for name, value in vars(suite).items() if name.startswith("test_")})


@pytest.fixture(scope="module")
def hardware(tmp_path_factory):
    alone(50)
    hardware = MockHardware(tmp_path_factory.mktemp("mock"))
    yield hardware
    hardware.close()


@pytest.fixture
def on_rig(request, tmp_path):
    """Run a coroutine on a robot that is ready (unless told not to be), and hold it to leaving no task behind."""
    if reason := why_not_mock():
        pytest.skip(reason)
    kind = MockKind(request.getfixturevalue("hardware").guard)

    def run(body, *, ready=True):
        async def whole():
            rig = kind.make(tmp_path)
            try:
                if ready:
                    await rig.robot.ready()
                answer = await body(rig)
            finally:
                await rig.close()
            assert tasks() == set()
            return answer

        return kind.run(whole)

    return run
