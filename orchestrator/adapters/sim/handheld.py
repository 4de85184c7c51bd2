"""Connected tools in the hands of a simulated worker: what they measure is what the worker enters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.errors import DeviceError, NotFound

if TYPE_CHECKING:
    from orchestrator.adapters.devices_sim import SimDevices
    from orchestrator.core.variant import ValueSpec
    from orchestrator.wire import Card


class HandTools:
    """The cell's tools as a person uses them: on what the card shows, as far as the person finds it there."""

    def __init__(self, devices: SimDevices) -> None:
        self._devices = devices

    async def measure(self, card: Card) -> dict[str, float | str | bool]:
        """Use the card's tool and return what it measured of the values that the card asks for.

        Nothing where the card names no tool; nothing, too, where the tool does not answer: then its display is read.
        """
        asked = {ask.value: goal for ask in card.asks if (goal := _goal(ask.spec)) is not None}
        if not card.tool:
            return {}
        try:
            reading = await self._devices.by_hand(card.tool, asked, near=card.focus)
        except (DeviceError, NotFound):
            return {}
        names = {ask.value for ask in card.asks}
        return {name: value for name, value in reading.values.items() if name in names}


def _goal(spec: ValueSpec) -> float | None:
    """What a person sets a tool to: the nominal value, else the middle of its limits, else the only one."""
    if spec.nominal is not None:
        return spec.nominal
    limits = [limit for limit in (spec.low, spec.high) if limit is not None]
    return sum(limits) / len(limits) if spec.kind == "number" and limits else None
