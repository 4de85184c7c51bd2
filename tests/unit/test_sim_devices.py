from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.devices_sim import SimDevices
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.cell import CellSpec
from orchestrator.core.errors import BadInput, DeviceError, NotFound
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box
from orchestrator.core.variant import PartSpec

TOOLS = {"driver": {"torque_Nm": (2.0, 40.0)}, "tester": {"current_mA": (0.0, 500.0)}}
KINDS = {
    "block": PartSpec(name={"en": "Block"}, mass_kg=0.5),
    "pin": PartSpec(name={"en": "Pin"}, mass_kg=0.125),
    "label": PartSpec(name={"en": "Label"}),
}
SPEC = CellSpec.model_validate(
    {
        "name": "bench",
        "robot": {"model": "ur5e", "payload_kg": 5},
        "frames": {
            "vice": {"xyz_mm": [400, 0, 0]},
            "scale": {"xyz_mm": [0, 400, 0]},
            "printer": {"xyz_mm": [-400, 0, 0]},
        },
        "supply": {"pins": {"parts": ["pin"], "at": {"xyz_mm": [0, -400, 0]}, "grid": [2, 3], "pitch_mm": [40, 40]}},
        "devices": {
            "vice": {"kind": "clamp", "at": "vice"},
            "signals": {"kind": "io", "inputs": ["there", "door"], "outputs": ["lamp"], "senses": {"there": "vice"}},
            "reader": {"kind": "scanner", "at": "printer"},
            "printer": {"kind": "printer", "at": "printer", "prints": "label", "holds": 2, "templates": ["plate"]},
            "scale": {"kind": "scale", "at": "scale", "max_kg": 2},
            "level": {"kind": "counter", "bin": "pins"},
        },
    }
)
BLOCK, PIN = Box((0.06, 0.06, 0.05)), Box((0.01, 0.01, 0.04))


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


def on_bench(tmp_path, body, seed=1):
    """Run `body(devices, world)` on a bench with one device of each kind."""

    async def main():
        world = World(MeshStore(tmp_path))
        return await body(SimDevices.of(SPEC, world, seed=seed, kinds=KINDS), world)

    return run_virtual(main)


# ---- tools -----------------------------------------------------------------------------------------------------


def test_a_tool_reaches_its_setpoint_with_a_small_scatter():
    values = [reading.values["torque_Nm"] for reading in uses(50)]
    assert all(abs(value - 12.0) <= 12.0 * 0.025 + 1e-3 for value in values)
    assert len(set(values)) > 40
    assert {reading.status for reading in uses(5)} == {"ok"}


def test_the_same_seed_measures_the_same():
    assert uses(5, seed=3) == uses(5, seed=3) != uses(5, seed=4)


def test_what_one_device_measures_does_not_depend_on_the_others():
    async def main(between):
        devices = SimDevices(TOOLS, seed=1)
        first = await devices.use("driver", {"torque_Nm": 12.0})
        if between:
            await devices.use("tester", {"current_mA": 100.0})
        return first, await devices.use("driver", {"torque_Nm": 12.0})

    assert run_virtual(lambda: main(between=True)) == run_virtual(lambda: main(between=False))


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

    run_virtual(main)


def test_a_fault_that_a_device_can_t_have_is_refused_with_those_it_can(tmp_path):
    async def body(devices, _world):
        with pytest.raises(NotFound, match=r"fault of a clamp 'jamed'.*jammed.*hangs, jammed, offline"):
            devices.set_fault("vice", "jamed")
        with pytest.raises(NotFound, match="drifts"):
            devices.set_fault("scale", "cross_threaded")
        with pytest.raises(NotFound, match="scale"):
            devices.set_fault("scael", "drifts")

    on_bench(tmp_path, body)


