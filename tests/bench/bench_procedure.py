"""How long a big procedure takes to start, a long journal to come back, and which authored mistakes are found."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.adapters.snapshot_file import SnapshotFile
from orchestrator.core import commands as cmd
from orchestrator.core.events import decode
from orchestrator.core.fold import fold
from orchestrator.core.machine import CellVerb, OrderVerb, StepStatus
from orchestrator.core.ports import Entry
from orchestrator.engine.answers import REMEMBERED
from orchestrator.engine.library import Library, check
from orchestrator.engine.snapshot import EVERY, Snapshot, SnapshotKeeper
from orchestrator.wire import Answer
from tests.bench.cells import OPTIONS, PRODUCT, BenchCell, library
from tests.bench.report import Figure, bench, scratch
from tests.served import started
from tests.unit.mistakes.authored import SKILLS, box, lay_out
from tests.unit.test_library_mistakes import SHIPPED, _cases

STEPS = 500
EVENTS = 100_000
CELL = """
robot: {model: ur5e, at: {xyz_mm: [0, 0, 0]}, gripper: parallel_85, payload_kg: 5}
frames: {nest_1: {xyz_mm: [450, -150, 20]}, out: {xyz_mm: [720, 0, 20]}}
nests: {nest: [nest_1]}
cameras: {top: {at: {xyz_mm: [450, 0, 1050], rpy_deg: [180, 0, 90]}, model: structured_light}}
places: {front: {at: {xyz_mm: [950, 0, 0]}, lift_kg: 12, effort_per_h: 200}}
tools: {driver: {for: [robot, human], gives: {torque_Nm: [2, 40]}, due: 2030-01-01}}
supply:
  frames: {parts: [frame], at: {xyz_mm: [-450, 0, 10]}, grid: [2, 2], pitch_mm: [320, 320]}
  pins: {parts: [pin], at: {xyz_mm: [820, -260, 0]}, holds: 2000, min: 300}
