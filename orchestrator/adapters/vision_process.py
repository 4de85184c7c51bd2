"""A process for jobs that run native code: it is watched, ended when it hangs, and there again after any end."""

from __future__ import annotations

import asyncio
import atexit
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import structlog

from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

P = ParamSpec("P")
R = TypeVar("R")

MEMORY_MB = 1000.0  # Open3D needs 170, meshes and pictures some more
DYING_S = 5.0  # a process whose pipe has closed is a zombie after microseconds, unless the kernel is in trouble

log = structlog.get_logger(__name__)


class ProcessGone(VisionError):
    """The process ended before it answered, by itself or because it hung."""

    code = "vision_crashed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the process may take: wall seconds for an answer and for its start, resident memory between two jobs.

    Memory is read after each answer, and a process above the limit makes way for a new one. RLIMIT_AS would count
    address space, of which the libraries reserve several times what they use, and would strike in the middle of a job.
    """

    answer_s: float = 20.0
    start_s: float = 120.0  # Open3D loads in 2 s, on a busy machine with a cold disk in 30
    memory_mb: float = MEMORY_MB


class WatchedProcess:
    """Runs jobs one after another in a child process, which is started at first use.

    `serve` is what the child runs: it says that it is ready by sending an answer, then answers each job that it gets.
    Any event loop may call, also one after another; a virtual one keeps its time meanwhile.
    """

    def __init__(self, serve: Callable[..., None], args: tuple[Any, ...], limits: Limits) -> None:
        self._serve = serve
        self._args = args
        self._limits = limits
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vision")
        self._child: _Child | None = None
        self._hand = threading.Lock()  # held to begin a child, or to say that none begins any more
        self._closed = False

    @property
    def id(self) -> int | None:
        """The process's id once it is ready, None before and between two processes."""
        child = self._child
        return child.process.pid if child is not None and child.ready else None

    async def run(self, job: Callable[P, R], *args: P.args, **_: P.kwargs) -> R:
        """Run a job in the process.

        Raises:
            ProcessGone: it ended or hung meanwhile; another one is being started.
            VisionError: this was closed (closed), or whatever the job raises.
        """
        answer: R = await self._in_turn(self._ask, job, args)
        return answer

    async def warm_up(self) -> int:
        """Have the process started and ready; returns its id. Raises ProcessGone, and VisionError when closed."""
        return (await self._in_turn(self._ready)).process.pid or 0

    async def close(self) -> None:
        """Kill the process, also in the middle of a job, stopped or hung. Idempotent."""
        with self._hand:
            self._closed = True
            if self._child is not None:
                self._child.kill()
        await asyncio.get_running_loop().run_in_executor(None, self._end)

    async def _in_turn(self, work: Callable[..., R], *args: Any) -> R:
        if self._closed:
            raise _closed()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
        except ProcessGone:
            if self._closed:
                raise _closed() from None
            raise

    def _start_ahead(self) -> None:
        with suppress(RuntimeError):  # closed meanwhile
            self._thread.submit(self._ready)  # where it fails, the next job says so

    # ---- what runs in the thread -------------------------------------------------------------------------------

    def _ask(self, job: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        child = self._ready()
        try:
            answer = child.ask((job, args), self._limits.answer_s, "looked")
        except ProcessGone as gone:
            log.warning("vision_process_gone", pid=child.process.pid, why=gone.message)
            self._end_child()
            self._start_ahead()
            raise
        if (used_mb := child.resident_mb()) > self._limits.memory_mb:
            log.warning("vision_process_replaced", pid=child.process.pid, used_mb=round(used_mb))
            self._end_child()
            self._start_ahead()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ready(self) -> _Child:
        """Return a child that has said that it is ready, a new one where the last has ended meanwhile."""
        if self._child is not None and not self._child.process.is_alive():
            log.warning("vision_process_gone", pid=self._child.process.pid, why="It ended while it had nothing to do.")
            self._end_child()
        child = self._child
        if child is None:
            with self._hand:
                if self._closed:
                    raise _closed()
                child = self._child = _Child(self._serve, self._args)
            try:
                child.ask(None, self._limits.start_s, "started")
            except ProcessGone:
                self._end_child()
                raise
            child.ready = True
        return child

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _end(self) -> None:
        self._thread.shutdown()
        self._end_child()


class _Child:
    """One process and its pipe."""

    def __init__(self, serve: Callable[..., None], args: tuple[Any, ...]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.ready = False
        self._pipe: Connection
        self._pipe, theirs = spawn.Pipe()
        self.process: SpawnProcess = spawn.Process(target=serve, args=(theirs, *args), daemon=True)
        self.process.start()
        theirs.close()  # so that this end of the pipe breaks when the process ends
        atexit.register(self.kill)  # the interpreter would wait for a process that is stopped

    def ask(self, message: object, limit_s: float, doing: str) -> Any:
        """Send a message, where it is one, and return the answer. Raises ProcessGone."""
        hung = threading.Event()

        def give_up() -> None:
            hung.set()
            self.kill()

        watchdog = threading.Timer(limit_s, give_up)
        watchdog.daemon = True
        watchdog.start()
        try:
            if message is not None:
                self._pipe.send(message)
            return self._pipe.recv()
        except (EOFError, OSError):
            watchdog.cancel()
            self.process.join(DYING_S)
            raise _gone(self.process.exitcode, doing, limit_s if hung.is_set() else None) from None
        finally:
            watchdog.cancel()

    def kill(self) -> None:
        """End the process at once: SIGKILL works on a stopped one, too."""
        self.process.kill()

    def end(self) -> None:
        """Kill the process and take leave of it."""
        atexit.unregister(self.kill)
        self.kill()
        self.process.join(DYING_S)
        self._pipe.close()

    def resident_mb(self) -> float:
        """Return the memory that the process holds, 0 where the system does not say."""
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _gone(exitcode: int | None, doing: str, limit_s: float | None) -> ProcessGone:
    if limit_s is not None:
        how = f"hung while it {doing}: it gave no answer for {limit_s:g} s and was ended"
    elif exitcode is None or exitcode >= 0:
        how = f"ended while it {doing} (exit code {exitcode})"
    elif -exitcode in {signal.SIGKILL, signal.SIGTERM}:
        how = f"was killed while it {doing} (signal {-exitcode})"
    else:
        how = f"crashed while it {doing} (signal {-exitcode}, {signal.strsignal(-exitcode)})"
    return ProcessGone(
        f"The vision process {how}.",
        remedy="Check again; if that happens often, see the part's mesh and run `tandem doctor`.",
    )


def _closed() -> VisionError:
    return VisionError("Vision was closed.", remedy="Start the cell again.", code="closed")
