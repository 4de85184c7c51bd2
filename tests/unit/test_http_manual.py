"""REST of manual mode: what reaches the desk, and how refusals leave."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from orchestrator.core.commands import MoveGripper
from orchestrator.core.errors import RobotError
from orchestrator.core.ports import Twist
from orchestrator.http.server import create_app
from orchestrator.wire import Answer
from tests.unit.http_fakes import FakeDesk

if TYPE_CHECKING:
    from pathlib import Path

BASE = "/api/v1/cell"


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesk:
    return FakeDesk(tmp_path)


def asked(desk: FakeDesk, method: str, path: str, **more: Any) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(desk))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.request(method, f"{BASE}{path}", **more)

    return asyncio.run(main())


def test_a_jog_names_its_press_and_its_twist(desk: FakeDesk) -> None:
    body = {"press": "p1", "frame": "tool", "linear_m_s": [0.1, 0, 0], "angular_rad_s": [0, 0, 0.2]}
    answer = asked(desk, "POST", "/jog", json=body)
    assert answer.status_code == 200
    assert answer.json()["ok"] is True
    assert desk.jogged == [("p1", Twist((0.1, 0.0, 0.0), (0.0, 0.0, 0.2), "tool"))]


def test_joints_are_jogged_by_their_own_speeds(desk: FakeDesk) -> None:
    asked(desk, "POST", "/jog", json={"press": "p1", "frame": "joint", "joints_rad_s": [0, 0, 0, 0, 0, 0.1]})
    assert desk.jogged == [("p1", Twist(frame="joint", joints_rad_s=(0, 0, 0, 0, 0, 0.1)))]


def test_a_release_is_a_twist_of_zero(desk: FakeDesk) -> None:
    assert asked(desk, "DELETE", "/jog?press=p1").status_code == 200
    assert desk.jogged == [("p1", Twist())]


@pytest.mark.parametrize(
    "body",
    [
        {"linear_m_s": [0.1, 0, 0]},
        {"press": "p1", "linear_m_s": [0.1, 0]},
        {"press": "p1", "frame": "moon"},
        {"press": "p1", "linear_m_s": ["fast", 0, 0]},
        {"press": "p" * 65},
        {"press": "p1", "joints_rad_s": [0] * 13},
        {"press": "p1", "colour": "red"},
    ],
)
def test_what_is_no_jog_reaches_nothing(desk: FakeDesk, body: dict[str, Any]) -> None:
    answer = asked(desk, "POST", "/jog", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_input"
    assert desk.jogged == []


def test_a_press_that_is_over_says_why(desk: FakeDesk) -> None:
    desk.answers["jog"] = Answer(
        id="p1", ok=False, code="joint_limit", message="Joint 6 is at its limit.", remedy="Back."
    )
    answer = asked(desk, "POST", "/jog", json={"press": "p1"})
    assert answer.status_code == 409
    assert answer.json() == {
        "code": "joint_limit", "message": "Joint 6 is at its limit.", "remedy": "Back.", "reasons": [],
        "says": {"en": "Joint 6 is at its limit."}, "helps": {"en": "Back."},
    }  # fmt: skip


def test_the_gripper_is_a_command_like_others(desk: FakeDesk) -> None:
    assert asked(desk, "POST", "/gripper", json={"do": "close"}, headers={"Idempotency-Key": "k"}).status_code == 200
    assert [(request.id, request.command) for request in desk.asked] == [("k", MoveGripper(close=True))]
    assert asked(desk, "POST", "/gripper", json={"do": "toggle"}).status_code == 422


def test_a_taught_pose_comes_back_as_yaml_and_stays_on_the_list(desk: FakeDesk) -> None:
    answer = asked(desk, "POST", "/teach", json={"name": "above", "relative_to": "nest"})
    assert answer.json() == {"name": "above", "yaml": "above nest\n"}
    asked(desk, "POST", "/teach", json={"name": "below"})
    everything = asked(desk, "GET", "/taught")
    assert everything.headers["content-type"] == "application/yaml"
    assert everything.text == "above nest\nbelow\n"
    assert asked(desk, "POST", "/teach", json={"name": "Not A Name"}).status_code == 422


def test_nothing_is_taught_while_the_arm_moves(desk: FakeDesk) -> None:
    desk.answers["teach"] = RobotError("The arm moves.", remedy="Teach where it stands.", code="moving")
    answer = asked(desk, "POST", "/teach", json={"name": "above"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "moving"
