"""Every event has a name in each language of the pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from orchestrator.core.events import Event

WORDS = Path(__file__).parents[2] / "web" / "src" / "words"
TYPES = {one.model_fields["type"].default for one in get_args(get_args(Event)[0])}


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_event_has_a_name_in_the_pages(language: str) -> None:
    text = (WORDS / f"{language}_events.ts").read_text(encoding="utf-8")
    names = re.search(r"^  names: {\n(.*?)^  }", text, re.DOTALL | re.MULTILINE)
    assert names is not None
    named = dict(re.findall(r'^    (\w+): "([^"]+)",$', names[1], re.MULTILINE))
    assert len(TYPES) > 70
    assert set(named) == TYPES
    assert len(set(named.values())) == len(named), "two events are called the same"
