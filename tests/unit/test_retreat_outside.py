"""Retreat as it is asked for from outside: over REST, and from the command line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import typer

from orchestrator.__main__ import main
from orchestrator.cli import retreat as cli_retreat
from orchestrator.core.errors import TandemError
from orchestrator.wire import RetreatView
from tests.unit.http_fakes import FakeDesk, browser, cell_view, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    import httpx

    from orchestrator.core.commands import Request
    from orchestrator.wire import Answer

SHOWN = RetreatView(status="previewed", motion="retreat/5/m1", text={"en": "Back the way it came, 546 mm."})


def run(desk: FakeDesk, scenario: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with serving(desk) as server, browser(server) as client:
            await scenario(client)

    asyncio.run(whole())


def test_what_was_planned_is_the_answer_once_it_is_there(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)
    desk.screen.put("cell", cell_view(retreat=RetreatView(status="planning")))
    submit = desk.submit

    async def planned_later(request: Request) -> Answer:
        asyncio.get_running_loop().call_later(0.05, desk.screen.put, "cell", cell_view(retreat=SHOWN))
        return await submit(request)

    desk.submit = planned_later  # type: ignore[method-assign]

    async def scenario(client: httpx.AsyncClient) -> None:
        at_once = (await client.get("/api/v1/cell/retreat")).json()
        assert at_once["status"] == "planning"
        asked = asyncio.create_task(client.post("/api/v1/cell/retreat"))
        waits = asyncio.create_task(client.get("/api/v1/cell/retreat?wait=true"))
        for answer in await asyncio.gather(asked, waits):
            assert answer.json()["text"] == SHOWN.text
        assert (await client.delete("/api/v1/cell/retreat")).json()["ok"] is True

    run(desk, scenario)
    assert [request.command.type for request in desk.asked] == ["retreat", "stop_retreat"]


def test_a_cell_that_runs_has_no_retreat(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)
    desk.screen.put("cell", cell_view())

    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/cell/retreat")
        assert answer.is_error
        assert "neither held nor stopped" in answer.json()["message"]

    run(desk, scenario)


class Cell:
    """Stands in for the server, with views that follow one another."""

    def __init__(self, *views: RetreatView) -> None:
        self.views = [view.model_dump() for view in views]
        self.asked: list[tuple[str, str]] = []
        self.commands: list[dict[str, Any]] = []

    def call(self, method: str, _url: str, path: str, body: Any = None) -> Any:
        self.asked.append((method, path))
        if path == "/commands":
            self.commands.append(body["command"])
            return {}
        if method == "DELETE":
            return {}
        return self.views.pop(0) if len(self.views) > 1 else self.views[0]


def tandem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, cell: Cell, answer: str, *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr(cli_retreat, "call", cell.call)
    monkeypatch.setattr("sys.stdin", _Typed(answer))
    with pytest.raises(SystemExit) as ended:
        main(("retreat", *arguments))
    said = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else 0), said.out + said.err


class _Typed:
    def __init__(self, text: str) -> None:
        self._lines = iter([f"{text}\n"])

    def readline(self) -> str:
        return next(self._lines, "")

    def isatty(self) -> bool:
        return False


NONE, ENDED = RetreatView(status="none"), RetreatView(status="ended", outcome="succeeded")
MOVING = RetreatView(status="moving", motion="retreat/5/m1")


def test_the_command_line_says_the_way_and_asks_before_it_moves(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = Cell(NONE, SHOWN, MOVING, ENDED)
    code, said = tandem(capsys, monkeypatch, cell, "y")
    assert code == 0, said
    assert said.index("Back the way it came") < said.index("hands out") < said.index("stands clear")
    assert cell.commands == [{"type": "approve_motion", "motion": "retreat/5/m1"}]


@pytest.mark.parametrize(("answer", "arguments"), [("n", ()), ("", ()), ("", ("--dry-run",))])
def test_without_a_yes_nothing_moves_and_the_preview_is_dropped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str, arguments: Sequence[str]
) -> None:
    cell = Cell(NONE, SHOWN)
    _, said = tandem(capsys, monkeypatch, cell, answer, *arguments)
    assert ("Nothing was let go" if arguments else "No retreat goes on") in said
    assert cell.commands == []
    assert cell.asked[-1] == ("DELETE", "/cell/retreat")


def test_a_dry_run_leaves_alone_what_somebody_else_is_being_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = Cell(SHOWN)
    code, said = tandem(capsys, monkeypatch, cell, "", "--dry-run")
    assert (code, "Somebody else has asked for it" in said) == (0, True)
    assert all(method == "GET" for method, _ in cell.asked)


def test_a_prompt_that_is_interrupted_is_no(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_question: str) -> bool:
        raise typer.Abort

    monkeypatch.setattr("typer.confirm", interrupted)
    cell = Cell(NONE, SHOWN)
    tandem(capsys, monkeypatch, cell, "y")
    assert cell.commands == []
    assert cell.asked[-1] == ("DELETE", "/cell/retreat")


def test_it_says_why_there_is_no_way_and_why_the_arm_did_not_get_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_way = RetreatView(status="ended", outcome="rejected", code="clear", ended={"en": "The arm stands clear."})
    code, said = tandem(capsys, monkeypatch, Cell(NONE, no_way), "y")
    assert (code, "The arm stands clear." in said) == (1, True)
    met = RetreatView(status="ended", outcome="aborted", code="protective_stop", ended={"en": "It met something."})
    code, said = tandem(capsys, monkeypatch, Cell(NONE, SHOWN, met), "y")
    assert (code, "It met something." in said) == (1, True)


def test_an_interrupt_stops_the_arm(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell(NONE, SHOWN)

    def interrupted(method: str, url: str, path: str, body: Any = None) -> Any:
        if cell.commands and method == "GET":
            raise KeyboardInterrupt
        return Cell.call(cell, method, url, path, body)

    monkeypatch.setattr(cell, "call", interrupted)
    code, said = tandem(capsys, monkeypatch, cell, "y")
    assert code == 130
    assert "Stopped" in said
    assert cell.asked[-1] == ("DELETE", "/cell/retreat")


def test_stop_is_one_word(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell(NONE)
    code, _ = tandem(capsys, monkeypatch, cell, "", "--stop")
    assert (code, cell.asked) == (0, [("DELETE", "/cell/retreat")])


def test_a_server_that_refuses_is_heard(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def call(*_: Any) -> Any:
        raise TandemError("The arm may not retreat now.", remedy="acknowledge.")

    cell = Cell(NONE)
    monkeypatch.setattr(cell, "call", call)
    code, said = tandem(capsys, monkeypatch, cell, "y")
    assert (code, "acknowledge." in said) == (1, True)
