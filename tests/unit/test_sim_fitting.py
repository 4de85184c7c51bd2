"""What a simulator knows of products that could not be read when it was first asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.sim.fitting import Fitting
from orchestrator.core.errors import NotFound
from orchestrator.engine.library import Library
from orchestrator.engine.registry import Registry

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]


def test_a_product_unreadable_at_first_is_known_later(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(ROOT / "instructions", skills=Registry(ROOT / "skills"))
    whole = Fitting(library)
    assert whole.fits()
    fitting = Fitting(library)

    def unreadable(product: str) -> Any:
        raise NotFound(product, remedy="none")

    with monkeypatch.context() as patched:
        patched.setattr(library, "procedure", unreadable)
        assert fitting.fits() == fitting.heads() == ()
    assert fitting.fits() == whole.fits()
    assert fitting.heads() == whole.heads()
