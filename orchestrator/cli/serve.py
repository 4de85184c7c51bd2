"""`tandem serve`: a cell and its pages, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import typer

from orchestrator.app import EmbeddedCell, embedded
from orchestrator.cli.places import data_home, settings
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import SetupError
from orchestrator.core.settings import Lan
from orchestrator.engine import languages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.cli.lan import LanServer
    from orchestrator.core.cell import ApprovalsSpec
    from orchestrator.core.settings import Settings

console = Terminal()
log = structlog.get_logger(__name__)
LEFT_S = 1.0  # how long what is left at the very end may take to end
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def serve(
    cell: str = typer.Option("demo", help="The cell: a YAML file, or the name of one that ships with Tandem."),
    host: str = typer.Option("", help="The address to serve at: 127.0.0.1, with --lan every address of the machine."),
    port: int = typer.Option(0, help="The port to serve at: 8080, with --lan 8443."),
    lan: bool = typer.Option(False, "--lan", help="Serve the network: by TLS, to joined devices and signed-in people."),
    name: list[str] = typer.Option([], help="With --lan: a name or address more by which devices reach it."),
    certificate: Path | None = typer.Option(None, help="With --lan: a certificate of your own (PEM)."),
    certificate_key: Path | None = typer.Option(None, help="The key of --certificate (PEM)."),
    oidc: Path | None = typer.Option(None, help="With --lan: who vouches for people, else oidc.yaml in --data."),
    data: Path | None = typer.Option(None, help="The folder for journal and evidence."),
    instructions: Path | None = typer.Option(None, help="The folder with the products."),
    skills: Path | None = typer.Option(None, help="The folder with the skills."),
    web: Path | None = typer.Option(None, help="The folder with the built pages."),
    worker: str = typer.Option("none", help="Who works at the places: none (people) or sim."),
    seed: int | None = typer.Option(None, help="Decides everything that is random; else the cell file's."),
    reload: bool = typer.Option(False, "--reload", help="Take edited skill files for the next attempt."),
) -> None:
    """Run a cell and serve its pages."""
    base = settings(cell, data=data, instructions=instructions, skills=skills, web=web)
    base = base.model_copy(
        update={
            "data": data or data_home() / base.cell.stem,
            "host": host or ("0.0.0.0" if lan else "127.0.0.1"),  # noqa: S104 - TLS and sign-in are certain with --lan
            "port": port or (8443 if lan else 8080),
            "lan": _lan(lan, name, certificate, certificate_key, oidc),
            "worker": worker,
            "seed": seed,
            "reload": reload,
        }
    )
    run_cell(base)


def _lan(lan: bool, names: list[str], certificate: Path | None, key: Path | None, oidc: Path | None) -> Lan | None:
    if not lan and (names or certificate or key or oidc):
        raise SetupError("--name, --certificate and --oidc are for the network.", remedy="Add --lan.")
    if (certificate is None) != (key is None):
        raise SetupError(
            "A certificate and its key belong together.", remedy="Give --certificate and --certificate-key."
        )
    return Lan(names=tuple(names), certificate=certificate, certificate_key=key, oidc=oidc) if lan else None


def run_cell(base: Settings, prepare: Callable[[EmbeddedCell], Awaitable[None]] | None = None) -> None:
    """Run and serve a cell in an event loop of its own, sped up where the settings say so."""
    from orchestrator.adapters.clock_sped import SpedLoop

    factory = (lambda: SpedLoop(base.speed)) if base.speed != 1.0 else None
    with asyncio.Runner(loop_factory=factory) as runner:
        if runner.run(_served(base, prepare)):
            return
        sys.stdout.flush()
        os._exit(1)  # what does not end would keep the loop from closing, and the process with it


async def _served(base: Settings, prepare: Callable[[EmbeddedCell], Awaitable[None]] | None) -> bool:
    """Serve a cell; returns whether everything that ran in it has ended."""
    await serve_cell(base, prepare)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    endless = (await asyncio.wait(left, timeout=LEFT_S))[1] if left else ()
    for task in endless:
        console.print(f"[red]Left behind, as it does not end:[/] {task.get_name()}")
    return not endless


async def serve_cell(base: Settings, prepare: Callable[[EmbeddedCell], Awaitable[None]] | None = None) -> None:
    """Run a cell and serve it until SIGINT or SIGTERM. Raises SetupError where it can't."""
    gc.disable()  # all that a start makes stays: to look through it for garbage is a sixth of the start
    try:
        await _serve_cell(base, prepare)
    finally:
        gc.enable()


