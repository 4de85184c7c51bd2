"""How long whoever guessed wrong has to wait: nothing at first, then twice as long each time, and at last for good."""

from __future__ import annotations

from orchestrator.core.access import Failures

FREE = 4  # wrong tries that cost no time: gloves, a worn badge
FIRST_S = 15.0
MOST_S = 900.0
LOCKED = 20  # of an account: 20 tries of a million PINs, then a supervisor has to set it anew
FORGOTTEN_S = 24 * 3600.0  # without a wrong try


def failed(before: Failures, now: float) -> Failures:
    """Return the failures with one more at `now` (s, UTC)."""
    return Failures(count=counted(before, now) + 1, last_t=now)


def counted(failures: Failures, now: float) -> int:
    """Return how many wrong tries still count. An account that is locked stays so."""
    forgotten = now - failures.last_t > FORGOTTEN_S and failures.count < LOCKED
    return 0 if forgotten else failures.count


def wait_s(failures: Failures, now: float) -> float:
    """Return how long to wait before the next try is looked at (s); 0 when it may come now.

    >>> [wait_s(Failures(count=n, last_t=100.0), 100.0) for n in (3, 4, 5, 6, 11)]
    [0.0, 15.0, 30.0, 60.0, 900.0]
    """
    over = counted(failures, now) - FREE
    if over < 0:
        return 0.0
    pause = min(MOST_S, FIRST_S * 2.0 ** min(over, 32))
    return min(pause, max(0.0, failures.last_t + pause - now))  # at most the pause, also when the clock was set back
