"""The tables of legal moves: one `transitions` machine per region, run on scratch models, without any I/O."""

from __future__ import annotations

import logging
from enum import StrEnum
from functools import cache
from typing import Any

from transitions import Machine, MachineError

from orchestrator.core.errors import TandemError


class CellState(StrEnum):
    """The 17 states of PackML (ISA-TR88.00.02)."""

    IDLE = "idle"
    STARTING = "starting"
    EXECUTE = "execute"
    HOLDING = "holding"
    HELD = "held"
    UNHOLDING = "unholding"
    SUSPENDING = "suspending"
    SUSPENDED = "suspended"
    UNSUSPENDING = "unsuspending"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ABORTING = "aborting"
    ABORTED = "aborted"
    CLEARING = "clearing"
    RESETTING = "resetting"
    COMPLETING = "completing"
    COMPLETED = "completed"


class CellVerb(StrEnum):
    """PackML commands; `settle` is the state-complete of a transient state and comes from the engine alone."""

    START = "start"
    HOLD = "hold"
    UNHOLD = "unhold"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"
    STOP = "stop"
    ABORT = "abort"
    CLEAR = "clear"
    RESET = "reset"
    COMPLETE = "complete"
    SETTLE = "settle"


class Mode(StrEnum):
    """Cell modes."""

    PRODUCTION = "production"
    MANUAL = "manual"
    MAINTENANCE = "maintenance"


class Autonomy(StrEnum):
    """How much the robot may do without asking."""

    FULL = "full"
    APPROVE = "approve"  # each motion sequence is previewed, and people approve it
    SINGLE_STEP = "single_step"  # as approve, and the robot begins each of its steps only when a person says next


class AutonomyVerb(StrEnum):
    """Towards more supervision (lower) or less (raise)."""

    LOWER_TO_APPROVE = "lower_to_approve"
    LOWER_TO_SINGLE_STEP = "lower_to_single_step"
    RAISE_TO_APPROVE = "raise_to_approve"
    RAISE_TO_FULL = "raise_to_full"


class OrderState(StrEnum):
    """States of an order, after ISA-95 job control (OPC 10031-4)."""

    STORED = "stored"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"  # no new unit; those in work are finished
    ENDED = "ended"
    ABORTED = "aborted"
    CANCELLED = "cancelled"
    CLEARED = "cleared"


