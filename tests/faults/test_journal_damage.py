"""A journal whose files were torn, cut or flipped keeps what it acknowledged, or says that it can't.

TANDEM_FAULTS sets the number of damages and of killed writers (default 30; a soak takes thousands).
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.__main__ import main
from orchestrator.adapters.journal_file import verified
from orchestrator.adapters.journal_guard import HighWater
from orchestrator.adapters.journal_sqlite import SqliteJournal, verify
from orchestrator.core.errors import JournalError
from orchestrator.core.ports import Entry, Recorded

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
COUNT = int(os.environ.get("TANDEM_FAULTS", "30"))
SUBJECTS = 7


def entry(n: int) -> Entry:
    return Entry(1000.0 + n, f"k{n % 3}", f"s{n % SUBJECTS}", b'{"n":%d,"x":"%s"}' % (n, b"x" * (n % 90)), f"c{n}")


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, list[Recorded]]]:
    """One journal as a crash leaves it, most of it still in the write-ahead log, and one closed in peace."""
    made = {}
    for name in ("crashed", "closed"):
        live, copy = tmp_path_factory.mktemp(f"{name}_live"), tmp_path_factory.mktemp(name)

        async def main(live: Path = live, copy: Path = copy, name: str = name) -> list[Recorded]:
            journal = SqliteJournal(live / "cell.journal")
            for first in range(1, 400, 8):
                await journal.append([entry(n) for n in range(first, first + 8)])
            if name == "closed":
                await journal.close()
                await _reopened(live / "cell.journal")
            events = list(journal.read())
            shutil.copytree(live, copy, dirs_exist_ok=True)
            await journal.close()
            return events

        made[name] = (copy, asyncio.run(main()))
    return made


async def _reopened(path: Path) -> None:
    """Open and close once more, so that the log is folded into the database and gone."""
    await SqliteJournal(path).close()


def damage(folder: Path, rng: random.Random) -> str:
    """Do one damage to one file and say what it was."""
    files = sorted(file for file in folder.iterdir() if file.suffix != ".journal-lock" and file.stat().st_size)
    file = rng.choice(files)
    content = bytearray(file.read_bytes())
    how = rng.choice(["cut", "flip", "zero", "gone", "stale"])
    if how == "cut":
        at = rng.randrange(len(content))
        del content[at:]
        what = f"{file.name} cut at {at}"
    elif how == "flip":
        spots = [rng.randrange(len(content)) for _ in range(rng.choice([1, 1, 1, 5]))]
        for at in spots:
            content[at] ^= 1 << rng.randrange(8)
        what = f"{file.name} flipped at {spots}"
    elif how == "zero":
        at = rng.randrange(len(content))
        content[at : at + 512] = bytes(len(content[at : at + 512]))
        what = f"{file.name} zeroed from {at}"
    elif how == "gone" and file.suffix != ".journal":
        file.unlink()
        return f"{file.name} gone"
    else:
        page = 4096 * rng.randrange(max(1, len(content) // 4096))
        other = 4096 * rng.randrange(max(1, len(content) // 4096))
        content[page : page + 4096] = content[other : other + 4096]
        what = f"{file.name}: page at {other} written over the one at {page}"
    file.write_bytes(content)
    return what


def _has_remedy(error: JournalError, what: str) -> None:
    assert error.remedy, what


def kept_or_named(what: str, read, expected: list[Recorded]) -> bool:  # type: ignore[no-untyped-def]  # any reading
    """Whether the damage was named. Fails when something is silently wrong."""
    events: list[Recorded] = []
    try:
        for event in read():
            events.append(event)  # noqa: PERF402 - what came before the damage counts
    except JournalError as error:
        _has_remedy(error, what)
        assert events == expected[: len(events)], f"{what}: a wrong event was given out before the damage was named"
        return True
    assert events == expected, f"{what}: {len(events)} of {len(expected)} events, and not a word"
    return False


@pytest.mark.parametrize("state", ["crashed", "closed"])
def test_damage_is_survived_or_named(
    copies: dict[str, tuple[Path, list[Recorded]]], tmp_path: Path, state: str, counted: Callable[[str], None]
) -> None:
    source, expected = copies[state]
    named = refused = 0
    for seed in range(COUNT):
        rng = random.Random(f"{state} {seed}")
        folder = tmp_path / str(seed)
        shutil.copytree(source, folder)
        what = f"seed {seed}: {damage(folder, rng)}"
        second = shutil.copytree(folder, tmp_path / f"{seed}b")

        def by_command(path: Path = second / "cell.journal", what: str = what) -> list[Recorded]:
            count, head = verify(path)
            assert (count, head) == (len(expected), expected[-1].sha256), what
            return expected

        by_verify = kept_or_named(what, by_command, expected)
        try:
            journal = SqliteJournal(folder / "cell.journal")
        except JournalError as error:
            _has_remedy(error, what)
            named += 1
            refused += 1
            continue
        if kept_or_named(what, journal.read, expected):
            named += 1
        else:
            assert not by_verify, f"{what}: whole when opened, broken when verified"
        for number in range(SUBJECTS):
            subject = f"s{number}"
            mine = [event for event in expected if event.entry.subject == subject]
            kept_or_named(what, lambda subject=subject, journal=journal: journal.read(subject=subject), mine)
        asyncio.run(journal.close())
        shutil.rmtree(folder)
        shutil.rmtree(second)
    whole = COUNT - named
    counted(
        f"{COUNT} damaged ({state}): {whole} whole, {named} named ({refused} of them at the start), 0 silently wrong"
    )
    assert named > 0, "no damage did any harm: the test damages nothing that counts"


def test_verify_finds_every_flipped_bit_in_the_chain(
    copies: dict[str, tuple[Path, list[Recorded]]], tmp_path: Path, counted: Callable[[str], None]
) -> None:
    """Flipped is each place where an event's bytes lie; what SQLite has left behind of old pages changes nothing."""
    source, expected = copies["closed"]
    content = (source / "cell.journal").read_bytes()
    needles = [bytes.fromhex(event.sha256) for event in expected] + [event.entry.payload for event in expected]
    rng = random.Random("bits")
    path = tmp_path / "cell.journal"
    shutil.copy2(source / "cell.journal-head", tmp_path / "cell.journal-head")
    flips = behind = 0
    for needle in rng.sample(needles, min(COUNT, len(needles))):
        found = 0
        for match in re.finditer(re.escape(needle), content):
            flipped = bytearray(content)
            flipped[match.start() + rng.randrange(len(needle))] ^= 1 << rng.randrange(8)
            path.write_bytes(flipped)
            named = kept_or_named(f"flip at {match.start()}", partial(verified, path), expected)
            found += named
            behind += not named
        assert found == 1
        flips += found
    counted(
        f"{flips} bits flipped in events, each found by verify; {behind} in what old pages left behind, of no effect"
    )


