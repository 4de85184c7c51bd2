"""What helps after a failure is said in the reader's language, and buttons call parts by their names."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.pauses import said
from orchestrator.engine import phrases
from orchestrator.engine.equipment import REMEDIES
from orchestrator.engine.naming import about_part, named
from orchestrator.engine.phrases_failures import GERMAN as FAILURES
from orchestrator.engine.requirements import _UNMET
from tests.unit.core_builders import Bench, step, variant

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = Path(__file__).parents[2] / "orchestrator"
# what can fail while a robot works or a camera looks, and so becomes a question
FAIL = (
    *(f"core/decide/{name}.py" for name in ("outcomes", "progress", "recovery")),
    *(f"engine/{name}.py" for name in ("attempt", "crew", "equipment", "eyes", "gate", "handling", "ride", "seeking")),
    *(f"engine/{name}.py" for name in ("requirements", "standstill")),
    *(f"skill/{name}.py" for name in ("arm", "cell", "gripper", "part", "sequences")),
    *(f"adapters/{name}.py" for name in ("camera_sim", "robot_sim", "vision_open3d", "vision_process")),
    *(f"adapters/sim/{name}.py" for name in ("planner", "devices/device", "devices/tool")),
)


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be; names stand for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "pin" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))


def _remedies(file: str) -> set[str]:
    out: set[str] = set()
    for node in ast.walk(ast.parse((ROOM / file).read_text(encoding="utf-8"))):
        name = node.arg if isinstance(node, ast.keyword) else ""
        if isinstance(node, ast.Assign):
            name = getattr(node.targets[0], "id", "")
        if name in {"remedy", "hint"} and isinstance(node, ast.keyword | ast.Assign):
            out |= set(_texts(node.value))
    return out


@pytest.mark.parametrize("file", FAIL)
def test_what_helps_is_said_in_german_too(file: str) -> None:
    missing = [text for text in _remedies(file) if text and len(phrases.helps(text)) == 1]
    assert missing == []


def test_why_a_motion_or_a_look_failed_is_said_in_german_too() -> None:
    said = "The robot has not moved for 10 s and did not say how its motion ended. The motion was cancelled."
    assert phrases.reason("no_answer", said, None)["de"] == (
        "Der Roboter hat sich 10 s nicht bewegt und nicht gesagt, wie seine Bewegung ausging. "
        "Die Bewegung wurde abgebrochen."
    )
    for english in FAILURES:
        named = english.replace("{}", "pin")
        assert phrases.reason("failed", named, None)["de"] != named


@pytest.mark.parametrize("file", ["engine/crew.py", "engine/eyes.py", "engine/gate.py", "engine/standstill.py"])
def test_no_failure_of_motions_and_looks_lacks_its_german(file: str) -> None:
    raised = [
        text
        for node in ast.walk(ast.parse((ROOM / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"RobotError", "TandemError", "VisionError"}
        for text in (_texts(node.args[0]) if node.args else ())
    ]
    assert [text for text in raised if len(text.split()) > 2 and len(phrases.reason("failed", text, None)) == 1] == []


def test_what_helps_with_devices_verdicts_and_conditions_is_said_in_german_too() -> None:
    from orchestrator.core.decide.outcomes import _REMEDY

    for text in (*REMEDIES.values(), *_REMEDY.values(), *(remedy for _, _, remedy in _UNMET.values())):
        assert len(phrases.helps(text)) > 1


def test_what_hides_a_result_is_named_and_where_that_is_not_known_in_german_that_it_is_hidden() -> None:
    said = phrases.reason("cannot_see", "The camera can't see it: The robot's arm is in the way of top.", None)
    assert said["en"] == "The robot's arm is in the way of top."
    assert said["de"] == "Der Arm des Roboters ist der Kamera top im Weg."
    said = phrases.reason("cannot_see", "The camera can't see it: The robot's arm is in the way of top and left.", None)
    assert said["de"] == "Der Arm des Roboters ist den Kameras top und left im Weg."
    said = phrases.reason("cannot_see", "The camera can't see it: The moon is down.", None)
    assert said == {"en": "The moon is down.", "de": "Die Kamera sieht es nicht gut genug."}


def test_of_several_sentences_those_that_are_known_are_translated() -> None:
    assert phrases.helps("") == {}
    assert phrases.helps("See the log. Knock on wood.")["de"] == "Im Protokoll nachsehen. Knock on wood."


def test_a_paused_lane_is_called_by_whose_it_is() -> None:
    assert said("lane/robot") == "Paused: resume the robot."
    assert phrases.told(said("lane/front"))["de"] == "Pause: den Platz front fortsetzen."


def test_a_part_is_called_by_its_kinds_name_and_which_of_several_it_is() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin#2", at="body/seat", by="robot")
    made = Bench().running(variant(load, pin, step("last", ["pin"], by="human", check=["person"])))
    made.finish("load")
    made.finish("pin")
    assert named(made.state, "u1/body") == {"en": "Body"}
    assert named(made.state, "u1/pin#2") == {"en": "Pin 2"}
    assert named(made.state, "u9/lid") == {}
    assert about_part(made.state, "take_part", cmd.TakePart(part="u1/body")).about == {"en": "Body"}


def test_cameras_are_called_what_the_cells_file_has_people_read_for_them() -> None:
    called = {"press_cam": {"en": "Camera at the press", "de": "Kamera an der Presse"}, "top": {"en": "Top camera"}}
    message = "The camera can't see it: The robot's arm is in the way of press_cam and top."
    assert phrases.reason("cannot_see", message, None, None, called) == {
        "en": "The robot's arm is in the way of “Camera at the press” and “Top camera”.",
        "de": "Der Arm des Roboters ist den Kameras „Kamera an der Presse“ und „Top camera“ im Weg.",
    }
    failed = phrases.reason("no_picture", "The camera left failed: It stands on top.", None, None, called)
    assert failed["en"] == "The camera left failed: It stands on top."  # only names that fill a sentence in
    assert phrases.helps("The camera top gives no picture.", called)["de"] == "Die Kamera „Top camera“ gibt kein Bild."