class OrderVerb(StrEnum):
    """Verbs of ISA-95 job control; `end` comes from the engine when the last unit has left."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ABORT = "abort"
    CANCEL = "cancel"
    CLEAR = "clear"
    END = "end"


class StepStatus(StrEnum):
    """Where a step of a unit stands."""

    WAITING = "waiting"
    READY = "ready"
    ACTIVE = "active"
    VERIFYING = "verifying"
    ATTENTION = "attention"
    DONE = "done"
    UNDOING = "undoing"  # a person is taking it back
    UNDONE = "undone"
    SKIPPED = "skipped"


class StepMove(StrEnum):
    """What can happen to a step."""

    FREE = "free"  # its last predecessor is done
    START = "start"
    VERIFY = "verify"
    PASS = "pass"  # noqa: S105 - evidence supports the result; not a password
    FAIL = "fail"  # try again by the ladder
    ASK = "ask"
    SKIP = "skip"
    TAKE = "take"  # a person begins to take it back
    UNDO = "undo"
    BLOCK = "block"  # a predecessor was undone
    DOUBT = "doubt"  # it was seen in its place, and is not there any more


S, V = CellState, CellVerb
_RUNNING = (S.EXECUTE, S.UNHOLDING, S.UNSUSPENDING, S.SUSPENDING, S.SUSPENDED, S.STARTING)
_NOT_STOPPABLE = {S.STOPPING, S.STOPPED, S.ABORTING, S.ABORTED, S.CLEARING}

CELL: dict[CellVerb, dict[CellState, CellState]] = {
    V.START: {S.IDLE: S.STARTING},
    V.HOLD: dict.fromkeys(_RUNNING, S.HOLDING),
    V.UNHOLD: {S.HELD: S.UNHOLDING},
    V.SUSPEND: {S.EXECUTE: S.SUSPENDING},
    V.UNSUSPEND: {S.SUSPENDED: S.UNSUSPENDING},
    V.STOP: {state: S.STOPPING for state in S if state not in _NOT_STOPPABLE},
    V.ABORT: {state: S.ABORTING for state in S if state not in {S.ABORTING, S.ABORTED}},
    V.CLEAR: {S.ABORTED: S.CLEARING},
    V.RESET: {S.STOPPED: S.RESETTING, S.COMPLETED: S.RESETTING},
    V.COMPLETE: {S.EXECUTE: S.COMPLETING},
    V.SETTLE: {
        S.STARTING: S.EXECUTE,
        S.HOLDING: S.HELD,
        S.UNHOLDING: S.EXECUTE,
        S.SUSPENDING: S.SUSPENDED,
        S.UNSUSPENDING: S.EXECUTE,
        S.STOPPING: S.STOPPED,
        S.ABORTING: S.ABORTED,
        S.CLEARING: S.STOPPED,
        S.RESETTING: S.IDLE,
        S.COMPLETING: S.COMPLETED,
    },
}

D, W = OrderState, OrderVerb
ORDER: dict[OrderVerb, dict[OrderState, OrderState]] = {
    W.START: {D.STORED: D.RUNNING},
    W.PAUSE: {D.RUNNING: D.PAUSED},
    W.RESUME: {D.PAUSED: D.RUNNING},
    W.STOP: {D.RUNNING: D.STOPPING},
    W.ABORT: {D.RUNNING: D.ABORTED, D.PAUSED: D.ABORTED, D.STOPPING: D.ABORTED},
    W.CANCEL: {D.STORED: D.CANCELLED},
    W.CLEAR: {D.ENDED: D.CLEARED, D.ABORTED: D.CLEARED, D.CANCELLED: D.CLEARED},
    W.END: {D.RUNNING: D.ENDED, D.STOPPING: D.ENDED, D.PAUSED: D.ENDED},
}

T, M = StepStatus, StepMove
STEP: dict[StepMove, dict[StepStatus, StepStatus]] = {
    M.FREE: {T.WAITING: T.READY, T.UNDONE: T.READY},
    M.START: {T.READY: T.ACTIVE},
    M.VERIFY: {T.ACTIVE: T.VERIFYING, T.ATTENTION: T.VERIFYING, T.READY: T.VERIFYING},  # ready: a late claim
    M.PASS: {T.ACTIVE: T.DONE, T.VERIFYING: T.DONE, T.ATTENTION: T.DONE},
    M.FAIL: {T.ACTIVE: T.READY, T.VERIFYING: T.READY, T.ATTENTION: T.READY},
    M.ASK: dict.fromkeys((T.ACTIVE, T.VERIFYING, T.READY, T.UNDOING), T.ATTENTION),
    M.SKIP: {T.ATTENTION: T.SKIPPED},
    M.TAKE: dict.fromkeys((T.DONE, T.SKIPPED, T.ATTENTION), T.UNDOING),
    M.UNDO: dict.fromkeys((T.DONE, T.SKIPPED, T.ACTIVE, T.VERIFYING, T.ATTENTION, T.READY, T.UNDOING), T.UNDONE),
    M.BLOCK: {T.READY: T.WAITING, T.UNDONE: T.WAITING},
    M.DOUBT: {T.DONE: T.ATTENTION},
}

A, L = Autonomy, AutonomyVerb
AUTONOMY: dict[AutonomyVerb, dict[Autonomy, Autonomy]] = {
    L.LOWER_TO_APPROVE: {A.FULL: A.APPROVE},
    L.LOWER_TO_SINGLE_STEP: {A.FULL: A.SINGLE_STEP, A.APPROVE: A.SINGLE_STEP},
    L.RAISE_TO_APPROVE: {A.SINGLE_STEP: A.APPROVE},
    L.RAISE_TO_FULL: {A.APPROVE: A.FULL, A.SINGLE_STEP: A.FULL},
}
LOWERS = frozenset({L.LOWER_TO_APPROVE, L.LOWER_TO_SINGLE_STEP})
ASKS_MOTION = frozenset({A.APPROVE, A.SINGLE_STEP})  # the levels at which each motion wants approval
ASKS_STEP = frozenset({A.SINGLE_STEP})  # those at which each step of the robot wants a release
TABLES: dict[str, dict[Any, dict[Any, Any]]] = {"cell": CELL, "order": ORDER, "step": STEP, "autonomy": AUTONOMY}
_STATES: dict[str, type[StrEnum]] = {
    "cell": CellState,
    "order": OrderState,
    "step": StepStatus,
    "autonomy": Autonomy,
}

TRANSIENT = frozenset(CELL[V.SETTLE])
AT_WORK = frozenset({S.EXECUTE, S.SUSPENDING, S.SUSPENDED, S.UNSUSPENDING})  # people are waited for
MOTION_ALLOWED = frozenset({S.EXECUTE, S.COMPLETING, S.STARTING, S.UNHOLDING, S.UNSUSPENDING})


class IllegalMove(TandemError):
    """A move that the table does not hold."""

    code = "illegal_move"


class _Model:
    """A scratch model; the real state lives in frozen records."""

    state: Any = None

    def trigger(self, name: str) -> bool:
        """Fire a trigger; the machine overrides this."""
        raise NotImplementedError(name)


logging.getLogger("transitions.core").setLevel(logging.ERROR)  # it warns of every name that model_override leaves out


@cache
def _machine(region: str) -> tuple[Machine, _Model]:
    model = _Model()
    states = _STATES[region]
    table = TABLES[region]
    transitions = [
        {"trigger": str(verb), "source": source, "dest": dest}
        for verb, row in table.items()
        for source, dest in row.items()
    ]
    machine = Machine(
        model,
        states=states,
        transitions=transitions,
        initial=next(iter(states)),
        auto_transitions=False,
        model_override=True,
    )
    return machine, model


def move(region: str, state: StrEnum, verb: StrEnum) -> Any:
    """Return the state after `verb`. Raises IllegalMove, naming what is possible."""
    machine, model = _machine(region)
    machine.set_state(state, model)
    try:
        model.trigger(str(verb))
    except MachineError:
        possible = ", ".join(sorted(str(v) for v, row in TABLES[region].items() if state in row)) or "nothing"
        message = f"'{verb}' is not possible while the {region} is {state}."
        raise IllegalMove(message, remedy=f"Possible now: {possible}.") from None
    return model.state


def verb_to(before: Autonomy, after: Autonomy) -> AutonomyVerb | None:
    """Return what brings the autonomy from one level to another, None where it is there already."""
    return next((verb for verb, row in AUTONOMY.items() if row.get(before) == after), None)


def allowed(region: str, state: StrEnum) -> tuple[Any, ...]:
    """Return the verbs that the table holds for a state."""
    return tuple(verb for verb, row in TABLES[region].items() if state in row)
