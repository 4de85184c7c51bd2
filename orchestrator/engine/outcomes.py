"""What an effect comes to that was broken off or has failed: the command that says so."""

from __future__ import annotations

from orchestrator.core import commands as cmd
from orchestrator.core.errors import TandemError
from orchestrator.core.machine import CellVerb
from orchestrator.core.react import (
    GoHome,
    Look,
    LookForRemains,
    Recover,
    RideAndLook,
    RunManual,
    RunRetreat,
    RunSkill,
    Settle,
)

Performed = RunSkill | RunManual | RunRetreat | Look | RideAndLook | GoHome | LookForRemains | Settle | Recover


def broken_off(effect: Performed) -> cmd.Command | None:
    """Return what is said of an effect that was called off, None where nothing is."""
    if isinstance(effect, RunManual):
        return cmd.EndManual(motion=effect.id, outcome="canceled")
    if isinstance(effect, RunRetreat):
        return cmd.EndRetreat(retreat=effect.id, outcome="canceled")
    if isinstance(effect, RunSkill):
        return cmd.EndSkill(
            effect=effect.id, unit=effect.unit, step=effect.step, attempt=effect.attempt, outcome="canceled"
        )
    if isinstance(effect, GoHome):
        return cmd.EndHome(effect=effect.id, outcome="canceled")
    if isinstance(effect, RideAndLook):
        return cmd.EndCheck(effect=effect.id, unit=effect.unit, step=effect.step, attempt=effect.attempt, canceled=True)
    return None


def words(error: Exception) -> tuple[str, ...]:
    """What an error says, sentence by sentence."""
    if not isinstance(error, TandemError):
        return (f"{type(error).__name__}: {error}"[:2000],)
    return tuple(text[:2000] for text in (error.message, error.remedy) if text)


def crashed(effect: Performed, error: Exception) -> cmd.Command:
    """Return what is said of an effect that raised an error."""
    text = str(error) or type(error).__name__
    remedy = error.remedy if isinstance(error, TandemError) else "See the log, then retry."
    message = error.message if isinstance(error, TandemError) else f"{type(error).__name__}: {text}"
    way_home = error.way_home if isinstance(error, TandemError) else None
    if isinstance(effect, RunSkill):
        return cmd.EndSkill(
            effect=effect.id,
            unit=effect.unit,
            step=effect.step,
            attempt=effect.attempt,
            outcome="failed",
            code=error.code if isinstance(error, TandemError) else "crashed",
            message=message[:2000],
            remedy=remedy,
            retry=error.retry if isinstance(error, TandemError) else True,
            way_home=way_home,
        )
    if isinstance(effect, GoHome):
        code = error.code if isinstance(error, TandemError) else "crashed"
        return cmd.EndHome(effect=effect.id, outcome="failed", code=code, message=message[:2000])
    if isinstance(effect, RunManual):
        code = error.code if isinstance(error, TandemError) else "crashed"
        return cmd.EndManual(motion=effect.id, outcome="unknown", code=code, message=message[:2000])
    if isinstance(effect, RunRetreat):
        code = error.code if isinstance(error, TandemError) else "crashed"
        return cmd.EndRetreat(
            retreat=effect.id, outcome="unknown", code=code, message=message[:2000], remedy=remedy[:2000]
        )
    if isinstance(effect, Look | RideAndLook):
        return cmd.EndCheck(
            effect=effect.id,
            unit=effect.unit,
            step=effect.step,
            attempt=effect.attempt,
            error=message[:2000],
            remedy=remedy[:2000] if isinstance(error, TandemError) else "",
            way_home=way_home,
        )
    if isinstance(effect, LookForRemains):
        return cmd.EndRemainsLook(effect=effect.id, part=effect.part, error=text[:2000])
    if isinstance(effect, Settle):
        return cmd.SettleCell(state=effect.state, trouble=words(error), change=effect.change)
    return cmd.ChangeCell(verb=CellVerb.ABORT, reason=text[:2000])
