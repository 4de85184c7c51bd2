"""A simulated worker: reads the same cards that a person's screen gets and answers through the same commands."""

from __future__ import annotations

import asyncio
import math
import random
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.sim.hands import Slip
from orchestrator.core.commands import OUTSIDE, Request, Who
from orchestrator.wire import Card, CellView, LaneView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.adapters.sim.handheld import HandTools
    from orchestrator.core.variant import ValueSpec
    from orchestrator.engine.desk import Change, Desk

SPREAD = 0.25  # sigma of the logarithm of a step's time
PATIENCE = ("recheck", "retry", "other_actor")  # what is tried first when a step needs a decision
TRIES = 4  # decisions on one step before the worker gives the unit up


class SimWorker:
    """Works at a place until cancelled.

    Times are log-normal about a step's expected time; `slips` is the share of placements that go wrong, each kind of
    slip alike. The same seed gives the same worker. What connected `tools` measure is entered as they measured it.
    """

    def __init__(
        self, desk: Desk, place: str, *, seed: int, slips: float = 0.0, tools: HandTools | None = None
    ) -> None:
        self._desk = desk
        self._place = place
        self._random = random.Random(f"{seed}/{place}")
        self._slips = slips
        self._tools = tools
        self._who = Who(name=f"sim-{place}", role="supervisor")
        self._asked = 0
        self._decisions: dict[tuple[str, str], int] = {}

    def slip(self, _unit: str, _step: str) -> Slip | None:
        """Say what goes wrong with this placement; usually nothing."""
        if self._random.random() >= self._slips:
            return None
        return self._random.choice(tuple(Slip))

    async def run(self) -> None:
        """Sign in, then do what the card says, one card at a time."""
        changed = asyncio.Event()

        def listener(_changes: Sequence[Change]) -> None:
            changed.set()

        unlisten = self._desk.screen.listen(listener)
        try:
            await self._send({"type": "join_place", "place": self._place, "operator": self._who.name})
            while True:
                changed.clear()
                if not await self._act():
                    await changed.wait()
        finally:
            unlisten()

    async def _act(self) -> bool:
        """Do one thing; returns False when there is nothing to do."""
        card = self._desk.screen.topics.get(f"card/{self._place}")
        if not isinstance(card, Card) or not card.buttons:
            return await self._clear_away()
        if card.status == "attention":
            return await self._decide(card)
        take = next((b.command for b in card.buttons if b.command["type"] == "take_part"), None)
        if take is not None:
            await asyncio.sleep(self._takes_s(8.0))
            return await self._send(take)
        confirm = next((b.command for b in card.buttons if b.command["type"] == "confirm_step"), None)
        if card.status != "step" or confirm is None:
            return False
        if card.together and not self._offered(card):
            return False
        await asyncio.sleep(self._takes_s(card.expected_s or 5.0))
        values = {ask.value: _answer(ask.spec, card.unit, self._random) for ask in card.asks}
        if self._tools is not None:
            values |= await self._tools.measure(card)
        lots = dict.fromkeys(card.lots, f"L-{card.unit}")
        return await self._send({**confirm, "values": values, "lots": lots})

    async def _clear_away(self) -> bool:
        """Take out what a scrapped unit has left, one pile at a time."""
        topics = self._desk.screen.topics
        cell = topics.get("cell")
        for button in cell.buttons if isinstance(cell, CellView) else ():
            part = str(button.command.get("part", ""))
            stands = getattr(topics.get(f"part/{part}"), "holder", "") != "gripper"
            if button.command["type"] == "take_part" and stands and f"unit/{part.split('/', 1)[0]}" not in topics:
                await asyncio.sleep(self._takes_s(8.0))
                return await self._send(button.command)
        return False

    def _offered(self, card: Card) -> bool:
        """A part that two hands pass is taken only once the robot holds it out, and set once the robot has let go."""
        lane = self._desk.screen.topics.get("lane/robot")
        if not isinstance(lane, LaneView):
            return False
        intent = lane.intent
        if intent is None and (lane.unit, lane.step, lane.status) == (card.unit, card.step, "waiting"):
            return True
        holds = any(
            getattr(value, "holder", "") == "gripper"
            for topic, value in self._desk.screen.topics.items()
            if topic.startswith(f"part/{card.unit}/")
        )
        return holds and intent is None

    async def _decide(self, card: Card) -> bool:
        key = (card.unit, card.step)
        self._decisions[key] = self._decisions.get(key, 0) + 1
        commands = [button.command for button in card.buttons]
        await asyncio.sleep(self._takes_s(8.0))
        order: Callable[[dict[str, Any]], int] = lambda command: (  # noqa: E731 - a key, used once
            PATIENCE.index(command["choice"]) if command["choice"] in PATIENCE else len(PATIENCE)
        )
        patient = [command for command in sorted(commands, key=order) if command["choice"] in PATIENCE]
        if self._decisions[key] > TRIES or not patient:
            chosen = next(command for command in commands if command["choice"] == "scrap")
        else:
            chosen = patient[(self._decisions[key] - 1) % len(patient)]
        return await self._send({**chosen, "reason": "simulated decision"})

    def _takes_s(self, expected_s: float) -> float:
        return round(expected_s * math.exp(self._random.gauss(0.0, SPREAD)), 3)

    async def _send(self, command: dict[str, Any]) -> bool:
        self._asked += 1
        request = Request(
            id=f"sim-{self._desk.epoch}-{self._place}-{self._asked}",
            by=self._who,
            t=self._desk.now(),
            command=OUTSIDE.validate_python(command),
        )
        return (await self._desk.submit(request)).ok


def _answer(spec: ValueSpec, unit: str, chance: random.Random) -> float | str | bool:
    """Return what an honest worker would read: the nominal value, with a little scatter."""
    if spec.kind == "claim":
        return True
    if spec.kind == "choice":
        return spec.passing[0] if spec.passing else spec.choices[0]
    if spec.kind == "scan":
        return spec.pattern.replace("$serial", unit)
    if spec.nominal is not None:
        room = min(abs((spec.high or spec.nominal) - spec.nominal), abs(spec.nominal - (spec.low or spec.nominal)))
        return round(spec.nominal + max(-0.8, min(0.8, chance.gauss(0, 0.3))) * room, 3)
    low, high = spec.low, spec.high
    if low is not None and high is not None:
        return round((low + high) / 2, 3)
    return low if low is not None else high if high is not None else 0.0
