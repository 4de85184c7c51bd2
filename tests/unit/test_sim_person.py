"""A simulated person moves smoothly, no faster than people do, and is where the bus says."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.sim.glide import Track, glide
from orchestrator.adapters.sim.person import NAMES, REACH_M_S, STEP_M_S, WALK_M_S, Person
from orchestrator.core.geometry import Pose

AT = Pose((0.95, 0.0, 0.0))
FASTEST_M_S = 2.0  # ISO 13855: of a hand
DT = 0.02

coordinate = st.floats(-1.0, 1.0)
point = st.tuples(coordinate, coordinate, coordinate)


def someone(seed=1):
    person = Person("front", AT, (0.0, 0.0, 0.0), seed=seed)
    person.come(0.0)
    return person


def hand(person, t):
    """The finger tips that are farthest from the body, and which they are."""
    body = person.capsules(t)
    tips = {name: body.b[k] for k, name in enumerate(body.names) if name.endswith("hand")}
    return min(tips.items(), key=lambda item: item[1][0])


@settings(deadline=None)
@given(point, st.lists(st.tuples(point, st.floats(0.0, 3.0), st.floats(0.3, 1.6)), min_size=1, max_size=5))
def test_a_track_never_jumps_and_keeps_its_speed(start, goals):
    track, t, speed = Track(start), 0.0, 0.0
    times, places = [0.0], [start]
    for goal, after_s, limit in goals:
        track.go(t, goal, limit)
        speed = max(speed, limit)
        while t < track.end_s and t < times[0] + 20 and len(times) < 4000:
            t += DT
            times.append(t)
            places.append(track.state(t)[0])
            if after_s and t > after_s + times[-1] - DT:
                break
        t += DT
        times.append(t)
        places.append(track.state(t)[0])
    steps = [math.dist(a, b) for a, b in itertools.pairwise(places)]
    assert max(steps) <= speed * 1.02 * DT + 1e-9
    assert track.state(track.end_s + 1)[0] == pytest.approx(goals[-1][0], abs=1e-9)


@given(point, point, st.floats(0.3, 1.6))
@settings(deadline=None)
def test_a_glide_starts_as_it_was_and_ends_at_rest(start, goal, limit):
    made = glide(2.0, (start, (0.3, -0.2, 0.0)), goal, limit)
    assert made.at(2.0)[0] == pytest.approx(start)
    assert made.at(2.0)[1] == pytest.approx((0.3, -0.2, 0.0))
    assert made.at(made.end_s)[0] == pytest.approx(goal, abs=1e-9)
    assert made.at(made.end_s)[1] == (0.0, 0.0, 0.0)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["reach", "rest", "leave", "come", "way"]),
            st.tuples(st.floats(0.2, 1.0), st.floats(-0.6, 0.6), st.floats(-0.1, 0.5)),
            st.floats(0.05, 2.5),
        ),
        max_size=4,
    ),
    st.integers(0, 5),
)
def test_no_part_of_a_person_jumps_or_is_faster_than_people_are(deeds, seed):
    person, t, last = someone(seed), 0.0, None
    for deed, at, lasts_s in [*deeds, ("rest", (0, 0, 0), 3.0)]:
        match deed:
            case "reach":
                person.reach(t, [(0.8, 0.3, 0.0), at])
            case "rest":
                person.rest(t)
            case "leave":
                person.leave(t)
            case "come":
                person.come(t)
            case "way":
                person.give_way(t, 0.5, 1.0)
        ends = t + lasts_s
        while t < ends:
            if not person.present(t):
                last = None  # who is out of the cell may come back another way
            else:
                body = person.capsules(t)
                if last is not None:
                    moved = max(
                        np.linalg.norm(body.a - last.a, axis=1).max(), np.linalg.norm(body.b - last.b, axis=1).max()
                    )
                    assert moved / DT <= REACH_M_S[1] + WALK_M_S + 0.6
                last = body
            t += DT


def test_arms_keep_their_lengths():
    person = someone()
    person.reach(2.0, [(0.82, -0.26, 0.0), (0.3, 0.4, 0.1)])
    for t in np.arange(0.0, 8.0, 0.1):
        body = person.capsules(t)
        lengths = dict(zip(NAMES, np.linalg.norm(body.b - body.a, axis=1), strict=True))
        for side in ("left", "right"):
            assert lengths[f"{side} upper arm"] == pytest.approx(0.30, abs=1e-6)
            assert lengths[f"{side} forearm"] + lengths[f"{side} hand"] == pytest.approx(0.36, abs=1e-6)


def test_a_hand_at_work_is_no_faster_than_the_standard_takes_it_to_be():
    person = someone()
    person.reach(2.0, [(0.82, -0.26, 0.0), (0.45, 0.15, 0.1)])
    ends = [person.capsules(t).b for t in np.arange(2.0, 9.0, DT)]
    speeds = [np.linalg.norm(b - a, axis=1).max() / DT for a, b in itertools.pairwise(ends)]
    assert 1.0 < max(speeds) <= FASTEST_M_S
    assert REACH_M_S[0] > STEP_M_S


def test_the_hand_gets_to_the_work_and_stays_there_until_called_back():
    person = someone()
    person.reach(2.0, [(0.82, -0.26, 0.02), (0.45, 0.15, 0.1)])
    assert math.dist(hand(person, 12.0)[1], (0.45, 0.15, 0.1)) < 0.02
    assert math.dist(hand(person, 60.0)[1], (0.45, 0.15, 0.1)) < 0.02
    person.rest(60.0)
    assert hand(person, 63.0)[1][0] > 0.8


def test_what_is_out_of_reach_is_only_reached_for():
    person = someone()
    person.reach(2.0, [(-0.6, 0.0, 0.1)])
    assert 0.0 < hand(person, 10.0)[1][0] < 0.2


def test_whoever_leaves_is_gone_and_may_come_back():
    person = someone()
    assert person.present(0.0)
    assert person.capsules(0.0).a[0][0] > 2.0
    assert person.capsules(5.0).a[0][0] == pytest.approx(0.95)
    person.leave(5.0)
    assert person.present(5.5)
    assert not person.present(9.0)
    person.come(20.0)
    assert person.present(20.0)
    assert person.capsules(25.0).a[0][0] == pytest.approx(0.95)


def test_nobody_is_there_before_anybody_has_come():
    assert not Person("front", AT, (0.0, 0.0, 0.0), seed=1).present(100.0)


def test_who_gives_way_steps_back_and_goes_on():
    person = someone()
    person.give_way(5.0, 0.7, 2.0)
    person.reach(5.0, [(0.6, 0.0, 0.1)])
    assert max(person.capsules(t).a[0][0] for t in np.arange(5.0, 9.0, 0.1)) == pytest.approx(1.65)
    assert math.dist(hand(person, 20.0)[1], (0.6, 0.0, 0.1)) < 0.02


def test_the_same_seed_moves_alike():
    def path(seed):
        person = someone(seed)
        person.reach(2.0, [(0.82, -0.26, 0.0), (0.45, 0.15, 0.1)])
        return [person.capsules(t).b.tolist() for t in np.arange(0.0, 8.0, 0.5)]

    assert path(3) == path(3)
    assert path(3) != path(4)


def test_looking_changes_nothing():
    often, once = someone(), someone()
    for person in (often, once):
        person.reach(2.0, [(0.82, -0.26, 0.0), (0.45, 0.15, 0.1)])
    for t in np.arange(0.0, 4.0, 0.01):
        often.capsules(t)
    assert often.capsules(4.0).b.tolist() == once.capsules(4.0).b.tolist()
