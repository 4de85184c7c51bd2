"""The vision process as its owner has it: it answers one job at a time, within limits of time and memory."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from contextlib import contextmanager
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.adapters.vision import work
from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from orchestrator.adapters.vision.settings import VisionSettings

R = TypeVar("R")
START_S = 60.0  # for a process to load Open3D, which takes some 3 s, on a machine that is busy with other things
END_S = 5.0  # for the kernel to take a killed process away


class Gone(VisionError):
    """The process gave no answer: it died (vision_crashed), hung (vision_hung) or ran out of memory (vision_memory)."""


class VisionProcess:
    """One child process, begun at the first job and again whenever it was lost. Jobs come from one thread at a time.

    A job has `settings.seconds` of wall time, then the process is killed. It may have `settings.memory_mb`; where half
    of it is still in use after an answer, a fresh process takes over before the next job.
    """

    def __init__(self, meshes: Path, evidence: Path | None, settings: VisionSettings) -> None:
        self._setup = (meshes, evidence, settings)
        self._settings = settings
        self._lock = threading.Lock()  # around what `close` and the jobs' thread both change
        self._child: _Child | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process's id once it has answered, None before."""
        child = self._child
        return child.process.pid if child is not None and child.ready else None

    def ask(self, job: Callable[..., R], args: tuple[Any, ...]) -> R:
        """Run a job in the process and return what it returns; what it raises is raised here.

        Raises:
            Gone: there was no answer; the next job finds a fresh process.
            VisionError: Open3D can't be loaded (no_open3d), or this was closed (closed).
        """
        child = self._ready()
        with self._limited(child, self._settings.seconds, "while it looked") as connection:
            connection.send((job, args))
            returned, value, memory_mb = connection.recv()
        if returned and memory_mb <= self._settings.memory_mb / 2:
            return value  # type: ignore[no-any-return] # what the job returned, as it came through the pipe
        if returned:
            self._renew(child)
            return value  # type: ignore[no-any-return] # as above
        if isinstance(value, MemoryError):
            self._renew(child)
            raise Gone(
                f"The vision process needed more memory than its limit of {self._settings.memory_mb} MB.",
                remedy="Look again; if it happens again, check the size of the part's mesh.",
                code="vision_memory",
            )
        raise value

    def close(self) -> None:
        """End the process, also in the middle of a job, whatever state it is in. From any thread; idempotent."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.end()

    def _ready(self) -> _Child:
        """Return a child that waits for a job. Raises as `ask`."""
        with self._lock:
            self.refuse_closed()
            if self._child is not None and not self._child.process.is_alive():  # it died while nobody asked
                self._child.end()
                self._child = None
            child = self._child = self._child or _Child(self._setup)
        if not child.ready:
            with self._limited(child, START_S, "while it loaded Open3D") as connection:
                problem = connection.recv()
            if problem is not None:
                self._renew(child, begin=False)
                raise VisionError(
                    f"Open3D can't be loaded: {problem}.", remedy="Run `tandem doctor`.", code="no_open3d"
                )
            child.ready = True
        return child

    @contextmanager
    def _limited(self, child: _Child, seconds: float, when: str) -> Iterator[Connection]:
        """Give out the pipe to a child that is killed after some wall time. Raises Gone where it gives no answer."""
        hung = threading.Event()

        def give_up() -> None:
            hung.set()
            child.process.kill()  # works on a stopped process and on one that is stuck in native code

        watch = threading.Timer(seconds, give_up)
        watch.daemon = True
        watch.start()
        try:
            yield child.connection
        except (EOFError, OSError):
            child.process.join(END_S)
            died = child.process.exitcode
            self._renew(child)
            raise _gone(died, hung.is_set(), seconds, when) from None
        finally:
            watch.cancel()

    def _renew(self, child: _Child, *, begin: bool = True) -> None:
        """Put a fresh process in a child's place; it loads Open3D until somebody asks it."""
        child.end()
        with self._lock:
            if self._child is child:
                self._child = None
            self.refuse_closed()
            if self._child is None and begin:
                self._child = _Child(self._setup)

    def refuse_closed(self) -> None:
        """Raise VisionError (closed) once `close` was called."""
        if self._closed:
            raise VisionError("Vision was closed.", remedy="Start the cell again.", code="closed")


class _Child:
    """A process and the pipe to it; `ready` once it said that it works."""

    def __init__(self, setup: tuple[Path, Path | None, VisionSettings]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process: SpawnProcess = spawn.Process(
            target=work.serve, args=(theirs, *setup), name="tandem vision", daemon=True
        )
        self.process.start()
        theirs.close()  # so that the pipe ends with the process
        self.ready = False
        # Interpreters that end join their processes after a SIGTERM, which one that is stopped never takes.
        self._at_exit = Finalize(None, self.process.kill, exitpriority=1)

    def end(self) -> None:
        """Kill the process and wait until it is away. Whoever reads from it finds the pipe's end."""
        self.process.kill()
        self.process.join(END_S)
        self._at_exit.cancel()


def _gone(exitcode: int | None, hung: bool, seconds: float, when: str) -> Gone:
    if hung:
        return Gone(
            f"The vision process gave no answer for {seconds:g} s {when} and was ended.",
            remedy="Look again.",
            code="vision_hung",
        )
    if exitcode is not None and exitcode < 0:
        how = f"was killed {when} (signal {-exitcode}, {signal.strsignal(-exitcode)})"
    else:
        how = f"ended {when} (exit code {exitcode})"
    return Gone(f"The vision process {how}.", remedy="Look again.", code="vision_crashed")
