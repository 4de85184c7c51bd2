"""The small product, laid out once a module, and Open3D that judges its pictures."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.vision_open3d import VisionOpen3D
from tests.unit.cell_bench import authored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


@pytest.fixture(scope="module")
def vision(folder: Path) -> Iterator[VisionOpen3D]:
    eyes = VisionOpen3D(folder)
    yield eyes
    asyncio.run(eyes.close())
