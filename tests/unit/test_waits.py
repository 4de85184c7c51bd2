"""The one list of why the robot does not move: what forbids it, then what it waits for; codes for every language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import Autonomy, CellState, CellVerb, Mode, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.core.reason import Reason, coded
from orchestrator.core.waits import reasons
from orchestrator.engine import phrases
from orchestrator.wire import CellView
from tests.unit.cell_bench import authored, bench
from tests.unit.core_builders import Bench, cell, step, variant
from tests.unit.test_decide_overdue import ALLOWED_S, pass_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh

WORDS = Path(__file__).parents[2] / "web" / "src" / "words"


def _bench(**more: object) -> Bench:
    """The body is in its nest: the robot may place the pin, a person the lid, both in the same zone."""
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", by="robot", tool="driver")
    lid = step("lid", ["load"], part="lid", at="body/top", by="human", check=["person"])
    made = Bench(cell(**more)).running(variant(load, pin, lid))
    made.finish("load")
    return made


def _why(made: Bench) -> list[tuple[str, dict[str, str]]]:
    assert all(isinstance(reason, Reason) for reason in reasons(made.state))
    return [(code, dict(its)) for code, its in map(coded, reasons(made.state))]


def _stopped(made: Bench) -> None:
    made.verb(CellVerb.STOP)
    made.do(cmd.SetMode(mode=Mode.MANUAL))
    made.do(cmd.ReportSafety(safety=Safety.EMERGENCY_STOP))


def _zone_held(made: Bench) -> None:
    made.start("lid", "front")


def _asked(made: Bench) -> None:
    made.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    made.start("pin", "robot")
    made.do(cmd.ProposeMotion(effect="u1/pin/1/skill", motion="m", text="fetch pin"))


def _asked_once(made: Bench) -> None:
    _asked(made)
    made.do(cmd.ApproveMotion(motion="m", place="front"))


def _stepped(made: Bench) -> None:
    made.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))


def _marked(made: Bench) -> None:
    made.do(cmd.SetBreakpoint(order="A", step="pin"))


def _device_lost(made: Bench) -> None:
    made.start("pin", "robot")
    made.do(cmd.ReportEquipment(device="driver", answers=False, unit="u1", step="pin"))


def _jogged(made: Bench) -> None:
    made.verb(CellVerb.STOP)
    made.do(cmd.Acknowledge())
    made.do(cmd.SetMode(mode=Mode.MANUAL))
    made.do(cmd.StartJog(press="p"), cmd.Who(name="ana"))


def _gripped(made: Bench) -> None:
    made.do(cmd.ReportGrip(holding=True))


CASES: dict[str, tuple[Callable[[Bench], None], list[tuple[str, dict[str, str]]]]] = {
    "nothing": (lambda _made: None, []),
    "stopped": (
        _stopped,
        [
            ("cell", {"state": "aborting"}),
            ("mode", {"mode": "manual"}),
            ("safety", {"safety": "emergency_stop"}),
            ("acknowledge", {}),
        ],
    ),
    "by hand": (_jogged, [("cell", {"state": "stopped"}), ("mode", {"mode": "manual"}), ("by_hand", {"who": "ana"})]),
    "stale": (
        lambda made: made.tell(ev.SafetyChanged(safety=Safety.UNKNOWN)),
        [("safety", {"safety": "unknown"})],
    ),
    "zone": (_zone_held, [("zone", {"zone": "west", "who": "op-front", "unit": "u1", "step": "lid"})]),
    "approval": (_asked, [("approval", {"motion": "fetch pin", "more": "2"})]),
    "one approval": (_asked_once, [("approval", {"motion": "fetch pin", "more": "1"})]),
    "gripper": (_gripped, [("grip_unknown", {"part": ""})]),
    "single step": (_stepped, [("single_step", {"unit": "u1", "step": "pin"})]),
    "breakpoint": (_marked, [("breakpoint", {"unit": "u1", "step": "pin"})]),
    "device": (_device_lost, [("device", {"device": "driver", "unit": "u1", "step": "pin"})]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_reason_is_named_with_what_it_is_about(case: str) -> None:
    bring, expected = CASES[case]
    made = _bench(approvals={"motions": 2})
    bring(made)
    assert _why(made) == expected
    assert made.replayed() == made.state


def test_what_forbids_every_motion_comes_first_and_is_what_the_gate_asks() -> None:
    made = _bench()
    _asked(made)
    made.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    forbids = why_not(made.state)
    assert forbids
    assert reasons(made.state)[: len(forbids)] == forbids
    assert len(reasons(made.state)) > len(forbids)


def test_a_zone_that_bars_the_way_of_a_step_under_way_is_named_until_it_is_free() -> None:
    far = step("far", part="glue", at="waste", by="robot", check=["none"])
    load = step("load", part="body", at="nest", by="human", check=["person"])
    made = Bench().running(variant(far, load))
    made.start("far", "robot")
    made.start("load", "front")
    assert _why(made) == []
    made.do(cmd.ReportZones(effect="u1/far/1/skill", zones=("zone:west",)))
    assert _why(made) == [("zone", {"zone": "west", "who": "op-front", "unit": "u1", "step": "load"})]
    made.do(made.confirm("load"))
    assert _why(made) == []
    assert made.replayed() == made.state


@pytest.mark.parametrize("zones", [{}, None])
def test_hands_that_may_be_anywhere_and_a_part_that_may_be_in_are_named(zones: dict[str, object] | None) -> None:
    """Without zones hands may be anywhere; with them at the step's own place."""
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", by="robot human", check=["person"])
    made = Bench(cell() if zones is None else cell(zones=zones)).running(variant(load, pin))
    made.finish("load")
    if made.at("load").status == StepStatus.VERIFYING:
        made.do(made.seen("load"))
    made.start("pin", "front")
    pass_by(made, 3 * ALLOWED_S)
    made.do(made.choice("pin", "other_actor", part_out=True))
    where = (
        ("unclear", {"zone": "west", "place": "front"}) if zones is None else ("unclear_anywhere", {"place": "front"})
    )
    assert _why(made) == [where]
    assert all(phrases.told(reason)["de"] != reason for reason in reasons(made.state))
    made.do(cmd.ClearPlace(place="front"))
    assert _why(made) == []