"""


# ---- a procedure of 500 steps ----------------------------------------------------------------------------------


@bench("procedure.start_s_500", "s", hold=2)
def big_procedure() -> Figure:
    took = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            took.append(_start(Path(folder)))
    load, checked, compiled, started = (statistics.median(parts) for parts in zip(*took, strict=True))
    note = (
        f"median of 3; check {checked:.2f} s, load and compile {load + compiled:.2f} s, order stored on disk to first "
        f"step active {started:.2f} s; {STEPS} steps written one by one; imports not counted"
    )
    return Figure(statistics.median(sum(parts) for parts in took), len(took), note)


def _start(folder: Path) -> tuple[float, float, float, float]:
    """Return how long loading, checking, compiling and starting took (s)."""
    cell_file = _write(folder)
    marks = [time.perf_counter()]
    shelf = Library(folder / "instructions", cell_file)
    marks.append(time.perf_counter())
    mistakes = [problem for problem in check(folder / "instructions", cell_file) if problem.severity == "error"]
    assert not mistakes, mistakes[0]
    marks.append(time.perf_counter())
    variant = shelf.variant("rack", {})
    assert len(variant.steps) == STEPS
    marks.append(time.perf_counter())

    async def run() -> None:
        with scratch() as disk:
            cell = BenchCell(shelf, SqliteJournal(disk / "cell.journal"))
            async with cell.running():
                await cell.do(cmd.JoinPlace(place="front", operator="op"))
                await cell.do(cmd.StoreOrder(order="A", variant=variant))
                await cell.do(cmd.ChangeOrder(order="A", verb=OrderVerb.START))
                await cell.do(cmd.ChangeCell(verb=CellVerb.START))
                await cell.runner.until(lambda state: any(b[2].status == StepStatus.ACTIVE for b in state.busy()))
                marks.append(time.perf_counter())
            await cell.journal.close()

    asyncio.run(run())
    load, checked, compiled, started = (b - a for a, b in itertools.pairwise(marks))
    return load, checked, compiled, started


def _write(folder: Path) -> Path:
    """Write a rack with as many holes as it takes: place a pin, fasten it, and so on."""
    pins = (STEPS - 2) // 2
    lines = [
        "parts:",
        "  frame: {mass_kg: 2, name: {en: Frame, de: Rahmen}, grasps: {edge: {xyz_mm: [0, 0, 20], opening_mm: 20}},",
        f"    frames: {{hole: {{n: {pins}, circle_mm: 260}}}}}}",
        "  pin: {mass_kg: 0.02, symmetry_z: any, name: {en: Pin, de: Stift}}",
        "steps:",
        "- {id: load, after: [], result: {part: frame, at: nest}, robot: pick_place, time_s: 10}",
    ]
    for i in range(1, pins + 1):
        pin = f"result: {{part: pin.{i}, at: frame/hole_{i}}}, check: person"
        fasten = f"result: {{at: frame/hole_{i}, values: {{torque_Nm: {{is: 12, within: 1.5}}}}}}, tool: driver"
        lines.append(f"- {{id: pin_{i}, {pin}, human: true, time_s: 4}}")
        lines.append(f"- {{id: fasten_{i}, {fasten}, human: true, time_s: 6}}")
    lines.append("- {id: unload, result: {part: frame, at: out}, check: person, human: true, time_s: 12}")
    product = folder / "instructions" / "rack"
    product.mkdir(parents=True)
    (product / "procedure.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (product / "frame.glb").write_bytes(box((0.30, 0.30, 0.02)))
    (product / "pin.glb").write_bytes(box((0.002, 0.002, 0.02)))
    cell_file = folder / "bench.yaml"
    cell_file.write_text(CELL, encoding="utf-8")
    return cell_file


# ---- a long journal --------------------------------------------------------------------------------------------


@bench("restart.ready_s_100k", "s", hold=2)
def restart() -> list[Figure]:
    with scratch() as folder:
        path = folder / "journal.db"
        units = asyncio.run(_fill(path, run_virtual(_one_unit)))
        bare = asyncio.run(_come_up(path, None))
        kept = asyncio.run(_snapshot(path, EVENTS - EVERY + 1))
        took = [asyncio.run(_come_up(path, kept)) for _ in range(3)]
        _serve_until_ready(folder)  # once: compiled code and the simulated parts are on disk, as after any kill
        whole_s = []
        for _ in range(3):
            SnapshotFile(path).save(kept)
            whole_s.append(_serve_until_ready(folder))
    opened, replayed, shown = (statistics.median(parts) for parts in zip(*took, strict=True))
    note = (
        f"median of 3 after a kill just before the next snapshot, {EVERY - 1} events after the last "
        f"({len(kept) / 1000:.0f} kB): open and index check {opened:.2f} s, restore and fold {replayed:.2f} s, screen "
        f"and restart report {shown:.2f} s; {units} units of the shipped product; Python's start not counted"
    )
    whole = (
        f"median of 3, {min(whole_s):.2f} to {max(whole_s):.2f} s; the same from the start of a process `tandem serve` "
        "that was killed, to its answer that it is ready: Python, imports (compiled before), files and server included"
    )
    without = f"the same without any snapshot: read and fold {bare[1]:.2f} s"
    return [
        Figure(statistics.median(sum(parts) for parts in took), EVENTS, note),
        Figure(sum(bare), EVENTS, without, name="restart.without_snapshot_s_100k"),
        Figure(statistics.median(whole_s), EVENTS, whole, name="restart.process_s_100k", hold=2),
    ]


async def _snapshot(path: Path, seq: int) -> bytes:
    """Return the snapshot that the keeper would have left after event `seq`."""
    journal = SqliteJournal(path)
    cell = BenchCell(library(), journal)
    state, sha256 = cell.runner.state, ""
    for recorded in journal.read(limit=seq):
        state = fold(state, decode(recorded.entry.payload, recorded.seq), recorded.entry.t, recorded.seq)
        sha256 = recorded.sha256
    await journal.close()
    answers = tuple(Answer(id=str(number), ok=True) for number in range(REMEMBERED))
    return Snapshot(seq, sha256, state, answers).to_bytes()


async def _come_up(path: Path, kept: bytes | None) -> tuple[float, float, float]:
    shelf = library()
    marks = [time.perf_counter()]
    journal = SqliteJournal(path)
    marks.append(time.perf_counter())
    cell = BenchCell(shelf, journal)
    last = SnapshotKeeper(cell.runner, lambda _: None).restore(kept, journal)
    assert last >= EVENTS, last
    marks.append(time.perf_counter())
    cell = BenchCell(shelf, journal, state=cell.runner.state)
    cell.runner.crew = None
    async with cell.running():
        answer = await cell.runner.ask(cmd.ReportRestart())
        assert answer.ok, answer.message
    marks.append(time.perf_counter())
    await journal.close()
    opened, replayed, shown = (b - a for a, b in itertools.pairwise(marks))
    return opened, replayed, shown


def _serve_until_ready(folder: Path) -> float:
    """Serve a cell until it answers that it is ready, then kill it; returns how long that took (s)."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "orchestrator", "serve", "--data", str(folder), "--port", str(port)]
    began = time.perf_counter()
    server = started(command, port, PYTHONPYCACHEPREFIX=str(folder / "compiled"), PYTHONDONTWRITEBYTECODE="")
    try:
        line = http.client.HTTPConnection("127.0.0.1", port)
        line.request("GET", "/readyz")
        assert line.getresponse().status == 200
        return time.perf_counter() - began
    finally:
        server.kill()
        server.communicate()


