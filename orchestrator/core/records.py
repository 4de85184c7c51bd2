"""Frozen records, changed: what folding an event does five times over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace
else:

    def replace(record, **changes):
        """Return a copy with some fields changed, as `dataclasses.replace` does, at a fifth of its cost.

        For frozen dataclasses without slots and without `__post_init__`; what they cache is not taken along. A name
        that is no field is found by the type checker.
        """
        new = object.__new__(type(record))
        old, fields = record.__dict__, new.__dict__
        for name in record.__dataclass_fields__:
            fields[name] = old[name]
        fields.update(changes)
        return new


__all__ = ["replace"]