def test_a_part_of_which_nobody_has_said_whether_it_is_in_is_named() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", by="robot human", check=["person"])
    made = Bench().running(variant(load, pin))
    made.finish("load")
    made.start("pin", "front")
    problem = {"unit": "u1", "step": "pin", "attempt": 1, "place": "front"}
    made.do(cmd.ReportProblem.model_validate(problem))
    made.do(made.choice("pin", "retry"))
    made.do(cmd.LeavePlace(place="front"), cmd.ENGINE)
    made.do(cmd.LeavePlace(place="back"), cmd.ENGINE)
    assert _why(made) == [("unsaid", {"part": "pin", "unit": "u1", "step": "pin"})]
    assert all(phrases.told(reason)["de"] != reason for reason in reasons(made.state))


def test_a_look_that_the_arm_moves_for_waits_for_hands_in_any_zone() -> None:
    wrist = {"wrist": {"on": "flange", "at": {}, "model": "structured_light"}}
    look = {"camera": "wrist", "stand": {"frame": "press"}}
    far = step("ridden", part="lid", at="out", by="robot", look=look)
    load = step("load", part="body", at="nest", by="human", check=["person"])
    made = Bench(cell(cameras=wrist)).running(variant(far, load))
    made.start("ridden", "robot")
    made.do(made.skill("ridden"))
    assert made.at("ridden").ride == "wanted"
    made.start("load", "front")
    pass_by(made, 3 * ALLOWED_S)
    made.do(made.choice("load", "force", reason="it is in"))
    assert _why(made) == [("unclear", {"zone": "west", "place": "front"})]
    made.do(cmd.ClearPlace(place="front"))
    assert _why(made) == []


