"""When a picture was taken: by the wall's clock, by a simulator's, and clocks that are neither."""

from __future__ import annotations

import pytest

from orchestrator.adapters.ros2.exposure import BySimulator, ByWall, Came
from orchestrator.core.errors import VisionError

NOW = 1_800_000_000.0


def code_of(exposures, stamp_s, came):
    with pytest.raises(VisionError) as refused:
        exposures.taken(stamp_s, came)
    assert refused.value.remedy
    return refused.value.code, refused.value.message


def test_a_picture_is_as_old_in_the_cells_time_as_by_the_wall():
    came = Came(NOW + 500.0, NOW)  # the cell's time goes on from another run's
    assert ByWall().taken(NOW - 0.25, came) == pytest.approx(NOW + 499.75)


def test_a_picture_is_never_newer_than_its_coming():
    assert ByWall().taken(NOW + 0.01, Came(NOW, NOW)) == NOW  # clocks that differ a little
    code, words = code_of(ByWall(), NOW + 0.03, Came(NOW, NOW))
    assert code == "other_clock"
    assert "30 ms ahead" in words


@pytest.mark.parametrize("stamp", [12.5, NOW - 61.0, NOW + 3600.0, 0.0])
def test_stamps_of_another_clock_are_refused(stamp):
    assert code_of(ByWall(), stamp, Came(NOW, NOW))[0] == "other_clock"


def test_a_simulators_stamp_is_when_its_clock_said_so_at_whatever_pace():
    simulator = BySimulator()
    for i in range(100):
        simulator.tick(10.0 + 0.01 * i, NOW + 0.02 * i)  # at half the wall's pace
    came = Came(NOW + 2.0, NOW + 900.0)
    assert simulator.taken(10.5, came) == pytest.approx(NOW + 1.0)
    assert simulator.taken(10.505, came) == pytest.approx(NOW + 1.0)  # the earlier tick
    assert simulator.taken(11.2, came) == pytest.approx(NOW + 1.98)  # no tick of it has come yet
    assert simulator.taken(11.2, Came(NOW + 1.0, NOW)) == NOW + 1.0


def test_a_simulator_that_begins_anew_is_followed():
    simulator = BySimulator()
    simulator.tick(100.0, NOW)
    simulator.tick(100.1, NOW + 0.1)
    simulator.tick(0.0, NOW + 1.0)
    simulator.tick(0.1, NOW + 1.1)
    assert simulator.taken(0.1, Came(NOW + 1.2, NOW)) == NOW + 1.1
    code, words = code_of(simulator, 100.1, Came(NOW + 1.2, NOW))  # from before
    assert code == "other_clock"
    assert "ahead of the simulator's clock" in words


def test_a_simulator_that_stands_makes_no_picture_newer():
    simulator = BySimulator()
    for i in range(50):
        simulator.tick(5.0, NOW + 0.1 * i)
    assert simulator.taken(5.0, Came(NOW + 10.0, NOW)) == NOW


def test_without_a_simulators_clock_or_with_another_ones_stamps_there_is_no_time():
    simulator = BySimulator()
    assert "/clock" in code_of(simulator, 5.0, Came(NOW, NOW))[1]
    simulator.tick(5.0, NOW)
    assert code_of(simulator, NOW, Came(NOW, NOW))[0] == "other_clock"  # the wall's
    assert "before all" in code_of(simulator, 4.0, Came(NOW, NOW))[1]


def test_what_is_kept_of_a_simulators_clock_has_an_end():
    simulator = BySimulator()
    for i in range(20_000):
        simulator.tick(0.001 * i, NOW + 0.001 * i)
    came = Came(NOW + 20.0, NOW)
    assert simulator.taken(12.0, came) == pytest.approx(NOW + 12.0, abs=0.005)
    assert "before all" in code_of(simulator, 5.0, came)[1]
