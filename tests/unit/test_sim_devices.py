from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.devices_sim import SimDevices
from orchestrator.core.errors import DeviceError, NotFound

TOOLS = {"driver": {"torque_Nm": (2.0, 40.0)}, "tester": {"current_mA": (0.0, 500.0)}}


def uses(count, seed=1, fault=None, times=None, tool="driver", setpoints=None):
    async def main():
        devices = SimDevices(TOOLS, seed=seed)
        if fault:
            devices.set_fault(tool, fault, times=times)
        began = asyncio.get_running_loop().time()
        readings = [await devices.use(tool, setpoints or {"torque_Nm": 12.0}) for _ in range(count)]
        assert asyncio.get_running_loop().time() > began
        return readings

    return run_virtual(main)


def test_a_tool_reaches_its_setpoint_with_a_small_scatter():
    values = [reading.values["torque_Nm"] for reading in uses(50)]
    assert all(abs(value - 12.0) <= 12.0 * 0.025 + 1e-3 for value in values)
    assert len(set(values)) > 40
    assert {reading.status for reading in uses(5)} == {"ok"}


def test_the_same_seed_measures_the_same():
    assert uses(5, seed=3) == uses(5, seed=3) != uses(5, seed=4)


def test_a_setpoint_out_of_range_and_unknown_names_are_refused():
    with pytest.raises(DeviceError, match="range is 2 to 40"):
        uses(1, setpoints={"torque_Nm": 50.0})
    with pytest.raises(NotFound, match="torque_Nm"):
        uses(1, setpoints={"torqe_Nm": 5.0})
    with pytest.raises(NotFound, match="driver"):
        uses(1, tool="drivr")


@pytest.mark.parametrize(
    ("fault", "status", "low", "high"),
    [("slips", "slipped", 4, 6), ("stripped", "stripped", 1, 3), ("drifts", "ok", 14, 16)],
)
def test_faults_by_name(fault, status, low, high):
    (reading,) = uses(1, fault=fault)
    assert reading.status == status
    assert low < reading.values["torque_Nm"] < high


def test_a_fault_lasts_as_often_as_told():
    assert [reading.status for reading in uses(4, fault="cross_threaded", times=2)] == ["cross_threaded"] * 2 + [
        "ok"
    ] * 2


def test_an_offline_tool_raises_until_cleared():
    async def main():
        devices = SimDevices(TOOLS, seed=1)
        devices.set_fault("tester", "offline")
        with pytest.raises(DeviceError, match="does not answer") as error:
            await devices.use("tester", {"current_mA": 100.0})
        assert error.value.remedy
        devices.clear_fault("tester")
        assert (await devices.use("tester", {"current_mA": 100.0})).status == "ok"
        with pytest.raises(NotFound, match="offline"):
            devices.set_fault("tester", "ofline")

    run_virtual(main)
