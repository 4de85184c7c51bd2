"""What is wrong with a value is said in the worker's language, with its figures."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.decide.progress import amiss
from orchestrator.core.variant import ValueSpec
from orchestrator.engine.phrases import told

NUMBER = ValueSpec(kind="number", unit="N", low=2500, high=4000)


@pytest.mark.parametrize(
    ("name", "spec", "value", "german"),
    [
        ("force_N", NUMBER, 8, "Kraft 8 N liegt unter 2500 N."),
        ("force_N", NUMBER, 5000, "Kraft 5000 N liegt über 4000 N."),
        ("force_N", NUMBER, "much", "Kraft „much“ ist keine Zahl."),
        ("play_N", NUMBER, 8, "play 8 N liegt unter 2500 N."),
        ("code", ValueSpec(kind="scan", pattern="A-1"), "B-2", "Code liest sich als B-2, nicht als A-1."),
        ("seal", ValueSpec(kind="choice", choices=("dry", "wet"), passing=("dry",)), "wet", "seal ist wet, nicht dry."),
        ("greased", ValueSpec(kind="claim"), False, "greased wurde nicht bestätigt."),
    ],
)
def test_what_is_wrong_with_a_value_is_said_in_german(name: str, spec: ValueSpec, value: Any, german: str) -> None:
    assert told(amiss(name, spec, {name: value}, "u1"))["de"] == german
