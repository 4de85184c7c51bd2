"""Authored values to the specifications that a tool, a person and a check all use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import BadInput
from orchestrator.core.parts import as_number
from orchestrator.core.variant import ValueSpec
from orchestrator.engine.placeholders import as_text, fill

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.procedure import AuthoredValue


def unit_of(name: str) -> str:
    """Return the unit that a value's name ends in.

    >>> unit_of("torque_Nm"), unit_of("snapped")
    ('Nm', '')
    """
    return name.rpartition("_")[2] if "_" in name else ""


def value_spec(name: str, value: AuthoredValue, given: Mapping[str, Any]) -> ValueSpec:
    """Fill one value in.

    A scan's pattern is a text or a regular expression; `$serial` stays in it until the unit is begun.

    Raises:
        Unfilled: a `$name` that nothing gives.
        BadInput: a number that is none, or limits that contradict each other.
    """
    if value.claim:
        return ValueSpec(kind="claim")
    if value.scan is not None:
        return ValueSpec(kind="scan", pattern=as_text(fill(value.scan, given)))
    if value.choice is not None:
        choices = tuple(as_text(v) for v in fill(value.choice, given))
        return ValueSpec(
            kind="choice", choices=choices, passing=tuple(as_text(v) for v in fill(value.pass_ or (), given))
        )
    nominal, within = _number(name, value.is_, given), _number(name, value.within, given)
    low, high = _number(name, value.min, given), _number(name, value.max, given)
    if nominal is not None and within is not None:
        if within <= 0:
            raise BadInput(
                f"{name}: within {within:g} leaves no room.", remedy="Give the half-width that is still good."
            )
        low = round(nominal - within, 9) if low is None else low
        high = round(nominal + within, 9) if high is None else high
    if low is not None and high is not None and low > high:
        raise BadInput(f"{name}: min {low:g} is more than max {high:g}.", remedy="Swap or mend them.")
    if nominal is not None and not (_or(low, nominal) <= nominal <= _or(high, nominal)):
        raise BadInput(f"{name}: {nominal:g} is outside its own limits.", remedy="Mend is, min or max.")
    return ValueSpec(kind="number", nominal=nominal, low=low, high=high, unit=unit_of(name))


def _or(limit: float | None, otherwise: float) -> float:
    return otherwise if limit is None else limit


def _number(name: str, value: float | str | None, given: Mapping[str, Any]) -> float | None:
    if value is None:
        return None
    filled = fill(value, given)
    try:
        return as_number(filled)
    except ValueError as error:
        raise BadInput(
            f"{name}: {value} gives '{filled}' where a number is needed.", remedy="Mend the option or each."
        ) from error