@pytest.mark.parametrize("call", [("use", "driver", {"torque_Nm": 5.0}), ("read", "scale"), ("read", "reader")])
def test_a_device_that_hangs_never_answers_until_it_is_given_up(tmp_path, call):
    async def body(devices, _world):
        devices._devices.update(SimDevices(TOOLS, seed=1)._devices)
        devices.set_fault(call[1], "hangs", times=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await getattr(devices, call[0])(*call[1:])
        assert (await getattr(devices, call[0])(*call[1:])).status in {"ok", "no_read"}

    on_bench(tmp_path, body)


# ---- clamps and signals ----------------------------------------------------------------------------------------


def test_a_clamp_senses_its_ends_and_what_stands_in_it(tmp_path):
    async def body(devices, world):
        assert (await devices.read("vice")).values == {"clamped": False, "part": False}
        block = world.add("block", BLOCK, SPEC.frames["vice"].shifted(0.01))
        assert (await devices.clamp("vice", close=True)).values == {"clamped": True, "part": True}
        world.grasp(block)
        assert (await devices.read("vice")).values == {"clamped": True, "part": False}
        assert (await devices.clamp("vice", close=False)).values == {"clamped": False, "part": False}

    on_bench(tmp_path, body)


def test_a_jammed_clamp_says_so_and_stays_as_it_was(tmp_path):
    async def body(devices, _world):
        await devices.clamp("vice", close=True)
        devices.set_fault("vice", "jammed", times=1)
        reading = await devices.clamp("vice", close=False)
        assert (reading.status, reading.values["clamped"]) == ("jammed", True)
        assert (await devices.clamp("vice", close=False)).status == "ok"

    on_bench(tmp_path, body)


def test_an_input_senses_a_part_and_its_edge_is_heard_when_it_comes(tmp_path):
    async def body(devices, world):
        loop = asyncio.get_running_loop()
        loop.call_later(5, world.add, "block", BLOCK, SPEC.frames["vice"])
        reading = await devices.wait("signals", "there", value=True)
        assert loop.time() == 5
        assert reading.values == {"there": True, "door": False, "lamp": False}

    on_bench(tmp_path, body)


def test_a_stuck_output_is_read_back_and_a_stuck_input_never_comes(tmp_path):
    async def body(devices, _world):
        devices.set_fault("signals", "stuck")
        reading = await devices.write("signals", {"lamp": True})
        assert (reading.status, reading.values["lamp"]) == ("stuck", False)
        devices.set_input("signals", "door", value=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await devices.wait("signals", "door", value=True)
        with pytest.raises(NotFound, match="door"):
            devices.set_input("signals", "dor", value=True)

    on_bench(tmp_path, body)


# ---- labels ----------------------------------------------------------------------------------------------------


def test_a_label_is_a_part_at_the_printer_that_a_scanner_reads(tmp_path):
    async def body(devices, world):
        reading = await devices.print_label("printer", "plate", {"code": "SN-1"})
        assert reading.values == {"code": "SN-1", "left": 1}
        (label,) = list(world)
        assert (label.kind, label.pose) == ("label", SPEC.frames["printer"])
        assert (await devices.read("reader")).values == {"code": "SN-1"}
        world.displace(label.id, Pose((0.5, 0.0, 0.0)))
        reading = await devices.read("reader")
        assert (reading.status, reading.values) == ("no_read", {})

    on_bench(tmp_path, body)


def test_a_printer_prints_nothing_onto_a_label_that_waits_nor_without_paper(tmp_path):
    async def body(devices, world):
        async def one():
            return (await devices.print_label("printer", "plate", {"code": "SN-1"})).status

        def take():
            for body in world:
                world.remove(body.id)

        devices.set_fault("printer", "jammed", times=1)
        assert [await one(), len(list(world))] == ["jammed", 0]
        assert [await one(), await one(), len(list(world))] == ["ok", "waiting", 1]
        assert (await devices.read("printer")).values == {"left": 1, "waiting": True}
        take()
        devices.set_fault("printer", "empty", times=1)
        assert await one() == "empty"
        assert await one() == "ok"
        take()
        assert await one() == "empty"

    on_bench(tmp_path, body)


def test_a_label_needs_a_code_and_a_template_that_there_is(tmp_path):
    async def body(devices, _world):
        with pytest.raises(NotFound, match="plate"):
            await devices.print_label("printer", "plat", {"code": "SN-1"})
        with pytest.raises(BadInput, match="no code"):
            await devices.print_label("printer", "plate", {"text": "SN-1"})

    on_bench(tmp_path, body)


def test_a_scanner_that_reads_wrong_is_one_letter_off(tmp_path):
    async def body(devices, _world):
        await devices.print_label("printer", "plate", {"code": "SN-100"})
        devices.set_fault("reader", "reads_wrong", times=1)
        wrong = (await devices.read("reader")).values["code"]
        assert sum(a != b for a, b in zip(wrong, "SN-100", strict=True)) == 1
        devices.set_fault("reader", "reads_nothing", times=1)
        assert (await devices.read("reader")).status == "no_read"
        assert (await devices.read("reader")).values == {"code": "SN-100"}

    on_bench(tmp_path, body)


# ---- scales and counters ---------------------------------------------------------------------------------------


def test_a_scale_weighs_what_stands_on_it_with_all_that_sits_on_that(tmp_path):
    async def body(devices, world):
        assert (await devices.read("scale")).values["mass_kg"] == pytest.approx(0, abs=0.002)
        block = world.add("block", BLOCK, SPEC.frames["scale"])
        pin = world.add("pin", PIN, SPEC.frames["scale"].shifted(z=0.045))
        world.settle(pin)
        assert world.body(pin).parent == block
        world.add("pin", PIN, SPEC.frames["vice"])
        assert (await devices.read("scale")).values["mass_kg"] == pytest.approx(0.625, abs=0.002)
        devices.set_fault("scale", "drifts", times=1)
        assert (await devices.read("scale")).values["mass_kg"] == pytest.approx(0.656, abs=0.002)

    on_bench(tmp_path, body)


def test_a_scale_says_when_it_carries_too_much(tmp_path):
    async def body(devices, world):
        for number in range(5):
            world.add("block", BLOCK, SPEC.frames["scale"].shifted(x=0.07 * (number - 2)))
        reading = await devices.read("scale")
        assert (reading.status, reading.values) == ("overload", {})

    on_bench(tmp_path, body)


def test_in_a_hand_an_instrument_is_read_and_a_tool_set_to_what_it_gives(tmp_path):
    async def body(devices, world):
        world.add("block", BLOCK, SPEC.frames["scale"])
        assert (await devices.by_hand("scale", {})).values["mass_kg"] == pytest.approx(0.5, abs=0.002)
        devices._devices.update(SimDevices(TOOLS, seed=1)._devices)
        reading = await devices.by_hand("tester", {"current_mA": 100.0, "gap_mm": 4.0})
        assert set(reading.values) == {"current_mA"}
        with pytest.raises(NotFound, match="tester"):
            await devices.by_hand("testr", {})

    on_bench(tmp_path, body)


def test_a_counter_counts_the_true_bin(tmp_path):
    async def body(devices, world):
        slots = [("pin", PIN, SPEC.supply["pins"].slot(i)) for i in range(4)]
        first, *_ = world.fill("pins", slots)
        assert (await devices.read("level")).values == {"count_pcs": 4}
        world.grasp(first)
        assert (await devices.read("level")).values == {"count_pcs": 3}
        devices.set_fault("level", "miscounts", times=1)
        assert [(await devices.read("level")).values["count_pcs"] for _ in range(2)] == [4, 3]

    on_bench(tmp_path, body)


def test_a_device_at_a_frame_that_there_isn_t_is_refused(tmp_path):
    async def main():
        spec = SPEC.model_copy(update={"frames": {"scale": Pose(), "printer": Pose()}})
        with pytest.raises(NotFound, match="frame for vice 'vice'"):
            SimDevices.of(spec, World(MeshStore(tmp_path)), seed=1, kinds=KINDS)

    run_virtual(main)