async def _serve_cell(base: Settings, prepare: Callable[[EmbeddedCell], Awaitable[None]] | None) -> None:
    from orchestrator.adapters.clock_sped import SpedClock
    from orchestrator.adapters.clock_wall import WallClock
    from orchestrator.adapters.evidence_retain import keep_evidence
    from orchestrator.adapters.journal_signed import HeadSigner, keep_signed
    from orchestrator.http.server import serve as serve_desk

    if base.host not in LOOPBACK and base.lan is None:
        raise SetupError(
            f"Serving at {base.host} would let anyone on the network move the robot.",
            remedy="Serve at 127.0.0.1; or start with --lan, which asks everyone to sign in.",
        )
    _free_port(base)
    for fault in languages.read(base.web):
        console.print(fault, style="yellow", markup=False, highlight=False)
    lan = _open_lan(base)
    with console.status("Starting the cell …"):
        sped = base.speed != 1.0
        running = embedded(base, SpedClock(asyncio.get_running_loop()) if sped else WallClock())
        cell = await running.__aenter__()
    try:
        if prepare is not None:
            await prepare(cell)
        workers = _workers(base, cell)

        def on_start(url: str) -> None:
            gc.freeze()  # nor is it looked through again while the cell runs
            gc.enable()
            if lan is not None:
                lan.tell(url)
            else:
                spec = cell.runner.state.spec
                tell(url, spec.approvals, real=spec.real)
            workers.append(asyncio.create_task(cell.warm_up(), name="warm-up"))

        if base.data is not None:
            signer = HeadSigner(base.data / "journal.db")
            troubles = cell.runner.troubles
            signing = keep_signed(
                cell.desk.journal,
                cell.desk.screen,
                signer,
                cell.desk.now,
                lambda detail: troubles.note("signing", detail),
            )
            workers.append(asyncio.create_task(signing, name="signing"))
            keeping_evidence = keep_evidence(
                cell.desk.evidence,
                cell.runner.state.spec.evidence,
                cell.desk.journal,
                lambda: cell.runner.state.units,
                cell.desk.submit,
                cell.desk.now,
            )
            workers.append(asyncio.create_task(keeping_evidence, name="evidence"))
        try:
            if lan is None:
                await serve_desk(cell.desk, base.host, base.port, pages=base.web, on_start=on_start)
            else:
                keeping = asyncio.create_task(lan.tls.keep(), name="certificate")
                workers.append(keeping)
                await serve_desk(
                    cell.desk,
                    base.host,
                    base.port,
                    pages=base.web,
                    hosts=lan.names,
                    on_start=on_start,
                    access=lan.access,
                    tls=lan.tls.context,
                )
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
    finally:
        await running.__aexit__(None, None, None)
    console.print("The cell has stopped; its journal is kept.")


def _open_lan(base: Settings) -> LanServer | None:
    if base.lan is None:
        return None
    from orchestrator.cli.lan import open_lan

    return open_lan(base)


def _free_port(base: Settings) -> None:
    """Raise SetupError where the port is taken: before a start that would leave a cell behind that waits for a word.

    Where it is by a server of the same cell, JournalError says so.
    """
    from orchestrator.adapters.journal_guard import WriterLock
    from orchestrator.http.server import check_port

    try:
        check_port(base.host, base.port)
    except SetupError:
        if base.data is not None and (journal := base.data / "journal.db").exists():
            WriterLock(journal).release()
        raise


def _workers(base: Settings, cell: EmbeddedCell) -> list[asyncio.Task[None]]:
    from orchestrator.adapters.sim.handheld import HandTools
    from orchestrator.adapters.sim.premises import Premises
    from orchestrator.adapters.sim.worker import Habits, SimWorker

    if base.worker != "sim":
        return []
    if cell.runner.state.spec.real:
        raise SetupError("A simulated worker has no hands in a real cell.", remedy="Leave out --worker.")
    habits, premises, tools = Habits(slips=base.slips, tends=True), Premises(cell.world), HandTools(cell.devices)
    workers = [
        SimWorker(cell.desk, place, seed=cell.seed, habits=habits, premises=premises, tools=tools)
        for place in cell.runner.state.spec.places
    ]
    cell.people.slip = workers[0].slip
    return [asyncio.create_task(worker.run(), name="worker") for worker in workers]


def tell(url: str, approvals: ApprovalsSpec, *, real: bool = False) -> None:
    """Say where an open server is; loudly so where its cell wants different approvers and can't tell them apart."""
    kind = "real" if real else "simulated"
    console.print(f"Tandem is ready at [bold]{url}[/]  (Ctrl+C stops it)")
    console.print(f"[yellow]A {kind} cell on this machine alone, without login. Tandem is not a safety function.[/]")
    needs = approvals.motions
    if needs > 1 or approvals.four_eyes:
        log.warning("approvers are not told apart without login", approvers=needs, four_eyes=approvals.four_eyes)
        can = f"give all {needs} approvals of a motion" if needs > 1 else "approve what they let begin"
        console.print(
            f"[bold red]Without login, one person can {can}.[/] Start with --lan to tell people apart.",
        )
