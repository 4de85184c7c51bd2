"""What must hold of a journal whose cell was killed, however often: nothing lost, nothing twice, no motion blindly."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from orchestrator.core import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.core.events import Event
    from orchestrator.core.ports import Recorded

ENGINE = "engine-"  # how the ids begin that no caller has chosen


def untrue(
    recorded: Sequence[Recorded], answers: Mapping[str, bool], acknowledging: Mapping[str, int] = MappingProxyType({})
) -> Iterator[str]:
    """Yield each command that was granted and is not in the journal exactly once, and others that are wrongly there.

    `answers` say of each command's id whether anybody was told that it was granted. What a command has caused stands
    in one piece, so each piece more is a second effect. `acknowledging` names acknowledgements, each with the last
    event that was known when it was still awaited: where somebody else's came after that, another changes nothing.
    """
    pieces = Counter(command for command, _ in groupby(recorded, lambda at: at.entry.command))
    denied = {at.entry.command for at in recorded if at.entry.type == "command_denied"}
    acknowledged = max((at.seq for at in recorded if at.entry.type == "acknowledged"), default=0)
    for name, granted in answers.items():
        if granted and not pieces[name] and acknowledged <= acknowledging.get(name, acknowledged):
            yield f"{name} was granted and is lost"
        if not granted and pieces[name] and name not in denied:
            yield f"{name} was refused and had an effect"
    for name, count in pieces.items():
        if count > 1 and name and not name.startswith(ENGINE):
            yield f"{name} had its effect {count} times"


def blind(events: Sequence[Event]) -> Iterator[str]:
    """Yield every motion after a death that nobody allowed, and every one for a step that nobody has looked at since.

    To look is a camera's verdict or a person's decision, on the very step; a camera that cannot see has not looked.
    What was under way at a death is told by the motions themselves, whatever the cell says of it; a skill that had
    succeeded is under way until its step is done or has failed.
    """
    allowed, at_it, unseen = True, set[tuple[str, str]](), set[tuple[str, str]]()
    for event in events:
        match event:
            case ev.CellRestarted():
                allowed = False
                unseen |= at_it
            case ev.Acknowledged():
                allowed = True
            case ev.SkillEnded():
                if event.outcome != "succeeded":
                    at_it.discard((event.unit, event.step))
                if event.code == "interrupted":
                    unseen.add((event.unit, event.step))
            case ev.StepDone() | ev.StepFailed():
                at_it.discard((event.unit, event.step))
            case ev.CheckEnded(measured=measured, error="") if measured and measured.verdict != "cannot_see":
                unseen.discard((event.unit, event.step))
            case ev.StepAnswered(choice=choice) if choice not in {"wait", "recheck"}:
                unseen.discard((event.unit, event.step))
            case ev.MotionIntended():
                unit, step, _, what = event.effect.split("/", 3)
                if not allowed:
                    yield f"'{event.text}' after a death without a person's word"
                if what != "skill":  # the way to a look is none of the step's own motions
                    continue
                if (unit, step) in unseen:
                    yield f"'{event.text}' of {step} again, and nobody looked"
                at_it.add((unit, step))
