"""`tandem demo` as a user starts it, killed from outside by `kill -9`, and a person at its REST interface."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
STARTS_S = 180.0  # s of the wall, on a busy machine
LASTS_S = 420.0  # how long the rest of a unit may take
ENDS_S = 60.0  # within which nothing that a server has started may be left
PAUSE_S = 0.2  # between two looks of the person
ARGUMENTS = ["demo", "--worker", "sim", "--speed", "20", "--units", "1", "--port", "0"]
_GOES_ON = ("acknowledge", "unhold", "clear", "reset", "start")  # whichever is offered, in this order
_URL = re.compile(r"ready at (http://\S+)")


@dataclass(frozen=True)
class Kill:
    """When to kill: so long (s, or as a share of a start's time) after the process began, or after it served."""

    when: Literal["start", "work"]
    after: float


@dataclass
class Person:
    """Brings a cell back to work as its pages offer it, over REST, and remembers all that was answered and told."""

    answers: dict[str, bool] = field(default_factory=dict)  # by a command's id: whether it was granted
    told: dict[int, tuple[str, str]] = field(default_factory=dict)  # by an event's number: its type and hash
    acknowledging: dict[str, int] = field(default_factory=dict)  # by a command's id: the last event told before it
    cell: dict[str, Any] = field(default_factory=dict)  # as last seen
    _asked: int = 0
    _open: tuple[str, dict[str, Any]] | None = None  # a command about the order that nobody has answered

    def look(self, http: httpx.Client) -> bool:
        """Look at the cell once and do what it waits for; returns whether the unit is finished."""
        page = self._get(http, f"/events?limit=1000&after={max(self.told, default=0)}")
        self.told |= {line["seq"]: (line["type"], line["sha256"]) for line in page["events"]}
        if self._get(http, "/units"):
            return True
        self.cell = self._get(http, "/cell")
        offered = {button["label"]: button["command"] for button in self.cell["buttons"]}
        wanted = [name for name in _GOES_ON if name in offered]
        if wanted and (wanted[0] == "acknowledge" or self.cell["state"] != "execute"):
            self._ask(http, {**offered[wanted[0]], **({} if wanted[0] == "acknowledge" else {"reason": "on with it"})})
        for order in self._get(http, "/orders"):
            for button in order["buttons"]:
                if button["label"] == "start":
                    self._ask(http, button["command"])
        return False

    def _get(self, http: httpx.Client, path: str) -> Any:
        response = http.get(path)
        response.raise_for_status()
        return response.json()

    def _ask(self, http: httpx.Client, command: dict[str, Any]) -> None:
        """Give a command; what nobody answered is given once more under its id, unless it makes the robot move."""
        if self._open is None or self._open[1] != command:
            self._asked += 1
            self._open = (f"person-{self._asked}", command)
        name = self._open[0]
        if command["type"] == "acknowledge":
            self.acknowledging[name] = max(self.told, default=0)
        if command["type"] != "change_order":
            self._open = None
        response = http.post("/commands", json={"id": name, "command": command})
        assert response.status_code in {200, 409}, response.text
        self.answers[name] = response.status_code == 200
        self._open = None


class Unit:
    """One unit of one cell, through all the lives that it takes; it keeps its journal in `data`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.person = Person()
        self.deaths: list[str] = []
        self.done = False
        self._start_s = 0.0
        self._said: list[str] = []

    def live(self, kill: Kill | None) -> None:
        """Start the cell, and work until it is killed or the unit is done. Raises AssertionError with what was seen."""
        command = [sys.executable, "-m", "orchestrator", *ARGUMENTS, "--data", str(self.data)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        served: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=self._read, args=(process, served.put), daemon=True)
        reader.start()
        begun_s = time.monotonic()
        timer = threading.Timer(kill.after * self._start_s if kill else 0.0, process.kill)
        try:
            if kill and kill.when == "start":
                timer.start()
            url = self._within(lambda: served.get(timeout=STARTS_S), queue.Empty, "It did not serve")
            if url:
                self._start_s = time.monotonic() - begun_s
                if kill and kill.when == "work":
                    timer = threading.Timer(kill.after, process.kill)
                    timer.start()
                self._work(process, url)
        finally:
            timer.cancel()
            if process.poll() is None:
                process.send_signal(signal.SIGTERM if self.done else signal.SIGKILL)
            code = self._within(lambda: process.wait(timeout=ENDS_S), subprocess.TimeoutExpired, "It did not end")
            reader.join(ENDS_S)  # the vision process has the same standard output
            assert not reader.is_alive(), self._seen("What it had started lives on")
        if code == -signal.SIGKILL and kill:
            self.deaths.append(kill.when if url else "start")
        else:
            assert (code, self.done) == (0, True), self._seen(f"It ended by itself with {code}")

    def _work(self, process: subprocess.Popen[str], url: str) -> None:
        ends_s = time.monotonic() + LASTS_S
        once = httpx.Limits(max_keepalive_connections=0)  # the server's patience with idle ones is sped up, too
        with httpx.Client(base_url=f"{url.rstrip('/')}/api/v1", timeout=30.0, limits=once, trust_env=False) as http:
            while not self.done:
                assert time.monotonic() < ends_s, self._seen("The unit was not finished")
                try:
                    self.done = self.person.look(http)
                except httpx.TransportError as error:
                    what = f"It lives and does not answer: {error!r}"
                    self._within(lambda: process.wait(timeout=ENDS_S), subprocess.TimeoutExpired, what)
                    return
                try:
                    process.wait(timeout=PAUSE_S)
                except subprocess.TimeoutExpired:
                    continue
                return

    def _read(self, process: subprocess.Popen[str], served: Callable[[str], None]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._said.append(line.rstrip())
                if found := _URL.search(line):
                    served(found[1])
        served("")

    def _within(self, wait: Callable[[], T], late: type[Exception], what: str) -> T:
        try:
            return wait()
        except late:
            raise AssertionError(self._seen(what)) from None

    def _seen(self, what: str) -> str:
        cell = {name: self.person.cell.get(name) for name in ("state", "acknowledged", "safety", "reasons")}
        last = [f"{seq} {kind}" for seq, (kind, _) in sorted(self.person.told.items())[-20:]]
        return "\n".join([f"{what}, after {len(self.deaths)} deaths.", str(cell), *last, *self._said[-20:]])
