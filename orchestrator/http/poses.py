"""The pose class: the latest value of each pose, sent where it changed, encoded once for all who are up to date."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.core.geometry import Pose
    from orchestrator.wire import LiveLook, PoseFrame

STILL_S = 0.2  # a screen fades what it has not heard of for 0.3 s, so standing still is said this often


@dataclass
class _Topic:
    t: float = 0.0
    said_t: float = 0.0
    tick: int = 0  # of the last sample that was worth sending
    poses: dict[str, tuple[Pose, int]] = field(default_factory=dict)  # by name, with the tick of its last change
    joints_rad: tuple[float, ...] = ()
    opening_m: float = 0.0
    look: LiveLook | None = None
    texts: dict[int, str] = field(default_factory=dict)  # encoded messages of this tick, by what the client had


class PoseStream:
    """Latest poses by topic and name. A client keeps the tick it has seen of each topic; 0 is none."""

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch
        self._tick = 0
        self._topics: dict[str, _Topic] = {}

    def update(self, frames: Iterable[PoseFrame]) -> bool:
        """Take a sample. Tell whether there is anything to send."""
        self._tick += 1
        frames = tuple(frames)
        there = {frame.topic for frame in frames}
        for name in [name for name, topic in self._topics.items() if topic.look is not None and name not in there]:
            del self._topics[name]  # over: nobody who comes later is to take it for new
        taken = [self._take(frame) for frame in frames]
        return any(taken)

    def news(self, seen: dict[str, int]) -> Iterable[str]:
        """Yield a message for each topic that is newer than `seen`, and bring `seen` up to date."""
        for name, topic in self._topics.items():
            before = seen.get(name, 0)
            if topic.tick > before:
                seen[name] = topic.tick
                if before not in topic.texts:
                    topic.texts[before] = self._encode(name, topic, before)
                yield topic.texts[before]

    def _take(self, frame: PoseFrame) -> bool:
        topic = self._topics.setdefault(frame.topic, _Topic())
        poses: dict[str, tuple[Pose, int]] = {}
        changed = False
        for name, exact in frame.poses.items():
            pose = exact.rounded()
            known = topic.poses.get(name)
            if known is not None and known[0] == pose:
                poses[name] = known
            else:
                poses[name] = (pose, self._tick)
                changed = True
        topic.poses = poses
        if frame.look is not None:  # each is news, also where it says the same
            changed = topic.look is None or frame.t != topic.t
            topic.look = frame.look
        topic.joints_rad, topic.opening_m = frame.joints_rad, frame.opening_m  # what they change, some pose shows
        topic.t = frame.t
        if not changed and (topic.look is not None or frame.t - topic.said_t < STILL_S):
            return False
        topic.said_t, topic.tick = frame.t, self._tick
        topic.texts.clear()
        return True

    def _encode(self, name: str, topic: _Topic, before: int) -> str:
        poses = {key: pose for key, (pose, tick) in topic.poses.items() if tick > before}
        payload = {"topic": name, "t": topic.t, "poses": poses}
        if topic.joints_rad:
            payload |= {"joints_rad": topic.joints_rad, "opening_m": topic.opening_m}
        if topic.look is not None:
            payload["look"] = topic.look.model_dump(mode="json")
        message = {"v": 1, "epoch": self._epoch, "seq": 0, "t": topic.t, "type": "pose", "payload": payload}
        return orjson.dumps(message).decode()
