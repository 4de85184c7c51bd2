"""Signed heads of a journal: what was cut off, forged or exchanged is noticed."""

from __future__ import annotations

import asyncio
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.adapters.journal_signed import HeadSigner, heads_of, keep_signed, verify_heads
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.core.errors import JournalError, NotFound
from orchestrator.core.ports import Entry
from tests.unit.http_fakes import FakeScreen
from tests.unit.test_cli import journal_with, run

if TYPE_CHECKING:
    from pathlib import Path


def signed(path: Path) -> None:
    """Sign the head as it is."""

    async def head() -> tuple[int, str]:
        journal = SqliteJournal(path)
        found = journal.head
        await journal.close()
        return found

    seq, sha256 = asyncio.run(head())
    assert HeadSigner(path).sign(seq, sha256, 1000.0)


def test_a_cut_off_end_is_noticed_though_its_chain_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, short = tmp_path / "journal.db", tmp_path / "short.db"
    journal_with(short, 5)
    shutil.copy(short, whole)
    journal_with(whole, 3)
    signed(whole)
    code, out, _ = run(capsys, "journal", "verify", str(whole), "--head")
    assert code == 0
    assert "the newest at event 8" in out
    assert run(capsys, "journal", "verify", str(short))[0] == 0, "its chain alone tells nothing"
    code, _, err = run(capsys, "journal", "verify", str(short), "--head", "--signed", str(heads_of(whole)))
    assert code == 1
    assert "Events 6 to 8 were signed and are missing." in err.replace("\n", " ")


def test_a_chain_that_was_made_anew_is_noticed(tmp_path: Path) -> None:
    path, other = tmp_path / "journal.db", tmp_path / "other.db"
    journal_with(path, 5)
    signed(path)

    async def otherwise() -> None:
        journal = SqliteJournal(other)
        await journal.append([Entry(t=9.0, type="acknowledged", subject="x", payload=b"{}")] * 6)
        await journal.close()

    asyncio.run(otherwise())
    with pytest.raises(JournalError, match="Event 5 is not the one that was signed"):
        verify_heads(other, heads_of(path))


@pytest.mark.parametrize("change", ['"seq": 5', '"t": 1000.0'])
def test_a_forged_head_is_noticed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "journal.db"
    journal_with(path, 5)
    signed(path)
    heads = heads_of(path)
    text = heads.read_text()
    assert change in text
    heads.write_text(text.replace(change, change.replace("5", "4").replace("1000.0", "9.0")))
    with pytest.raises(JournalError, match="is damaged or forged"):
        verify_heads(path, heads)


def test_another_key_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_with(path, 5)
    signed(path)
    newest = verify_heads(path, heads_of(path))
    assert verify_heads(path, heads_of(path), newest.key) == newest
    with pytest.raises(JournalError):
        verify_heads(path, heads_of(path), "00" * 32)
    (tmp_path / "journal.db-signing-key").unlink()
    with pytest.raises(JournalError, match="is not the key that has signed") as refused:
        signed(path)
    assert "move it and the signed heads away" in refused.value.remedy
    heads_of(path).rename(tmp_path / "old")
    signed(path)
    assert verify_heads(path, heads_of(path)).key != newest.key


def test_a_key_whose_bits_were_flipped_signs_nothing_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_with(path, 5)
    signed(path)
    key = tmp_path / "journal.db-signing-key"
    whole, good = key.read_bytes(), verify_heads(path, heads_of(path)).key
    refused: list[JournalError] = []
    for at in range(len(whole)):
        for bit in (1, 32):
            key.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
            try:
                signed(path)  # white space changes nothing
            except JournalError as error:
                refused.append(error)
    assert len(refused) > len(whole)
    assert all(str(key) in error.message and error.remedy for error in refused)
    assert verify_heads(path, heads_of(path)).key == good


def test_heads_whose_bits_were_flipped_are_named_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.db"
    journal_with(path, 5)
    signed(path)
    heads = heads_of(path)
    whole = heads.read_bytes()
    heads.write_bytes(whole + whole)
    for at in range(0, len(whole) - 1, 9):
        heads.write_bytes(whole[:at] + bytes([whole[at] ^ 128]) + whole[at + 1 :] + whole)  # no character any more
        code, _, err = run(capsys, "journal", "verify", str(path), "--head")
        assert code == 1, at
        assert "signed" in err
        assert "Traceback" not in err


def test_a_start_names_the_signed_heads_where_they_are_what_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_with(path, 5)
    signed(path)
    heads = heads_of(path)
    whole = heads.read_bytes()
    refused: list[JournalError] = []
    for at in range(len(whole) - 1):
        heads.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            HeadSigner(path)  # a bit of white space changes nothing, nor one that base64 has over
        except JournalError as error:
            refused.append(error)
    assert len(refused) > 0.9 * len(whole)
    assert {error.message for error in refused} == {f"The newest signed head in {heads} is damaged."}
    assert all(error.remedy.startswith("Move it away") for error in refused)
    heads.write_bytes(whole)
    HeadSigner(path)


def test_a_line_that_a_power_cut_has_cut_short_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_with(path, 5)
    signed(path)
    with heads_of(path).open("a") as file:
        file.write('{"seq": 6, "sha')
    assert verify_heads(path, heads_of(path)).seq == 5
    journal_with(path, 2)
    signed(path)
    assert verify_heads(path, heads_of(path)).seq == 7
    heads_of(path).write_text('{"seq"\n' + heads_of(path).read_text())
    with pytest.raises(JournalError, match="Line 1"):
        verify_heads(path, heads_of(path))


def test_the_key_is_its_owners_and_what_was_signed_is_not_signed_twice(tmp_path: Path) -> None:
    signer = HeadSigner(tmp_path / "journal.db")
    assert stat.S_IMODE((tmp_path / "journal.db-signing-key").stat().st_mode) == 0o600
    assert signer.sign(3, "00" * 32, 1.0)
    assert not signer.sign(3, "00" * 32, 2.0)
    with pytest.raises(NotFound):
        verify_heads(tmp_path / "journal.db", tmp_path / "none")


def test_the_head_is_signed_as_an_order_changes_and_at_the_servers_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        journal, screen, told = MemoryJournal(), FakeScreen(), asyncio.Event()
        entry = Entry(t=1.0, type="acknowledged", subject="", payload=b"{}")

        class Signer(HeadSigner):
            def sign(self, seq: int, sha256: str, t: float) -> bool:
                done = super().sign(seq, sha256, t)
                loop.call_soon_threadsafe(told.set)
                return done

        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(keep_signed(journal, screen, Signer(tmp_path / "journal.db"), lambda: 5.0))
        await asyncio.sleep(0)
        await journal.append([entry])
        screen.happen("step_done")
        assert not heads_of(tmp_path / "journal.db").exists()
        screen.happen("order_changed")
        await told.wait()
        assert len(heads_of(tmp_path / "journal.db").read_text().splitlines()) == 1
        await journal.append([entry])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(heads_of(tmp_path / "journal.db").read_text().splitlines()) == 2
        assert screen.listeners == []

    asyncio.run(scenario())
