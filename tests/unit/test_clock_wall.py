"""The wall clock."""

from __future__ import annotations

from orchestrator.adapters.clock_wall import WallClock


def test_a_step_of_the_system_clock_does_not_turn_time_back() -> None:
    utc, steady = [1000.0], [50.0]
    clock = WallClock(lambda: utc[0], lambda: steady[0])
    assert clock.now() == 1000.0
    utc[0] = 400.0
    steady[0] = 52.5
    assert clock.now() == 1002.5


def test_it_never_runs_backwards() -> None:
    clock = WallClock()
    readings = [clock.now() for _ in range(10_000)]
    assert readings == sorted(readings)
