"""A simulated worker: reads the same messages that a person's screen gets and answers through the same commands."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.sim.hands import Slip
from orchestrator.adapters.sim.tablet import Tablet
from orchestrator.core.commands import Who
from orchestrator.wire import BinLevel, Card, CellView, LaneView, OrderView, PartView, UnitView

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.sim.handheld import HandTools
    from orchestrator.adapters.sim.premises import Premises
    from orchestrator.core.variant import ValueSpec
    from orchestrator.engine.desk import Desk

SPREAD = 0.25  # sigma of the logarithm of a step's time
PATIENCE = ("recheck", "retry", "other_actor", "rework")  # what is tried first when a step needs a decision
TRIES = 4  # decisions on one step before the worker gives the unit up
LOOK_AGAIN_S = 30.0  # a worker who tends the cell looks at the screen that often, also when nothing is new
AWAY_S = 90.0  # the median of an absence
_GOES_ON = ("unhold", "clear", "reset", "start")  # how a cell that stands is brought back, whichever is offered


@dataclass(frozen=True, slots=True)
class Habits:
    """How a worker works. Shares are of human steps: `slips` of placements, `help` of calls, `away` of absences.

    One who `tends` the cell acknowledges stops, brings it back to work and refills bins, as far as an order runs.
    """

    slips: float = 0.0
    help: float = 0.0
    away: float = 0.0
    tends: bool = False


class SimWorker:
    """Works at a place until cancelled.

    Times are log-normal about a step's expected time; each kind of slip is alike. The same seed gives the same worker.
    `premises` are the eyes and hands for what no screen shows; without them the worker does what the screen says. What
    connected `tools` measure is entered as they measured it.
    """

    def __init__(
        self,
        desk: Desk,
        place: str,
        *,
        seed: int,
        slips: float = 0.0,
        habits: Habits | None = None,
        premises: Premises | None = None,
        tools: HandTools | None = None,
        delay_s: Callable[[], float] | None = None,
    ) -> None:
        self._desk = desk
        self._place = place
        self._random = random.Random(f"{seed}/{place}")
        self._habits = habits or Habits(slips=slips)
        self._premises = premises
        self._tools = tools
        self._who = Who(name=f"sim-{place}", role="supervisor")
        self.tablet = Tablet(desk, place, self._who, delay_s=delay_s)
        self._decisions: dict[tuple[str, str], int] = {}
        self._called: set[tuple[str, str, int]] = set()  # attempts at which help was called or a walk taken
        self._reported: set[tuple[str, str, int]] = set()  # attempts that ended with the worker's own report

    def slip(self, _unit: str, _step: str) -> Slip | None:
        """Say what goes wrong with this placement; usually nothing."""
        if self._random.random() >= self._habits.slips:
            return None
        return self._random.choice(tuple(Slip))

    async def run(self) -> None:
        """Sign in, then do what the card says, one card at a time."""
        async with self.tablet:
            await self._join()
            while True:
                self.tablet.news.clear()
                if not await self._act():
                    await self._wait()

    async def _wait(self) -> None:
        if not self._habits.tends:
            await self.tablet.news.wait()
            return
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self.tablet.news.wait()
        except TimeoutError:
            return

    async def _act(self) -> bool:
        """Do one thing; returns False when there is nothing to do."""
        if self._habits.tends and await self._tend():
            return True
        card = self.tablet.topic(f"card/{self._place}", Card)
        if card is None or not card.buttons:
            return await self._clear_away()
        if card.status == "attention":
            return await self._decide(card)
        take = next((b.command for b in card.buttons if b.command["type"] == "take_part"), None)
        if take is not None:
            await self._work(8.0)
            return await self._send(take)
        own = next((b.command for b in card.buttons if b.command["type"] in {"confirm_undo", "clear_place"}), None)
        if own is not None:  # take something off, or look whether somebody is still there
            await self._work(8.0)
            return await self._send(own)
        confirm = next((b.command for b in card.buttons if b.command["type"] == "confirm_step"), None)
        if card.status != "step" or confirm is None:
            return False
        if card.together and not self._offered(card):
            return False
        if await self._leaves_off(card):
            return True
        if card.attempt > 1:  # what went wrong before is taken out first
            self._clear_cell()
        await self._work(card.expected_s or 5.0)
        if await self._notices(card):
            return True
        values = {ask.value: _answer(ask.spec, card.unit, self._random) for ask in card.asks}
        if self._tools is not None:
            values |= await self._tools.measure(card)
        lots = dict.fromkeys(card.lots, f"L-{card.unit}")
        photo = await self.tablet.photograph(confirm) if card.photo else ""
        return await self._send({**confirm, "values": values, "lots": lots, "photo": photo})

    # ---- beside the step itself --------------------------------------------------------------------------------

    async def _leaves_off(self, card: Card) -> bool:
        """Call for help, or walk away from the step and come back, once an attempt at most and by chance."""
        key = (card.unit, card.step, card.attempt)
        if key in self._called or not (self._habits.help or self._habits.away):
            return False
        self._called.add(key)
        if self._random.random() < self._habits.help:
            await self._work(10.0)
            return await self._report(card, "Something is not right here: please come and look.")
        if self._random.random() < self._habits.away:
            await self._work(card.expected_s or 5.0)
            await self._send({"type": "leave_place", "place": self._place})
            await self._work(AWAY_S)
            return await self._join()
        return False

    async def _notices(self, card: Card) -> bool:
        """Report what visibly is not where the screen shows it, before anybody builds on it or carries it out."""
        if self._premises is None:
            return False
        off = self._premises.amiss(self._shown(), card.unit)
        named = ", ".join(part.split("/", 1)[-1] for part in off)
        return bool(off) and await self._report(card, f"It is not where it should be: {named}.")

    async def _report(self, card: Card, note: str) -> bool:
        problem = next((b.command for b in card.buttons if b.command["type"] == "report_problem"), None)
        self._reported.add((card.unit, card.step, card.attempt))
        return problem is not None and await self._send({**problem, "note": note})

    async def _tend(self) -> bool:
        """See to a cell that stands although an order runs, and to bins that run low."""
        cell = self.tablet.topic("cell", CellView)
        if cell is None or all(order.state != "running" for order in self.tablet.below("order/", OrderView).values()):
            return False
        offered = {button.label: button.command for button in cell.buttons}
        if self._premises is not None and cell.safety not in {"normal", "reduced"}:
            await self._work(15.0)
            if self._premises.mend():
                return True
        if "acknowledge" in offered:
            await self._work(12.0)
            self._clear_cell()
            return await self._send(offered["acknowledge"])
        for label in _GOES_ON:
            if label in offered and cell.state != "execute":
                await self._work(5.0)
                return await self._send({**offered[label], "reason": "on with the work"})
        if "refill" in offered:
            await self._work(20.0)
            return await self._send(offered["refill"])
        return False

    async def _clear_away(self) -> bool:
        """Take out what a scrapped unit has left, one pile at a time."""
        cell = self.tablet.topic("cell", CellView)
        for button in cell.buttons if cell is not None else ():
            part = str(button.command.get("part", ""))
            shown = self.tablet.topic(f"part/{part}", PartView)
            stands = shown is None or shown.holder != "gripper"
            gone = self.tablet.topic(f"unit/{part.split('/', 1)[0]}", UnitView) is None
            if button.command["type"] == "take_part" and stands and gone:
                await self._work(8.0)
                return await self._send(button.command)
        return False

    def _offered(self, card: Card) -> bool:
        """A part that two hands pass is taken only once the robot holds it out, and set once the robot has let go."""
        lane = self.tablet.topic("lane/robot", LaneView)
        if lane is None:
            return False
        intent = lane.intent
        if intent is None and (lane.unit, lane.step, lane.status) == (card.unit, card.step, "waiting"):
            return True
        holds = any(part.holder == "gripper" for part in self._parts(card.unit))
        return holds and intent is None

    # ---- decisions ---------------------------------------------------------------------------------------------

    async def _decide(self, card: Card) -> bool:
        key = (card.unit, card.step)
        commands = [button.command for button in card.buttons]
        await self._work(8.0)
        await self._see_to(card)
        take = next((command for command in commands if command["type"] == "take_part"), None)
        if take is not None:
            return await self._send(take)
        commands = [command for command in commands if command["type"] == "choose"]
        self._decisions[key] = self._decisions.get(key, 0) + 1
        own = next((command for command in commands if command["choice"] == "retry"), None)
        seen_to = (card.unit, card.step, card.attempt) in self._reported
        if own is not None and seen_to and self._decisions[key] <= TRIES:
            return await self._send({**own, "reason": "seen to"})
        order: Callable[[dict[str, Any]], int] = lambda command: (  # noqa: E731 - a key, used once
            PATIENCE.index(command["choice"]) if command["choice"] in PATIENCE else len(PATIENCE)
        )
        patient = [
            command
            for command in sorted(commands, key=order)
            if command["choice"] in PATIENCE and command.get("rework", card.step) == card.step
        ]
        if self._decisions[key] > TRIES or not patient:
            chosen = next(command for command in commands if command["choice"] == "scrap")
            reason = f"given up after {self._decisions[key] - 1} tries: {card.note.get('en', '')}"
            return await self._send({**chosen, "reason": reason.strip()})
        chosen = patient[(self._decisions[key] - 1) % len(patient)]
        return await self._send({**chosen, "reason": "simulated decision"})

    async def _see_to(self, card: Card) -> None:
        """Go there and put right what can be seen: parts beside their places, strays, an empty bin, a dead box."""
        if self._premises is None:
            return
        self._premises.mend()
        self._premises.put_right(self._shown(), card.unit)
        self._clear_cell()
        kind = card.ghost.kind if card.ghost is not None else ""
        for bin_ in self._desk.scene.bins:
            level = self.tablet.topic(f"bin/{bin_.name}", BinLevel)
            if level is None or not (bin_.grid or bin_.loose) or kind not in bin_.parts:
                continue
            if self._premises.count(bin_.name) < level.count:
                await self._work(20.0)
                await self._send({"type": "refill_bin", "bin": bin_.name, "count": level.capacity})

    def _clear_cell(self) -> None:
        if self._premises is not None:
            shown = self._shown()
            self._premises.empty_gripper(shown)
            self._premises.clear(shown)

    def _shown(self) -> tuple[PartView, ...]:
        return tuple(self.tablet.below("part/", PartView).values())

    def _parts(self, unit: str) -> tuple[PartView, ...]:
        return tuple(self.tablet.below(f"part/{unit}/", PartView).values())

    # ---- small things ------------------------------------------------------------------------------------------

    async def _join(self) -> bool:
        return await self._send({"type": "join_place", "place": self._place, "operator": self._who.name})

    async def _work(self, expected_s: float) -> None:
        await asyncio.sleep(self._takes_s(expected_s))

    def _takes_s(self, expected_s: float) -> float:
        return round(expected_s * math.exp(self._random.gauss(0.0, SPREAD)), 3)

    async def _send(self, command: dict[str, Any]) -> bool:
        return (await self.tablet.ask(command)).ok


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