async def _fill(path: Path, one: list[Entry]) -> int:
    """Write a journal of `EVENTS` events: one unit was really built, the others are the same under other names."""
    head = [entry for entry in one if entry.type in _AROUND]
    body = [entry for entry in one if entry.type not in _AROUND]
    head = [_stored(entry) if entry.type == "order_stored" else entry for entry in head]
    entries = head
    units = 0
    while len(entries) < EVENTS:
        units += 1
        entries += [_renamed(entry, units) for entry in body]
    journal = SqliteJournal(path)
    for first in range(0, EVENTS, 5000):
        await journal.append(entries[first : min(first + 5000, EVENTS)])
    await journal.close()
    return units


_AROUND = frozenset({"order_stored", "order_changed", "cell_changed", "place_joined", "bin_refilled"})


async def _one_unit() -> list[Entry]:
    journal = MemoryJournal()
    loop = asyncio.get_running_loop()
    cell = BenchCell(library(), journal, VirtualClock(loop))  # type: ignore[arg-type]
    async with cell.running(pause_s=1.0):
        variant = cell.library.variant(PRODUCT, OPTIONS)
        await cell.do(cmd.StoreOrder(order="bench", quantity=1, variant=variant))
        await cell.do(cmd.ChangeOrder(order="bench", verb=OrderVerb.START))
        await cell.do(cmd.ChangeCell(verb=CellVerb.START))
        await cell.runner.until(lambda state: state.orders["bench"].done == 1)
        return [recorded.entry for recorded in journal.read() if b'"state":"ended"' not in recorded.entry.payload]


def _stored(entry: Entry) -> Entry:
    payload = entry.payload.replace(b'"quantity":1,', b'"quantity":100000,')
    return Entry(entry.t, entry.type, entry.subject, payload, entry.command)


def _renamed(entry: Entry, n: int) -> Entry:
    unit = f"u{n}".encode()
    payload = entry.payload.replace(b'"u1"', b'"' + unit + b'"').replace(b'"u1/', b'"' + unit + b"/")
    if entry.type == "unit_started":
        payload = payload.replace(b'"n":1,', f'"n":{n},'.encode())
    subject = entry.subject.replace("u1", f"u{n}")
    return Entry(entry.t + 60 * n, entry.type, subject, payload, f"{entry.command}-{n}")


# ---- authored mistakes -----------------------------------------------------------------------------------------


@bench("check.mistakes_found", "", hold=1.0, better="more")
def mistakes() -> Figure:
    missed = []
    cases = [param.values[0] for param in _cases()]
    for case in cases:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            instructions, cells = lay_out(folder)
            case.spoil(folder)
            file, line = case.expected(folder)
            said = check(instructions, cells, {**SKILLS, **SHIPPED.parameters()}, programs=SHIPPED.all())
            if not any(
                case.says in f"{p.message} {p.remedy}" and (p.file, p.line) == (file, line) and p.remedy for p in said
            ):
                missed.append(case.name)
    note = f"missed: {', '.join(missed)}" if missed else "each with its file, its line and a remedy"
    return Figure(1 - len(missed) / len(cases), len(cases), note)
