"""What every devices adapter promises, whatever stands behind it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.devices_sim import SimDevices
from orchestrator.adapters.sim.devices.tool import SimTool
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.cell import CellSpec
from orchestrator.core.errors import DeviceError, NotFound
from orchestrator.core.ports import Box, Devices

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

CELL = CellSpec.model_validate(
    {
        "name": "rig",
        "robot": {"model": "ur5e", "payload_kg": 5},
        "frames": {"here": {"xyz_mm": [400, 0, 0]}, "there": {"xyz_mm": [0, 400, 0]}},
        "tools": {"driver": {"for": "robot", "gives": {"torque_Nm": [2, 40]}}},
        "supply": {"bin": {"parts": ["pin"], "at": {"xyz_mm": [0, -400, 0]}, "grid": [2, 3], "pitch_mm": [40, 40]}},
        "devices": {
            "vice": {"kind": "clamp", "at": "here"},
            "signals": {"kind": "io", "inputs": ["door"], "outputs": ["lamp", "horn"]},
            "reader": {"kind": "scanner", "at": "there"},
            "printer": {"kind": "printer", "at": "there", "prints": "label"},
            "scale": {"kind": "scale", "at": "here", "max_kg": 2},
            "level": {"kind": "counter", "bin": "bin"},
        },
    }
)


@dataclass
class Rig:
    """Devices under test by the cell above, and hands on what lies outside them.

    `runs` tells whether the driver's spindle turns, `labels` how many labels came out, `unplug` takes a device off
    its network for good, `press` sets the input `door`, `lay` puts a part at `here`.
    """

    devices: Devices
    runs: Callable[[], bool]
    labels: Callable[[], int]
    unplug: Callable[[str], None]
    press: Callable[[bool], None]
    lay: Callable[[], None]


def embedded(tmp_path: Path) -> Rig:
    world = World(MeshStore(tmp_path))
    devices = SimDevices.of(CELL, world, seed=1, kinds={})

    def lay() -> None:
        world.add("block", Box((0.05, 0.05, 0.05)), CELL.frames["here"])

    driver = devices._devices["driver"]
    assert isinstance(driver, SimTool)
    return Rig(
        devices,
        runs=lambda: driver.runs,
        labels=lambda: sum(body.kind == "label" for body in world),
        unplug=lambda name: devices.set_fault(name, "offline"),
        press=lambda value: devices.set_input("signals", "door", value=value),
        lay=lay,
    )


@pytest.fixture(params=[embedded])
def on_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Callable[[Rig], Awaitable[Any]]], Any]:
    """Run a coroutine on a rig, and hold it to leaving no task behind."""

    def run(body: Callable[[Rig], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            answer = await body(request.param(tmp_path))
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return answer

        return run_virtual(whole)

    return run


CALLS = {
    "use": lambda d, name: d.use(name, {"torque_Nm": 12.0}),
    "read": lambda d, name: d.read(name),
    "clamp": lambda d, name: d.clamp(name, close=True),
    "write": lambda d, name: d.write(name, {"lamp": True}),
    "wait": lambda d, name: d.wait(name, "door", value=True),
    "print_label": lambda d, name: d.print_label(name, "plate", {"code": "SN-1"}),
}
ITS = {"use": "driver", "clamp": "vice", "write": "signals", "wait": "signals", "print_label": "printer"}
READABLE = ("vice", "signals", "reader", "printer", "scale", "level")


@pytest.mark.parametrize("call", CALLS)
def test_an_unknown_name_is_refused_and_known_ones_are_named(on_rig, call):
    async def body(rig):
        with pytest.raises(NotFound) as error:
            await CALLS[call](rig.devices, "nothing")
        assert ITS.get(call, "scale") in error.value.remedy

    on_rig(body)


@pytest.mark.parametrize(
    ("call", "name"),
    [("use", "scale"), ("read", "driver"), ("clamp", "signals"), ("write", "vice"), ("print_label", "reader")],
)
def test_a_device_of_another_kind_is_refused(on_rig, call, name):
    async def body(rig):
        with pytest.raises(NotFound, match=f"'{name}'"):
            await CALLS[call](rig.devices, name)

    on_rig(body)


@pytest.mark.parametrize(("call", "name"), [*ITS.items(), *(("read", name) for name in READABLE)])
def test_a_device_that_does_not_answer_says_so_with_a_remedy(on_rig, call, name):
    async def body(rig):
        rig.unplug(name)
        with pytest.raises(DeviceError) as error:
            await CALLS[call](rig.devices, name)
        assert error.value.code == "offline"
        assert name in error.value.message
        assert error.value.remedy
        assert not rig.runs()
        assert rig.labels() == 0

    on_rig(body)


# ---- tools -----------------------------------------------------------------------------------------------------


def test_a_tool_measures_each_setpoint(on_rig):
    async def body(rig):
        reading = await rig.devices.use("driver", {"torque_Nm": 12.0})
        assert reading.status == "ok"
        assert 11 < reading.values["torque_Nm"] < 13
        assert not rig.runs()

    on_rig(body)


@pytest.mark.parametrize("torque", [1.9, 40.1])
def test_a_setpoint_out_of_range_is_refused_before_anything_turns(on_rig, torque):
    async def body(rig):
        with pytest.raises(DeviceError) as error:
            await rig.devices.use("driver", {"torque_Nm": torque})
        assert error.value.code == "out_of_range"
        assert error.value.remedy
        assert not rig.runs()

    on_rig(body)


def test_a_value_that_the_tool_does_not_give_is_refused(on_rig):
    async def body(rig):
        with pytest.raises(NotFound, match="force_N"):
            await rig.devices.use("driver", {"force_N": 12.0})

    on_rig(body)


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.5, 1.0, 1.5, 2.0])
def test_a_cancelled_tool_stands_and_works_again(on_rig, after_s):
    async def body(rig):
        task = asyncio.ensure_future(rig.devices.use("driver", {"torque_Nm": 12.0}))
        await asyncio.sleep(after_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert not rig.runs()
        await asyncio.sleep(10)
        assert not rig.runs()
        assert (await rig.devices.use("driver", {"torque_Nm": 12.0})).status == "ok"

    on_rig(body)


# ---- clamps ----------------------------------------------------------------------------------------------------


def test_a_clamp_closes_opens_and_senses(on_rig):
    async def body(rig):
        assert (await rig.devices.read("vice")).values == {"clamped": False, "part": False}
        rig.lay()
        assert (await rig.devices.clamp("vice", close=True)).values == {"clamped": True, "part": True}
        assert (await rig.devices.read("vice")).values["clamped"] is True
        assert (await rig.devices.clamp("vice", close=False)).values["clamped"] is False

    on_rig(body)


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.3])
def test_a_cancelled_clamp_is_as_it_was(on_rig, close, after_s):
    async def body(rig):
        await rig.devices.clamp("vice", close=not close)
        task = asyncio.ensure_future(rig.devices.clamp("vice", close=close))
        await asyncio.sleep(after_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(10)
        assert (await rig.devices.read("vice")).values["clamped"] is not close
        assert (await rig.devices.clamp("vice", close=close)).values["clamped"] is close

    on_rig(body)


# ---- signals ---------------------------------------------------------------------------------------------------


def test_outputs_are_read_back_and_inputs_seen(on_rig):
    async def body(rig):
        assert (await rig.devices.read("signals")).values == {"door": False, "lamp": False, "horn": False}
        assert (await rig.devices.write("signals", {"lamp": True})).values["lamp"] is True
        rig.press(True)
        assert (await rig.devices.read("signals")).values == {"door": True, "lamp": True, "horn": False}

    on_rig(body)


def test_an_input_can_t_be_written(on_rig):
    async def body(rig):
        with pytest.raises(NotFound, match="door"):
            await rig.devices.write("signals", {"door": True})

    on_rig(body)


def test_a_signal_is_waited_for_until_its_edge_and_not_where_it_is_there_already(on_rig):
    async def body(rig):
        loop = asyncio.get_running_loop()
        assert (await rig.devices.wait("signals", "door", value=False)).values["door"] is False
        loop.call_later(7, rig.press, True)
        began = loop.time()
        assert (await rig.devices.wait("signals", "door", value=True)).values["door"] is True
        assert loop.time() - began == pytest.approx(7, abs=0.2)
        with pytest.raises(NotFound, match="door"):
            await rig.devices.wait("signals", "dor", value=True)

    on_rig(body)


def test_two_may_wait_for_one_edge_and_one_may_give_up(on_rig):
    async def body(rig):
        waits = [asyncio.ensure_future(rig.devices.wait("signals", "door", value=True)) for _ in range(3)]
        await asyncio.sleep(1)
        waits[1].cancel()
        await asyncio.sleep(1)
        rig.press(True)
        ended = await asyncio.gather(*waits, return_exceptions=True)
        assert waits[1].cancelled()
        assert [ended[0].status, ended[2].status] == ["ok", "ok"]

    on_rig(body)


# ---- labels, scales and counters -------------------------------------------------------------------------------


def test_a_label_comes_out_whole(on_rig):
    async def body(rig):
        reading = await rig.devices.print_label("printer", "plate", {"code": "SN-1"})
        assert (reading.status, reading.values["code"], rig.labels()) == ("ok", "SN-1", 1)
        assert (await rig.devices.read("printer")).values["waiting"] is True
        assert (await rig.devices.print_label("printer", "plate", {"code": "SN-2"})).status == "waiting"
        assert rig.labels() == 1

    on_rig(body)


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.7, 1.4])
def test_a_cancelled_label_is_out_whole_or_not_at_all(on_rig, after_s):
    async def body(rig):
        task = asyncio.ensure_future(rig.devices.print_label("printer", "plate", {"code": "SN-1"}))
        await asyncio.sleep(after_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        out = rig.labels()
        await asyncio.sleep(10)
        assert rig.labels() == out
        status = (await rig.devices.print_label("printer", "plate", {"code": "SN-1"})).status
        assert status == ("waiting" if out else "ok")
        assert rig.labels() == 1

    on_rig(body)


def test_readings_are_typed_and_carry_their_status(on_rig):
    async def body(rig):
        rig.lay()
        for name, value, kind in (("scale", "mass_kg", float), ("level", "count_pcs", int), ("printer", "left", int)):
            reading = await rig.devices.read(name)
            assert reading.status == "ok"
            assert isinstance(reading.values[value], kind)
        reading = await rig.devices.read("reader")
        assert (reading.status, dict(reading.values)) == ("no_read", {})
        assert reading.message

    on_rig(body)


@pytest.mark.parametrize("name", READABLE)
def test_a_cancelled_reading_can_be_read_again(on_rig, name):
    async def body(rig):
        task = asyncio.ensure_future(rig.devices.read(name))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await rig.devices.read(name)).status in {"ok", "no_read"}

    on_rig(body)
