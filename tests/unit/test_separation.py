"""The protective distance and the speed that a distance allows, as authored in the cell file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.separation import SeparationSpec

SPEC = SeparationSpec()


def test_the_protective_distance_is_the_sum_that_the_standard_names():
    spec = SeparationSpec(
        person_m_s=1.6, reaction_s=0.1, braking_m_s2=5.0, intrusion_m=0.1, person_error_m=0.02, robot_error_m=0.01
    )
    person = 1.6 * (0.1 + 1.0 / 5.0)
    robot, stopping = 1.0 * 0.1, 1.0**2 / (2 * 5.0)
    assert spec.protective_m(1.0) == pytest.approx(person + robot + stopping + 0.1 + 0.02 + 0.01)


def test_a_standing_person_needs_less_room_than_a_walking_one():
    assert SPEC.near_m(0.0) < SPEC.near_m(0.8) < SPEC.protective_m(SPEC.contact_m_s) == SPEC.near_m(9.0)
    assert SPEC.near_m(-1.0) == SPEC.near_m(0.0)
    assert SPEC.protective_m(0.0, 0.0) == pytest.approx(SPEC.person_error_m + SPEC.robot_error_m)


@given(st.floats(0.0, 5.0))
def test_the_allowed_speed_keeps_its_protective_distance_and_the_margin(distance_m):
    speed = SPEC.allowed_m_s(distance_m)
    assert speed >= SPEC.contact_m_s
    if speed > SPEC.contact_m_s:
        assert SPEC.protective_m(speed) + SPEC.slow_margin_m == pytest.approx(distance_m, abs=1e-9)


@given(st.floats(0.0, 3.0), st.floats(0.0, 3.0))
def test_nearer_is_never_faster(one, other):
    near, far = sorted((one, other))
    assert SPEC.allowed_m_s(near) <= SPEC.allowed_m_s(far)


def test_the_cell_file_says_it_in_millimetres():
    spec = SeparationSpec.model_validate({"contact_mm_s": 200, "intrusion_mm": 50, "braking_mm_s2": 3000})
    assert (spec.contact_m_s, spec.intrusion_m, spec.braking_m_s2) == (0.2, 0.05, 3.0)
    assert spec.on


def test_one_word_switches_it_off():
    assert not SeparationSpec.model_validate(False).on
    assert SeparationSpec.model_validate(True) == SPEC


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"person_mm_s": 0}, "person_m_s"),
        ({"reaction_s": -1}, "reaction_s"),
        ({"intrusion_mm": -5}, "intrusion_m"),
        ({"speed": 1}, "speed"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, names):
    with pytest.raises(ValueError, match=names):
        SeparationSpec.model_validate(wrong)
