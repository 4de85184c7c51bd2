"""Every sentence of the server that another language can say: what a whole file of one has."""

from __future__ import annotations

from orchestrator.engine import contradicting, late, phrases, phrases_sight, retreat_view, rewinding, words
from orchestrator.engine.languages import templates

SPEAKERS = (contradicting, late, phrases, phrases_sight, retreat_view, rewinding, words)  # their import lists it


def sentences() -> tuple[str, ...]:
    """Return the templates in English, sorted."""
    return templates()
