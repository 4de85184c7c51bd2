"""What holds for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator


settings.register_profile("tandem", deadline=None)  # no test depends on the time that it takes
settings.load_profile("tandem")


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that was run in this process has set up logs to a stream that is closed by now."""
    yield
    structlog.reset_defaults()
