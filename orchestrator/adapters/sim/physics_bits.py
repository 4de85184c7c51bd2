"""Who meets whom under physics: MuJoCo's contact bits, (what a geom is, what it minds)."""

from __future__ import annotations

Bits = tuple[int, int]
_STILL, _MOVING, _PLATE, _MEANT, _HELD = 1, 2, 4, 8, 16

ASLEEP: Bits = (_STILL, 0)  # table and what rests: in nobody's way but that of what moves
PLATE: Bits = (_PLATE, 0)  # a fixture's top carries parts; the planner knows nothing of it, so the arm doesn't meet it
ARM: Bits = (_MOVING, _STILL | _MOVING)
LOOSE: Bits = (_MOVING, _STILL | _MOVING | _PLATE | _MEANT | _HELD)
HELD: Bits = (_HELD, _STILL | _PLATE)  # the fingers that hold it are in its hull
MEANT_LOOSE: Bits = (_MEANT, _STILL | _PLATE | _MEANT)  # not met by the arm and what it holds
MEANT_ASLEEP: Bits = (_MEANT, 0)
