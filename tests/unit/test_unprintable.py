"""Control characters and overrides of direction: none gets in from outside, and none that is in reaches a terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from orchestrator.cli import logs
from orchestrator.cli.terminal import Terminal
from orchestrator.core.commands import ChangeCell
from orchestrator.core.machine import CellVerb
from orchestrator.core.printable import escaped, refused, unprintable
from orchestrator.wire import Answer, OrderView
from tests.unit.http_fakes import FakeDesk, browser, enter, hear, say, screen, serving
from tests.unit.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path

CLEARS = "\x1b[2J\x1b]0;yours\x07"  # the screen, and the window's title
EVIL = [CLEARS, "\x9b2J", "\x00", "\x7f", "\u202egnp.exe"]
UNNAMED = [*EVIL, "\r", "\x1d", "\u2028", "\u2066", "\u2069"]  # no name holds these either
CODES = ["(01)04012345678901\x1d10LOT-7", "[)>\x1e06\x1dPA7\x1e\x04"]  # as scanners send them
HARMLESS = [*CODES, "worn\r\nnew one", "by \u2068דנה\u2069", "", "Fräser\tstumpf,\nneu: 5 µm ± 1 → Müller 🔧 שלום"]


@pytest.mark.parametrize("evil", EVIL)
def test_text_from_outside_is_refused_over_rest_and_websocket_in_one_sentence(tmp_path: Path, evil: str) -> None:
    desk = FakeDesk(tmp_path)
    code = refused(evil)
    said = f"'reason' holds {code}, which no text may: leave that character out."
    hold = {"type": "change_cell", "verb": "hold", "reason": f"stop{evil}"}
    rest: list[tuple[str, Any, str]] = [
        ("/api/v1/commands", {"id": "c1", "command": hold}, said.replace("reason", "command.reason")),
        ("/api/v1/cell", hold, said),
        ("/api/v1/orders/o1/abort", {"reason": evil}, said),
        ("/api/v1/rewind/u1/load", {"reason": evil, "todo": ["load"]}, said),
    ]

    async def main() -> None:
        async with serving(desk) as server, browser(server) as client, screen(server) as line:
            for path, body, words in rest:
                answer = await client.post(path, json=body)
                assert (path, answer.status_code) == (path, 422)
                assert answer.json()["message"] == words
            await enter(line)
            confirm = {"type": "confirm_step", "unit": "u1", "step": "load", "attempt": 1, "place": "front"}
            for command, where in (
                (hold, "reason"),
                ({**confirm, "values": {"note": evil}}, "values.note"),
                ({**confirm, "lots": {"glue": evil}}, "lots.glue"),
            ):
                await say(line, type="command", v=1, id="c2", command=command)
                refused = await hear(line, "refused", "answer")
                message = refused["payload"]["message"]
                assert f"{where}' holds {code}" in message, refused

    asyncio.run(main())
    assert desk.asked == []


@pytest.mark.parametrize("text", HARMLESS)
def test_what_people_write_in_any_script_is_taken(tmp_path: Path, text: str) -> None:
    desk = FakeDesk(tmp_path)

    async def main() -> None:
        async with serving(desk) as server, browser(server) as client:
            hold = {"type": "change_cell", "verb": "hold", "reason": text}
            assert (await client.post("/api/v1/commands", json={"id": "c1", "command": hold})).status_code == 200

    asyncio.run(main())
    assert [request.command.reason for request in desk.asked] == [text]


def test_the_engine_may_quote_whatever_a_machine_has_said() -> None:
    assert ChangeCell(verb=CellVerb.ABORT, reason=f"driver: {CLEARS}").reason.endswith(CLEARS)


@pytest.mark.parametrize("evil", UNNAMED)
def test_no_person_and_no_key_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], evil: str) -> None:
    named = f"Ann{evil}Lee"
    for command in (("people", "add", named, "--role", "worker", "--badge-only"), ("keys", "add", named)):
        code, out, err = run(capsys, *command, "--data", str(tmp_path))
        if evil.isspace() and command[0] == "people":  # a name's white space is one blank
            assert "Ann Lee" in out
            continue
        assert code == 1
        assert f"A name holds {unprintable(evil)}" in err


def test_what_an_older_journal_holds_is_spelled_out_in_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = FakeDesk(tmp_path)
    order = OrderView(
        id="o1",
        product=f"red{CLEARS}",
        options={"x": "\u202eevil"},
        quantity=1,
        state="running",
        started=1,
        done=0,
        scrapped=0,
    )
    desk.screen.put("order/o1", order)
    desk.answers["change_order"] = Answer(id="x", ok=False, code="refused", message=f"Held: {CLEARS}", remedy="\x9b2J")

    async def main() -> list[tuple[int, str, str]]:
        async with serving(desk) as server:
            at = ("--url", server.url)
            return [
                await asyncio.to_thread(run, capsys, *command, *at)
                for command in (("order", "list"), ("order", "show", "o1"), ("order", "stop", "o1"))
            ]

    listed, shown, refused = asyncio.run(main())
    assert "red\\x1b[2J" in listed[1]
    assert "x \\u202e" in listed[1]
    assert "\\u202eevil" in shown[1]
    assert "Held: \\x1b[2J" in refused[2]
    assert "\\x9b2J" in refused[2]
    for _, out, err in (listed, shown, refused):
        assert not unprintable(out + err)


def test_a_terminal_keeps_its_own_colours(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(force_terminal=True, color_system="standard", width=80).print(f"[red]stop{CLEARS}[/]", highlight=False)
    out = capsys.readouterr().out
    assert out.startswith("\x1b[31mstop\\x1b[2J")
    assert out.count("\x1b") == 2  # red, and no longer red


def test_logs_spell_it_out_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(debug=True)
    structlog.get_logger("x").warning("refused", reason=CLEARS)
    assert not unprintable(capsys.readouterr().err)


@pytest.mark.parametrize("terminal", [True, False])
def test_logs_spell_out_a_traceback_too(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    logs.set_up(debug=True)
    try:
        raise ValueError(f"bad {CLEARS}")
    except ValueError:
        structlog.get_logger("x").exception("refused")
    said = capsys.readouterr().err
    assert "ValueError: bad " in said
    assert CLEARS not in said
    assert said.count("\\x1b[2J") >= 1


def test_what_is_spelled_out_once_stays_as_it_is() -> None:
    for evil in EVIL:
        assert not unprintable(escaped(evil))
        assert escaped(escaped(evil)) == escaped(evil)
