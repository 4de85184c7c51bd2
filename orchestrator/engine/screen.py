"""What every screen shows, as topics; kept up to date batch by batch by comparing states by identity."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import structlog

from orchestrator.core.machine import StepStatus
from orchestrator.core.overdue import climbing
from orchestrator.core.state import ROBOT, State
from orchestrator.engine.event_lines import about, by_language, in_words
from orchestrator.engine.late import asked
from orchestrator.engine.offers import is_low
from orchestrator.engine.remaining import TIME_LEFT_OF
from orchestrator.wire import Drop, Happened, Put, TroubleView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.state import UnitState
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.guide import Guide
    from orchestrator.engine.troubles import Trouble
    from orchestrator.wire import TopicValue

log = structlog.get_logger(__name__)

Change = Put | Drop | Happened
Listener = Callable[[Sequence[Change]], None]
LOG = 50
_OF_THE_CELL = tuple({field.name for field in fields(State)} - {"seq", "t", "bins"})


class LiveScreen:
    """The topics of one cell. An event costs the same with one unit queued or ten thousand."""

    def __init__(self, guide: Guide, state: State) -> None:
        self._guide = guide
        self._topics: dict[str, TopicValue] = {}
        self._listeners: list[Listener] = []
        self._log: deque[Happened] = deque(maxlen=LOG)
        self._late: set[tuple[str, str]] = set()  # what waited for a person at the last refresh
        self._refresh(None, state)

    @property
    def guide(self) -> Guide:
        """Who makes the views."""
        return self._guide

    @property
    def topics(self) -> Mapping[str, TopicValue]:
        """Every topic's value now."""
        return self._topics

    @property
    def log(self) -> Sequence[Happened]:
        """The newest events, oldest first."""
        return tuple(self._log)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each batch of changes; the result ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def observe(self, before: State, after: State, events: Sequence[Fresh]) -> None:
        """Follow a committed batch; for the bus."""
        changes: list[Change] = list(self._refresh(before, after))
        for item in events:
            line = _line(item)
            self._log.append(line)
            changes.append(line)
        self._tell(changes)

    def trouble(self, name: str, trouble: Trouble | None) -> None:
        """Show a trouble, or that it is over; for the cell's `Troubles`."""
        view = None
        if trouble is not None:
            view = TroubleView(kind=trouble.kind, about=trouble.about, detail=trouble.detail, since_t=trouble.since_t)
        self._tell(self._apply({f"trouble/{name}": view}, []))

    def _tell(self, changes: Sequence[Change]) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(changes)
            except Exception:
                log.exception("a screen's listener failed", listener=repr(listener))

    def _refresh(self, before: State | None, after: State) -> list[Put | Drop]:
        wanted: dict[str, TopicValue | None] = {}
        if before is None or _cell_may_look_new(before, after):
            wanted["cell"] = self._guide.cell(after)
            wanted["recovery"] = self._guide.recovery(after)
        for order_id, order in after.orders.items():
            if before is None or before.orders.get(order_id) is not order:
                wanted[f"order/{order_id}"] = self._guide.order(after, order_id)
        reckoned = before is None or any(getattr(before, name) is not getattr(after, name) for name in TIME_LEFT_OF)
        for unit_id, unit in after.units.items():
            old = before.units.get(unit_id) if before else None
            if reckoned or unit.rewind is not None:  # why nobody takes it apart hangs on people and zones
                wanted[f"unit/{unit_id}"] = self._guide.unit(after, unit_id)
            marked = _marked_anew(before, after, unit)
            if old is unit and not marked:
                continue
            for step_id, step in unit.steps.items():
                if old is not None and old.steps.get(step_id) is step and not marked:
                    continue
                wanted[f"step/{unit_id}/{step_id}"] = self._guide.step(after, unit_id, step_id)
        wanted.update(self._questions(after))
        late = {(unit.id, step.id) for unit, step in climbing(after)}
        for unit_id, step_id in sorted(self._late | late):  # what is overdue hangs on the cell and on places, too
            if unit_id in after.units:
                wanted[f"step/{unit_id}/{step_id}"] = self._guide.step(after, unit_id, step_id)
        self._late = late
        if before is None or before.world is not after.world:
            for part_id in after.world.facts:
                wanted[f"part/{part_id}"] = self._guide.part(after, part_id)
        for name, count in after.bins.items():
            if before is None or before.bins.get(name) != count:
                wanted[f"bin/{name}"] = self._guide.bin(after, name)
        for actor in (ROBOT, *after.spec.places):
            wanted[f"lane/{actor}"] = self._guide.lane(after, actor)
        for place in after.spec.places:
            wanted[f"card/{place}"] = self._guide.card(after, place)
            if before is None or before.screens_lost is not after.screens_lost:
                wanted[f"trouble/device/{place}"] = _screen_lost(after, place)
        gone = [topic for topic in self._topics if _is_gone(topic, after)] if before and _left(before, after) else []
        return self._apply(wanted, gone)

    def _questions(self, state: State) -> dict[str, TopicValue | None]:
        """Every open question, and those that are none any more: what may be chosen depends on much beside the step."""
        out: dict[str, TopicValue | None] = {topic: None for topic in self._topics if topic.startswith("question/")}
        steps = [(unit.id, step_id) for unit, step_id, step in state.busy() if step.status == StepStatus.ATTENTION]
        steps += [(unit.id, step.id) for unit, step, _ in asked(state)]
        return out | {f"question/{unit}/{step}": self._guide.question(state, unit, step) for unit, step in steps}

    def _apply(self, wanted: dict[str, TopicValue | None], gone: list[str]) -> list[Put | Drop]:
        out: list[Put | Drop] = []
        for topic, value in wanted.items():
            if value is None:
                if self._topics.pop(topic, None) is not None:
                    out.append(Drop(topic=topic))
            elif self._topics.get(topic) != value:
                self._topics[topic] = value
                out.append(Put(topic=topic, value=value))
        for topic in gone:
            if self._topics.pop(topic, None) is not None:
                out.append(Drop(topic=topic))
        return out