def test_a_lost_screen_is_named_where_both_would_be_at_a_step_together() -> None:
    lid = step("lid", part="lid", at="press", together=True, check=["person"])
    made = Bench().running(variant(lid))
    made.do(cmd.ReportDevice(place="front", there=False))
    made.do(cmd.LeavePlace(place="back"))
    expected = [("screen", {"place": "front", "unit": "u1", "step": "lid"})]
    assert _why(made) == expected
    assert all(phrases.told(reason)["de"] != reason for reason in reasons(made.state))
    made.do(cmd.ReportDevice(place="front", there=True))
    assert _why(made) == []


def test_a_device_that_answers_again_is_no_reason_any_more() -> None:
    made = _bench()
    _device_lost(made)
    made.do(cmd.ReportEquipment(device="driver", answers=True, unit="u1", step="pin"))
    assert _why(made) == []


def test_every_cell_state_mode_and_safety_has_a_code_and_german_words() -> None:
    made = _bench()
    for state in CellState:
        made.tell(ev.CellChanged(state=state))
        for reason in reasons(made.state):
            assert coded(reason)[0] == "cell"
            assert phrases.told(reason)["de"] != reason
    made.tell(ev.CellChanged(state=CellState.EXECUTE))
    for safety in set(Safety) - {Safety.NORMAL, Safety.REDUCED}:
        made.tell(ev.SafetyChanged(safety=safety))
        (reason,) = reasons(made.state)
        assert coded(reason) == ("safety", {"safety": safety})
        assert phrases.told(reason)["de"] != reason


@pytest.mark.parametrize("case", [case for case, (_, expected) in CASES.items() if expected])
def test_the_server_says_each_reason_in_german_too(case: str) -> None:
    made = _bench(approvals={"motions": 2})
    CASES[case][0](made)
    for reason in reasons(made.state):
        assert phrases.told(reason)["de"] != reason, reason


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_pages_have_words_for_every_code(language: str) -> None:
    source = (WORDS / f"{language}.ts").read_text(encoding="utf-8")
    block = source[source.index("  reasons: {") : source.index("  modes: {")]
    said = set(re.findall(r"^    (\w+): \(", block, re.MULTILINE))
    assert said >= {code for _, expected in CASES.values() for code, _ in expected} | {
        "unclear",
        "unclear_anywhere",
        "unsaid",
        "contradiction",
        "screen",
    }


# ---- in the running cell ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def test_screens_are_sent_exactly_this_list_at_every_event(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as running:
            seen: set[str] = set()
            failures: list[object] = []

            def compare(_before: State, after: State, _events: Sequence[Fresh]) -> None:
                view = running.cell.desk.screen.topics["cell"]
                assert isinstance(view, CellView)
                whole = reasons(after)
                if view.reasons != whole:
                    failures.append((view.reasons, whole))
                sent = [(reason.code, reason.parameters, reason.text["en"]) for reason in view.condition.not_moving]
                if sent != [(coded(each)[0], dict(coded(each)[1]), each) for each in whole]:
                    failures.append((sent, whole))
                seen.update(reason.code for reason in view.condition.not_moving)

            running.cell.runner.bus.join(compare)
            await running.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
            await running.begin()
            await running.until(lambda state: any(coded(each)[0] == "single_step" for each in reasons(state)))
            await running.do(cmd.ReleaseStep(unit="u1", step="load", attempt=0))
            await running.until(lambda state: any(coded(each)[0] == "approval" for each in reasons(state)))
            await running.change(CellVerb.HOLD)
            await running.do(cmd.SetAutonomy(autonomy=Autonomy.FULL), cmd.ChangeCell(verb=CellVerb.UNHOLD))
            running.cell.devices.set_fault("driver", "offline")
            await running.until(lambda state: any(coded(each)[0] == "device" for each in reasons(state)))
            running.cell.devices.set_fault("driver", "offline", times=1)
            await running.until(lambda _: running.step("tighten").status == StepStatus.ATTENTION)
            choice = {"unit": "u1", "step": "tighten", "choice": "retry", "attempt": running.step("tighten").attempt}
            await running.do(cmd.Choose.model_validate(choice))
            await running.ended()
            assert reasons(running.state) == why_not(running.state)
            assert failures == []
            assert {"cell", "single_step", "approval", "device"} <= seen
            assert running.all("equipment_back")

    run_virtual(main)
