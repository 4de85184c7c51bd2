"""The pose class without a network: what each client gets, and that slow ones lose nothing but time."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.core.geometry import Pose
from orchestrator.http.poses import STILL_S, PoseStream
from orchestrator.wire import LiveLook, PoseFrame

A, B, C = (Pose((x, 0.0, 0.0)) for x in (1.0, 2.0, 3.0))


def frame(t: float, **poses: Pose) -> tuple[PoseFrame, ...]:
    return (PoseFrame(topic="robot", t=t, poses=poses),)


def heard(stream: PoseStream, seen: dict[str, int]) -> list[dict[str, Any]]:
    return [json.loads(text)["payload"]["poses"] for text in stream.news(seen)]


def names(messages: list[dict[str, Any]]) -> list[set[str]]:
    return [set(message) for message in messages]


def test_only_changed_poses_are_sent() -> None:
    stream, seen = PoseStream("e1"), {}
    assert stream.update(frame(0.0, base=A, hand=A))
    assert names(heard(stream, seen)) == [{"base", "hand"}]
    assert stream.update(frame(0.03, base=A, hand=B))
    assert names(heard(stream, seen)) == [{"hand"}]
    assert heard(stream, seen) == []


def test_less_than_a_micrometre_is_no_change() -> None:
    stream, seen = PoseStream("e1"), {}
    stream.update(frame(0.0, base=A))
    heard(stream, seen)
    assert not stream.update(frame(0.03, base=Pose((1.0 + 1e-9, 0.0, 0.0))))


def test_a_client_that_missed_samples_gets_all_that_changed_meanwhile() -> None:
    stream = PoseStream("e1")
    quick: dict[str, int] = {}
    slow: dict[str, int] = {}
    stream.update(frame(0.0, base=A, hand=A, finger=A))
    heard(stream, quick)
    heard(stream, slow)
    stream.update(frame(0.03, base=A, hand=B, finger=A))
    heard(stream, quick)
    stream.update(frame(0.06, base=A, hand=B, finger=C))
    assert names(heard(stream, quick)) == [{"finger"}]
    late = heard(stream, slow)
    assert names(late) == [{"hand", "finger"}]
    assert late[0]["hand"]["p"] == [2.0, 0.0, 0.0]


def test_clients_that_are_up_to_date_share_one_encoded_message() -> None:
    stream = PoseStream("e1")
    stream.update(frame(0.0, base=A))
    first, second = (next(iter(stream.news({}))) for _ in range(2))
    assert first is second


def test_standing_still_is_said_before_screens_fade() -> None:
    stream, seen = PoseStream("e1"), {}
    stream.update(frame(0.0, base=A))
    heard(stream, seen)
    assert not stream.update(frame(STILL_S / 2, base=A))
    assert stream.update(frame(STILL_S, base=A))
    assert heard(stream, seen) == [{}]


def test_a_source_that_stands_still_in_time_is_not_said_to_be_alive() -> None:
    stream, seen = PoseStream("e1"), {}
    stream.update(frame(5.0, base=A))
    heard(stream, seen)
    assert not any(stream.update(frame(5.0, base=A)) for _ in range(100))


def test_a_newcomer_does_not_hear_of_what_is_gone() -> None:
    stream = PoseStream("e1")
    stream.update(frame(0.0, base=A, part=B))
    stream.update(frame(1.0, base=A))
    assert names(heard(stream, {})) == [{"base"}]


def looked(t: float, verdict: str) -> tuple[PoseFrame, ...]:
    look = LiveLook(unit="u1", step="pin", attempt=1, verdict=verdict)
    return (*frame(0.0, base=A), PoseFrame(topic="look/u1/pin", t=t, poses={}, look=look))


def verdicts(stream: PoseStream, seen: dict[str, int]) -> list[str]:
    payloads = [json.loads(text)["payload"] for text in stream.news(seen)]
    return [payload["look"]["verdict"] for payload in payloads if "look" in payload]


def test_each_live_look_is_sent_once_and_the_newest_alone() -> None:
    stream = PoseStream("e1")
    quick: dict[str, int] = {}
    slow: dict[str, int] = {}
    stream.update(looked(1.0, "missing"))
    assert verdicts(stream, quick) == ["missing"]
    stream.update(looked(1.0, "missing"))
    assert verdicts(stream, quick) == []
    stream.update(looked(2.0, "missing"))  # it says the same, and is news: the camera has looked again
    assert verdicts(stream, quick) == ["missing"]
    stream.update(looked(3.0, "ok"))
    assert verdicts(stream, slow) == ["ok"]


def test_a_live_look_that_is_over_is_shown_to_nobody_who_comes_later() -> None:
    stream = PoseStream("e1")
    seen: dict[str, int] = {}
    stream.update(looked(1.0, "displaced"))
    assert verdicts(stream, seen) == ["displaced"]
    stream.update(frame(0.0, base=A))
    assert verdicts(stream, {}) == []
    stream.update(looked(9.0, "ok"))
    assert verdicts(stream, seen) == ["ok"]