def _marked_anew(before: State | None, after: State, unit: UnitState) -> bool:
    """Whether the breakpoints of a unit, or of its order, have changed."""
    old = before.units.get(unit.id) if before is not None else None
    if before is None or old is None:
        return False
    was, is_ = before.orders.get(unit.order), after.orders.get(unit.order)
    of_order = was is not None and is_ is not None and was.breakpoints != is_.breakpoints
    return of_order or old.breakpoints != unit.breakpoints


def _screen_lost(state: State, place: str) -> TroubleView | None:
    if place not in state.screens_lost:
        return None
    return TroubleView(kind="device", about=place, detail=state.places[place].operator, since_t=state.t)


def _left(before: State, after: State) -> bool:
    """Whether an order, a unit or a part has left."""
    pairs = ((before.orders, after.orders), (before.units, after.units), (before.world.facts, after.world.facts))
    return any(old is not new and not old.keys() <= new.keys() for old, new in pairs)


def _is_gone(topic: str, state: State) -> bool:
    kind, _, rest = topic.partition("/")
    if kind == "order":
        return rest not in state.orders
    if kind == "unit":
        return rest not in state.units
    if kind in {"step", "question"}:
        return rest.split("/", 1)[0] not in state.units
    if kind == "part":
        return rest not in state.world.facts
    return False


def _cell_may_look_new(before: State, after: State) -> bool:
    """Tell whether anything has changed that the cell at a glance is made of: all but the time and what bins hold."""
    if any(getattr(before, name) is not getattr(after, name) for name in _OF_THE_CELL):
        return True
    if before.bins is not after.bins and after.suspended:  # it waits for one of them
        return True
    return before.bins is not after.bins and [is_low(before, n) for n in before.bins] != [
        is_low(after, n) for n in after.bins
    ]


def _line(item: Fresh) -> Happened:
    fields, kind = vars(item.event), item.event.type  # asking a model for what it lacks costs as much as all the rest
    text, says = in_words(kind, fields), by_language(fields)
    return Happened(seq=item.seq, t=item.t, type=kind, subject=about(fields), text=text, says=says)
