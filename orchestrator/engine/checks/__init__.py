"""Cross-checks of authored files, one module a family of mistakes: `check_product` runs them all."""

from orchestrator.engine.checks.run import check_cells, check_product

__all__ = ["check_cells", "check_product"]