def test_a_mark_whose_bits_were_flipped_is_named_and_the_journal_is_not(
    copies: dict[str, tuple[Path, list[Recorded]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, expected = copies["closed"]
    path = shutil.copytree(source, tmp_path / "all") / "cell.journal"
    mark = path.with_name("cell.journal-head")
    whole = mark.read_bytes()
    for at in range(len(whole)):
        for bit in range(8):
            mark.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            with pytest.raises(JournalError) as refused:
                next(verified(path))
            assert refused.value.message.startswith(f"{mark}, which proves"), (at, bit)
            assert refused.value.remedy.startswith("Remove it, ")
    with pytest.raises(JournalError, match=f"^{re.escape(str(mark))}, which proves"):
        SqliteJournal(path)
    with pytest.raises(SystemExit):
        main(["journal", "verify", str(path)])
    assert f"Error: {mark}, which proves" in capsys.readouterr().err
    mark.unlink()  # the remedy
    assert verify(path) == (len(expected), expected[-1].sha256)
    journal = SqliteJournal(path)
    asyncio.run(journal.append([entry(1)]))
    asyncio.run(journal.close())
    assert verify(path)[0] == len(expected) + 1


def test_a_mark_of_an_older_version_still_counts(
    copies: dict[str, tuple[Path, list[Recorded]]], tmp_path: Path
) -> None:
    source, expected = copies["closed"]
    path = shutil.copytree(source, tmp_path / "old") / "cell.journal"
    mark = path.with_name("cell.journal-head")
    mark.write_bytes(mark.read_bytes()[:85] + b"\n")
    assert verify(path)[0] == len(expected)
    mark.write_bytes(b"%020d %s\n" % (len(expected) + 1, b"0" * 64))
    with pytest.raises(JournalError, match="is damaged at event 401"):
        verify(path)


@pytest.mark.parametrize("state", ["crashed", "closed"])
def test_every_command_over_a_damaged_journal_says_one_sentence_that_names_the_file(
    copies: dict[str, tuple[Path, list[Recorded]]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    state: str,
    counted: Callable[[str], None],
) -> None:
    source, expected = copies[state]
    told: Counter[str] = Counter()
    for seed in range(COUNT):
        rng = random.Random(f"said {state} {seed}")
        folder = shutil.copytree(source, tmp_path / str(seed))
        what = f"seed {seed}: {damage(folder, rng)}"
        journal, out = folder / "cell.journal", tmp_path / f"{seed}.out"
        name, command = rng.choice(
            [
                ("verify", ["verify", str(journal)]),
                ("export", ["export", str(journal), "--out", str(out)]),
                ("backup", ["backup", str(journal), "--out", str(out)]),
                ("restore", ["restore", str(journal), "--to", str(out)]),
            ]
        )
        with pytest.raises(SystemExit) as ended:
            main(["journal", *command])
        said = capsys.readouterr().err
        told[f"{name} {'refused' if ended.value.code else 'done'}"] += 1
        if ended.value.code:
            assert ended.value.code == 1, what
            assert said.startswith("Error: "), what
            assert said.count("\n") == 1, f"{what}: {said}"
            assert not any(raw in said for raw in ("malformed", "Traceback", "apsw")), f"{what}: {said}"
            helps = ("another backup", "Remove") if name == "restore" else ("a backup", "Remove")
            assert any(remedy in said for remedy in (*helps, "Name ")), f"{what}: {said}"
            assert name != "export" or "journal export" not in said, f"{what}: it can't be what helps: {said}"
            assert "/cell.journal" in said, f"{what}: {said}"
            assert ".new" not in said, f"{what}: {said}"
        else:
            assert said == "", what
        if name == "export" and out.exists():
            assert out.read_bytes().count(b"\n") <= len(expected), what
    counted(f"{COUNT} damaged ({state}), a command over each: {dict(sorted(told.items()))}")
    assert any("refused" in each for each in told)


WRITER = """
import asyncio, sys
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.core.ports import Entry

async def source(journal, name):
    n = 0
    while True:
        n += 1
        done = await journal.append([Entry(float(n), "k", name, b"{}"), Entry(float(n), "k", name, b"[]")])
        sys.stdout.write(f"{done.seq} {done.sha256}\\n")
        sys.stdout.flush()

async def main():
    journal = SqliteJournal(sys.argv[1])
    await asyncio.gather(*(source(journal, f"s{n}") for n in range(5)))

asyncio.run(main())
"""


def test_every_acknowledged_event_outlives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    rng = random.Random("kill")
    acknowledged: dict[int, str] = {}
    for _ in range(max(3, COUNT // 10)):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as writer:
            assert writer.stdout is not None
            for _ in range(rng.randrange(1, 200)):
                seq, sha256 = writer.stdout.readline().split()
                acknowledged[int(seq)] = sha256
            writer.kill()
            for line in writer.stdout.read().splitlines(keepends=True):  # acknowledged between the last line and death
                if line.endswith("\n"):
                    seq, sha256 = line.split()
                    acknowledged[int(seq)] = sha256
        count, _ = verify(path)
        assert count >= max(acknowledged)
        journal = SqliteJournal(path)
        by_seq = {event.seq: event for event in journal.read()}
        assert {seq: by_seq[seq].sha256 for seq in acknowledged} == acknowledged
        for number in range(5):  # an append of two is there whole or not at all
            payloads = [event.entry.payload for event in journal.read(subject=f"s{number}")]
            assert payloads == [b"{}", b"[]"] * (len(payloads) // 2)
        asyncio.run(journal.close())


@pytest.mark.parametrize(("cut", "known"), [("new, in the old length", False), ("old, in the new length", True)])
def test_a_power_cut_while_the_mark_of_an_older_version_grows_accuses_nobody(
    tmp_path: Path, cut: str, known: bool
) -> None:
    path = tmp_path / "cell.journal"
    mark = path.with_name("cell.journal-head")
    old = f"{7:020d} {(b'x' * 32).hex()}\n".encode()
    mark.write_bytes(old)
    water = HighWater(path)
    water.put(8, b"y" * 32)
    water.close()
    new = mark.read_bytes()
    assert len(new) > len(old)
    mark.write_bytes(new[: len(old)] if cut.startswith("new") else old.ljust(len(new), b"\0"))
    assert HighWater.read(path) == ((7, (b"x" * 32).hex()) if known else None)
