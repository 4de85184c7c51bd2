"""What is loaded before the first motion waits for it: a part that fails keeps none of the others out."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from structlog.testing import capture_logs

from orchestrator import app
from orchestrator.adapters.vision_process import ProcessGone
from orchestrator.engine import conditions

if TYPE_CHECKING:
    import pytest


class Store:
    """Stands for the world's meshes, what goes into what, and vision; each of them fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.meshes = self

    def __iter__(self) -> Any:
        return iter([self])

    shape = "shape"

    async def warm_up(self) -> int:
        self.asked.append("vision")
        raise ProcessGone("gone", remedy="none")

    def get(self, shape: object) -> None:
        self.asked.append("mesh")
        raise ValueError(shape)

    def fits(self) -> None:
        self.asked.append("fits")
        raise KeyError("a")

    def heads(self) -> None:
        self.asked.append("heads")


def test_a_part_that_fails_is_logged_and_the_next_one_loaded() -> None:
    store: Any = Store()
    with capture_logs() as said:
        asyncio.run(app._warm_up(store, store, store))
    assert store.asked == ["vision", "mesh", "fits", "heads"]
    assert [(line["event"], line.get("part")) for line in said] == [
        ("vision_cold", None),
        ("not_warm", "mesh"),
        ("not_warm", "fits"),
    ]


def test_what_the_first_order_takes_is_made_first_and_not_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    store: Any = Store()

    def ready() -> None:
        on_loop = threading.current_thread() is threading.main_thread()
        store.asked.append("on the loop" if on_loop else "conditions")
        raise ValueError("broken")

    monkeypatch.setattr(conditions, "ready", ready)
    asyncio.run(app._warm_up(store, store, store))
    assert store.asked == ["conditions", "vision", "mesh", "fits", "heads"]
