"""The time that a unit still takes, by the times that its procedure states."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb, OrderVerb, StepStatus
from orchestrator.engine.remaining import AHEAD_S, ahead, remaining_s
from tests.unit.core_builders import SUPERVISOR, Bench, step, variant

if TYPE_CHECKING:
    from orchestrator.core.variant import Step


def work(name: str, after: tuple[str, ...] = (), *, robot: float | None = None, human: float | None = None) -> Step:
    """A step for the robot, a person, or whoever has a time."""
    times = {key: value for key, value in (("robot", robot), ("human", human)) if value is not None}
    return step(name, after, by=" ".join(times), check=("person",) if robot is None else ("camera",), time_s=times)


def left(bench: Bench, unit: str = "u1") -> float | None:
    return remaining_s(bench.state, unit)


def test_steps_one_after_the_other_add_up_and_those_that_are_done_count_no_more() -> None:
    bench = Bench().running(variant(work("a", human=10), work("b", ("a",), robot=20), work("c", ("b",), human=5)))
    assert left(bench) == 35
    bench.start("a", "front")
    assert left(bench) == 35
    bench.wait(4)
    bench.do(bench.confirm("a"))
    assert left(bench) == 25, "done sooner than stated, the rest is what is left"


def test_robot_and_person_work_side_by_side_each_at_one_step_at_a_time() -> None:
    apart = variant(
        work("r1", robot=30), work("h1", human=10), work("h2", human=15), work("end", ("r1", "h1", "h2"), robot=5)
    )
    assert left(Bench(joined=("front",)).running(apart)) == 35, "the robot's 30 s cover the person's 25 s"
    alone = variant(work("h1", human=10), work("h2", human=15))
    assert left(Bench(joined=("front",)).running(alone)) == 25, "one person does one after the other"
    assert left(Bench(joined=("front", "back")).running(alone)) == 15, "two people share them"


def test_a_step_for_either_goes_to_who_ends_it_first() -> None:
    either = variant(work("a", robot=20, human=8), work("b", robot=20, human=8), work("c", robot=20, human=8))
    assert left(Bench(joined=("front",)).running(either)) == 20, "8 and 16 by hand, the third by the robot beside them"


def test_a_step_of_both_takes_both_lanes() -> None:
    both = step("both", by="robot human", together=True, time_s={"robot": 12, "human": 9})
    bench = Bench(joined=("front",)).running(variant(work("r", robot=10), both, work("h", human=4)))
    assert left(bench) == 22


def test_what_is_under_way_counts_by_what_is_left_of_it_and_overdue_by_nothing() -> None:
    bench = Bench(joined=("front",)).running(
        variant(work("r", robot=60), work("h", human=10), work("end", ("r", "h"), human=5))
    )
    bench.start("r", "robot")
    bench.wait(20)
    bench.start("h", "front")
    assert left(bench) == 45
    bench.wait(100)
    bench.do(bench.confirm("h"))
    assert left(bench) == 5, "the robot is late: what is told is what comes after it"


@pytest.mark.parametrize("how", ["hold", "pause", "order", "attention"])
def test_while_anything_stands_nothing_is_told(how: str) -> None:
    bench = Bench().running(variant(work("a", human=10), work("b", ("a",), human=20)))
    bench.start("a", "front")
    assert left(bench) == 30
    if how == "hold":
        bench.verb(CellVerb.HOLD)
    elif how == "pause":
        bench.do(cmd.Pause(what="cell"), SUPERVISOR)
    elif how == "order":
        bench.do(cmd.ChangeOrder(order="A", verb=OrderVerb.PAUSE), SUPERVISOR)
    else:
        attempt = bench.at("a").attempt
        bench.do(cmd.ReportProblem(unit="u1", step="a", attempt=attempt, place="front", note="a burr"))
        assert bench.at("a").status == StepStatus.ATTENTION
    assert left(bench) is None


def test_untold_where_a_time_is_missing_or_nobody_is_there_to_do_it() -> None:
    assert left(Bench().running(variant(work("a", human=10), step("b", ("a",), by="human", check=("person",))))) is None
    by_hand = variant(work("a", human=10))
    bench = Bench(joined=()).running(by_hand)
    assert left(bench) is None
    bench.do(cmd.JoinPlace(place="front", operator="op"))
    assert left(bench) == 10


def test_a_time_that_is_known_for_one_of_two_is_enough() -> None:
    one = step("a", by="robot human", time_s={"human": 7})
    assert left(Bench().running(variant(one))) == 7


def test_an_older_unit_goes_first() -> None:
    a = step("a", by="human", part="body", at="nest", check=("person",), time_s={"human": 10})
    bench = Bench(joined=("front",)).running(variant(a, work("b", ("a",), human=20)), quantity=2, units=2)
    assert (left(bench, "u1"), left(bench, "u2")) == (30, 60)


@pytest.mark.parametrize("seed", range(40))
def test_the_figure_lies_between_the_longest_chain_or_lane_and_all_steps_in_a_row(seed: int) -> None:
    dice = random.Random(seed)
    steps: list[Step] = []
    longest: dict[str, float] = {}
    for n in range(dice.randint(2, 12)):
        after = tuple(dice.sample([s.id for s in steps], min(len(steps), dice.randint(0, 2))))
        times = dice.choice(({"robot": 1.0}, {"human": 1.0}, {"robot": 1.0, "human": 1.0}))
        times = {key: float(dice.randint(1, 60)) for key in times}
        steps.append(work(f"s{n}", after, **times))
        longest[f"s{n}"] = max((longest[name] for name in after), default=0.0) + min(times.values())
    robot = sum(s.time_s["robot"] for s in steps if "human" not in s.time_s)
    human = sum(s.time_s["human"] for s in steps if "robot" not in s.time_s)
    told = left(Bench(joined=("front",)).running(variant(*steps)))
    assert told is not None
    assert max(*longest.values(), robot, human) <= told <= sum(max(s.time_s.values()) for s in steps)


def lanes(bench: Bench) -> dict[str, list[tuple[str, str, float, float]]]:
    """What comes next by lane: unit, step, and from when until when as of now."""
    out: dict[str, list[tuple[str, str, float, float]]] = {}
    for one in ahead(bench.state):
        for actor in one.crew:
            out.setdefault(actor, []).append((one.unit, one.step, one.from_t - bench.t, one.to_t - bench.t))
    return out


def test_what_comes_next_is_laid_into_the_lanes_of_those_who_do_it() -> None:
    both = step("both", ("r",), by="robot human", together=True, time_s={"robot": 12, "human": 9})
    bench = Bench(joined=("front",)).running(variant(work("r", robot=10), both, work("h", human=4)))
    assert lanes(bench) == {
        "robot": [("u1", "r", 0, 10), ("u1", "both", 10, 22)],
        "front": [("u1", "h", 0, 4), ("u1", "both", 10, 22)],
    }
    bench.start("r", "robot")
    bench.wait(3)
    bench.start("h", "front")
    assert lanes(bench) == {"robot": [("u1", "both", 7, 19)], "front": [("u1", "both", 7, 19)]}


def test_units_share_the_lanes_and_no_two_steps_of_a_lane_overlap() -> None:
    a = step("a", by="human", part="body", at="nest", check=("person",), time_s={"human": 10})
    bench = Bench(joined=("front",)).running(variant(a, work("b", ("a",), human=20)), quantity=2, units=2)
    (front,) = lanes(bench).values()
    assert [(unit, name) for unit, name, _, _ in front] == [("u1", "a"), ("u1", "b"), ("u2", "a"), ("u2", "b")]
    assert all(one[3] <= following[2] for one, following in pairwise(front))


def test_what_comes_next_ends_where_a_time_is_missing_at_the_horizon_and_where_anything_stands() -> None:
    untold = variant(work("a", human=10), step("b", ("a",), by="human", check=("person",)), work("c", ("b",), human=1))
    assert lanes(Bench().running(untold)) == {"front": [("u1", "a", 0, 10)]}
    far = variant(work("a", human=AHEAD_S + 1), work("b", ("a",), human=1))
    assert [name for _, name, _, _ in lanes(Bench().running(far))["front"]] == ["a"]
    bench = Bench().running(variant(work("a", human=10)))
    bench.verb(CellVerb.HOLD)
    assert lanes(bench) == {}
