"""Virtual time: an event loop that jumps to its next timer, so that a shift runs in seconds, the same way every time.

Order is a matter of the program alone: what is ready runs first; then one finished piece of foreign work (a thread,
a process) is let in, the earliest submitted first, however the machine's scheduler mixed them; time moves only
when neither is left. Foreign work is what goes through `loop.run_in_executor`, `asyncio.to_thread` included.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack

from orchestrator.core.errors import SetupError, TandemError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START_UTC = 1767254400.0
"""2026-01-01T08:00:00Z: when a simulated shift begins, unless told otherwise."""


_ASYNCIO = Path(asyncio.__file__).parent


class Deadlock(TandemError):
    """Nothing can ever happen again on a virtual loop, and its program is not done."""

    code = "deadlock"


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose `time()` is virtual and starts at 0. It has no sockets, pipes, signals or subprocesses.

    Foreign work that was started is always waited for, even when its caller was cancelled: whether a thread could
    still be stopped would be a matter of luck. A thread that is not foreign work may use `call_soon_threadsafe`,
    but the loop does not wait for it.
    """

    def __init__(self, start_utc: float = START_UTC) -> None:
        super().__init__()
        self.start_utc = start_utc
        self._selector = self  # BaseEventLoop asks `_selector.select(timeout)` what happened, and so how long to wait
        self._now = 0.0
        self._foreign: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._signals: SimpleQueue[None] = SimpleQueue()  # its put() is safe in threads and signal handlers alike
        self._threads: ThreadPoolExecutor | None = None

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._now

    def busy(self, seconds: float) -> None:
        """Let time pass as if the program had been at something else: whatever was due meanwhile is late."""
        self._now += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run `func(*args)` as foreign work: virtual time stands still until its result has been let in."""
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        if executor is None:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(thread_name_prefix="virtual")
            executor = self._threads
        work = executor.submit(func, *args)
        future: asyncio.Future[T] = self.create_future()
        self._foreign.append((work, future))
        work.add_done_callback(lambda _: self._signals.put(None))
        return future

    def set_default_executor(self, executor: Any) -> None:
        """Use this ThreadPoolExecutor where none is named."""
        if not isinstance(executor, ThreadPoolExecutor):
            raise TypeError("executor must be ThreadPoolExecutor instance")
        self._threads = executor

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002 - asyncio's own signature
        """Wait for the default threads and end them; virtual time does not pass, so `timeout` never strikes."""
        self._join_threads()

    def close(self) -> None:
        """Close the loop and end its default threads."""
        if not self.is_closed() and not self.is_running():
            self._join_threads()
        super().close()

    def select(self, timeout: float | None) -> list[Any]:
        """Make one thing happen. Called by the base class: `timeout` 0 when work is ready, None without timers."""
        if timeout == 0:
            return []
        if not self._signals.empty():
            self._signals.get()
        elif self._foreign:
            work, future = self._foreign[0]
            if work.done():
                self._foreign.popleft()
                _let_in(work, future)
            else:
                self._signals.get()
        elif timeout is None:
            raise Deadlock(
                f"Nothing can ever happen again; waiting: {', '.join(self._pending()) or 'a future without a task'}.",
                remedy="Look for an event, queue or future that nobody sets.",
            )
        else:
            self._now += timeout
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """Called by the base class with what `select` returned: here always nothing."""

    def _write_to_self(self) -> None:
        """Called by `call_soon_threadsafe`, from any thread, to wake the loop."""
        self._signals.put(None)

    def _join_threads(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True)
            self._threads = None

    def _pending(self) -> list[str]:
        return sorted(f"{task.get_name()} ({_where(task.get_coro())})" for task in asyncio.all_tasks(self))


def _let_in(work: Future[Any], future: asyncio.Future[Any]) -> None:
    """Hand the outcome of finished foreign work to whoever awaits it."""
    if future.done():  # its caller was cancelled
        return
    if work.cancelled():
        future.cancel()
        return
    error = work.exception()
    if isinstance(error, StopIteration):  # a future can't carry it
        stop, error = error, RuntimeError("foreign work raised StopIteration")
        error.__cause__ = stop
    if error is None:
        future.set_result(work.result())
    else:
        future.set_exception(error)


def _where(coroutine: Any) -> str:
    """Name a suspended coroutine and the innermost line that it waits at, asyncio's own left out."""
    name, place = getattr(coroutine, "__qualname__", str(coroutine)), ""
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        file = Path(frame.f_code.co_filename)
        if file.parent != _ASYNCIO:
            place = f" at {file.name}:{frame.f_lineno}"
        coroutine = coroutine.cr_await
    return name + place


class VirtualClock:
    """UTC as a virtual loop has it, to the microsecond."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        if not isinstance(loop, VirtualLoop):
            raise SetupError(
                "This event loop keeps real time.", remedy="Run the program with run_virtual(), or use WallClock."
            )
        self._loop = loop

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return round(self._loop.start_utc + self._loop.time(), 6)

    def not_before(self, t: float) -> None:
        """Never say less than `t` from now on: the loop's shift begins that much later."""
        self._loop.start_utc += max(0.0, t - self.now())


def run_virtual(main: Callable[[], Coroutine[Any, Any, T]], *, start_utc: float = START_UTC) -> T:
    """Run `main()` under virtual time and return its result.

    Like asyncio.run: leftover tasks are cancelled, asynchronous generators closed and default threads joined.
    Raises whatever main raises, and Deadlock instead of hanging. It may be called in any thread without a running loop.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start_utc)) as runner:
        return runner.run(main())
