"""What is kept of a person: read out for them, erased for good, and never turned into a time of theirs."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import apsw
import pytest
from pydantic import TypeAdapter

from orchestrator.adapters.access import people, privacy
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.core import events as ev
from orchestrator.core.access import AccessError
from orchestrator.core.decide.orders import _attempt
from orchestrator.core.ports import Entry
from orchestrator.core.privacy import at_places
from orchestrator.core.state import Attempt
from orchestrator.http import own_record
from orchestrator.http.server import create_app
from orchestrator.wire import CLIENT, SERVER
from tests.unit.http_fakes import FakeDesk
from tests.unit.lan_bench import PIN, Site, client, lan
from tests.unit.test_cli import run
from tests.unit.test_journal_signed import signed

if TYPE_CHECKING:
    from pathlib import Path

NAME = "Wilhelmine Quast"
HAPPENED: tuple[ev.Event, ...] = (
    ev.PlaceJoined(place="front", operator="q1"),
    ev.StepConfirmed(unit="u1", step="load", attempt=1, place="front", operator="q1"),
    ev.Paused(target="cell", by="q1", reason="the bin is empty"),
    ev.Resumed(target="cell", by="b1"),
    ev.UnitEnded(
        unit="u1", order="o1", state="done", record={"steps": [{"attempts": [{"operator": "q1"}, {"operator": "b1"}]}]}
    ),
    ev.PlaceLeft(place="front"),
)


def entries(happened: tuple[ev.Event, ...] = HAPPENED) -> list[Entry]:
    return [
        Entry(t=1000.0 + n, type=each.type, subject=ev.subject(each), payload=each.model_dump_json().encode())
        for n, each in enumerate(happened)
    ]


def cell(data: Path, happened: tuple[ev.Event, ...] = HAPPENED) -> AccountsFile:
    """Return the accounts of a cell in which somebody has worked."""
    store = AccountsFile(data / "access.db")
    people.add(store, "Berta Lead", "supervisor", PIN, pseudonym="b1")
    people.add(store, NAME, "worker", PIN, pseudonym="q1", can=("weld",))
    people.add_badge(store, "q1", "04:a2:2f:91")

    async def write() -> None:
        journal = SqliteJournal(data / "journal.db")
        await journal.append(entries(happened))
        await journal.close()

    asyncio.run(write())
    return store


def sign_in(store: AccountsFile) -> str:
    joined = store.join(store.invite(now_t())[0], "tablet 1", now_t())
    assert joined is not None
    signed_in = store.sign_in(joined[0].id, now_t(), person="q1", secret=PIN)
    assert isinstance(signed_in, tuple)
    return signed_in[1]


def test_an_erased_person_is_a_pseudonym_and_the_journal_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = cell(tmp_path)
    signed(tmp_path / "journal.db")
    token = sign_in(store)
    before = (tmp_path / "journal.db").read_bytes()
    code, out, err = run(capsys, "privacy", "erase", NAME, "--sign-out", "--data", str(tmp_path))
    assert code == 0, err
    assert "q1 stands for nobody now" in out
    assert run(capsys, "journal", "verify", str(tmp_path / "journal.db"), "--head")[0] == 0
    assert (tmp_path / "journal.db").read_bytes() == before
    assert store.session(token, now_t()) is None
    assert [each.person for each in store.erased()] == ["q1"]
    assert "q1" in run(capsys, "privacy", "erased", "--data", str(tmp_path))[1]
    assert {each.id for each in store.people()} == {"b1"}
    assert not list(store.db.execute("SELECT * FROM badge"))
    store.close()
    assert all(b"Quast" not in path.read_bytes() for path in tmp_path.glob("*") if path.is_file())


def test_a_name_that_is_being_read_is_told_and_gone_at_the_next_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.adapters.access.store.BUSY_MS", 50)
    cell(tmp_path).close()
    reader = apsw.Connection(str(tmp_path / "access.db"))
    reading = reader.execute("SELECT name FROM person ORDER BY id")
    next(reading)
    data = ("--data", str(tmp_path))
    code, out, err = run(capsys, "privacy", "erase", NAME, *data)
    assert code == 0, err
    assert "holds the name still" in out
    assert "may be in its log still" in run(capsys, "privacy", "erased", *data)[1]
    reading.close()
    assert "log still" not in run(capsys, "privacy", "erased", *data)[1]
    assert all(b"Quast" not in path.read_bytes() for path in tmp_path.glob("*") if path.is_file())
    reader.close()


def test_a_server_brings_a_name_out_of_the_log_that_another_process_has_erased(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, _server):
            people.add(site.accounts, NAME, "worker", PIN, pseudonym="q1")
            with site.accounts.changing() as db:  # as another process does that is killed before it has cleared the log
                db.execute("DELETE FROM person WHERE id = 'q1'")
                db.execute("INSERT INTO erased VALUES ('q1', 1.0)")
            assert b"Quast" in (tmp_path / "access.db-wal").read_bytes()
            while b"Quast" in (tmp_path / "access.db-wal").read_bytes():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            assert b"Quast" not in (tmp_path / "access.db").read_bytes()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_a_device_that_is_called_after_who_was_erased_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = cell(tmp_path)
    store.join(store.invite(now_t())[0], "tablet of Wilhelmine", now_t())
    store.join(store.invite(now_t())[0], "tablet 2", now_t())
    out = run(capsys, "privacy", "erase", NAME, "--data", str(tmp_path))[1]
    assert "called after them: tablet of Wilhelmine." in out


def test_the_own_record_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sign_in(cell(tmp_path))
    out = tmp_path / "own.json"
    code, _, err = run(capsys, "privacy", "export", "q1", "--out", str(out), "--data", str(tmp_path))
    assert code == 0, err
    record = json.loads(out.read_text())
    assert record["account"]["name"] == NAME
    assert record["account"]["qualifications"] == ["weld"]
    assert [each["device"] for each in record["signed_in"]] == ["tablet 1"]
    named = {each["seq"]: (each["type"], each["named"], each["words"]) for each in record["events"]}
    assert named == {
        1: ("place_joined", ["operator"], ""),
        2: ("step_confirmed", ["operator"], ""),
        3: ("paused", ["by"], "the bin is empty"),
        5: ("unit_ended", ["record.steps.attempts.operator"], ""),
    }
    assert PIN not in out.read_text()
    code, _, err = run(capsys, "privacy", "export", "q1", "--out", str(out), "--data", str(tmp_path))
    assert code == 1
    assert "Name another file" in err


def test_an_archived_past_is_exported_with_its_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cell(tmp_path)
    journal, archive, out = tmp_path / "journal.db", tmp_path / "past.db", tmp_path / "own.json"
    kept = run(capsys, "journal", "retain", str(journal), "--archive", str(archive), "--cell", "demo")
    assert kept[0] == 0, kept[2]
    data = ("--data", str(tmp_path))
    assert run(capsys, "privacy", "export", "q1", "--out", str(out), *data)[0] == 0
    assert [each["seq"] for each in json.loads(out.read_text())["events"]] == [5], "the record that stays"
    out.unlink()
    code, _, err = run(capsys, "privacy", "export", "q1", "--out", str(out), "--archive", str(archive), *data)
    assert code == 0, err
    assert [each["seq"] for each in json.loads(out.read_text())["events"]] == [1, 2, 3, 5]
    assert run(capsys, "privacy", "export", "q1", "--out", str(out), "--archive", "none.db", *data)[0] == 1


def test_who_is_at_work_or_signed_in_is_not_erased_by_the_way(tmp_path: Path) -> None:
    store = cell(tmp_path)
    with pytest.raises(AccessError, match="at work at front") as working:
        privacy.erase(store, NAME, {"back": "b1", "front": "q1"}, now_t(), sign_out=True)
    assert "leave front first" in working.value.remedy
    sign_in(store)
    with pytest.raises(AccessError, match="signed in at tablet 1") as signed_in:
        privacy.erase(store, NAME, {"front": "b1"}, now_t())
    assert "--sign-out" in signed_in.value.remedy
    with pytest.raises(AccessError, match="only supervisor"):
        privacy.erase(store, "b1", {}, now_t())
    assert {each.id for each in store.people()} == {"b1", "q1"}


@pytest.mark.parametrize(
    ("who", "says"),
    [("q1", "q1 was erased on"), (NAME, "There is no person"), ("Kim", "Known: Berta Lead")],
)
@pytest.mark.parametrize("verb", ["erase", "export"])
def test_who_is_not_there_is_told_with_a_remedy(
    who: str, says: str, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = cell(tmp_path)
    privacy.erase(store, "q1", {}, now_t())
    out = ("--out", str(tmp_path / "own.json")) if verb == "export" else ()
    code, _, err = run(capsys, "privacy", verb, who, *out, "--data", str(tmp_path))
    assert code == 1
    assert says in err.replace("\n", " ")


def test_nobody_gets_the_pseudonym_of_who_was_erased(tmp_path: Path) -> None:
    store = cell(tmp_path)
    privacy.erase(store, "q1", {}, now_t())
    with pytest.raises(AccessError, match="somebody who was erased"):
        people.add(store, "Quentin", "worker", PIN, pseudonym="q1")


@pytest.mark.parametrize(
    ("more", "there"),
    [
        ((), {}),
        ((ev.PlaceJoined(place="front", operator="q1"),), {"front": "q1"}),
        ((ev.PlaceJoined(place="front", operator="q1"), ev.PlaceJoined(place="front", operator="b1")), {"front": "b1"}),
        ((ev.PlaceJoined(place="front", operator="q1"), ev.CellRestarted(state="held")), {}),
    ],
)
def test_who_is_at_a_place_is_read_from_the_journal(
    more: tuple[ev.Event, ...], there: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell(tmp_path, (*HAPPENED, *more))

    async def found() -> dict[str, str]:
        journal = SqliteJournal(tmp_path / "journal.db")
        try:
            return at_places(journal.read())
        finally:
            await journal.close()

    assert asyncio.run(found()) == there
    code, _, err = run(capsys, "privacy", "erase", "q1", "--data", str(tmp_path))
    assert (code == 1) == ("q1" in there.values()), err


def test_a_worker_sees_their_own_record_and_nobody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_record, "SCAN", 2)

    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            happened = (
                ev.PlaceJoined(place="front", operator="worker"),
                ev.Resumed(target="cell", by="supervisor"),
                ev.Paused(target="cell", by="worker", reason="tired"),
            )
            await desk.journal.append(entries(happened))
            async with client(server, site, "worker") as browser:
                first = (await browser.get("/api/v1/access/me")).json()
                rest = (await browser.get("/api/v1/access/me", params={"after": first["next"]})).json()
            assert (first["id"], first["name"], first["pin"], first["badges"]) == ("worker", "Worker", True, 1)
            assert [each["device"] for each in first["signed_in"]] == ["tablet 1"]
            seen = [(each["type"], each["words"]) for each in (*first["events"], *rest["events"])]
            assert seen == [("place_joined", ""), ("paused", "tired")]
            assert rest["next"] is None
            _, key = people.add_key(site.accounts, "erp", "auditor", now_t())
            async with client(server, site, "stranger") as machine:
                answer = await machine.get("/api/v1/access/me", headers={"authorization": f"Bearer {key}"})
            assert answer.status_code == 404

    asyncio.run(scenario())


def test_a_screen_is_told_no_name_of_who_was_erased(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            privacy.erase(site.accounts, "worker", {}, now_t())
            async with client(server, site, "auditor") as browser:
                told = (await browser.get("/api/v1/access")).json()["people"]
            assert "worker" not in {each["id"] for each in told}

    asyncio.run(scenario())


# ---- nobody is timed -----------------------------------------------------------------------------------------------

PERSON = {"operator", "person", "people", "by", "who", "colleague", "worker", "approved_by"}
ABOUT_TIME = ("_s", "_h", "_min", "duration", "average", "mean", "median", "speed", "rate", "score", "pace")
# Of steps as planned, of a lane's step that a pause stopped, of the robot's motions, of a camera's calibration.
OF_NO_PERSON = {
    ("LaneView", "expected_s"),
    ("LaneView", "paused_s"),
    ("StepView", "expected_s"),
    ("Intent", "duration_s"),
    ("CalibratedView", "age_h"),
    ("CalibratedView", "max_age_h"),
}


def timed(schemas: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the fields with a time or a measure of work in records that name a person."""
    found = set()
    for name, schema in schemas.items():
        fields = set(schema.get("properties", {}))
        personal = fields & PERSON or any(word in name.lower() for word in ("person", "colleague", "worker"))
        for field in fields if personal else ():
            if field.endswith(ABOUT_TIME):
                found.add((name, field))
        found |= {
            (name, field)
            for field in fields
            if any(who in field.split("_") for who in PERSON - {"by"}) and field.endswith(ABOUT_TIME)
        }
    return found


def schemas(root: Path) -> dict[str, Any]:
    app = create_app(FakeDesk(root), access=Site(root).access)
    api = app.openapi()["components"]["schemas"]
    return {**api, **SERVER.json_schema()["$defs"], **CLIENT.json_schema()["$defs"]}


def test_no_answer_and_no_message_holds_a_persons_times(tmp_path: Path) -> None:
    assert timed(schemas(tmp_path)) == OF_NO_PERSON


def test_no_event_holds_a_persons_times() -> None:
    assert timed(TypeAdapter(ev.Event).json_schema()["$defs"]) == {
        ("MotionIntended", "duration_s"),
        ("MotionIntended", "lead_s"),
    }


def test_no_figure_is_of_a_person_a_device_or_a_place(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            desk.screen.happen("step_done")
            for who in ("worker", "supervisor", "auditor"):
                async with client(server, site, who) as browser:
                    hold = {"type": "change_cell", "verb": "hold"}
                    await browser.post("/api/v1/cell", json=hold)
                    wrong = {"person": who, "secret": "999999"}
                    await browser.post("/api/v1/access/sign-in", json=wrong)
            async with client(server, site, "auditor") as browser:
                told = (await browser.get("/metrics")).text
            labels = set(re.findall(r'(\w+)="', told))
            assert {"type", "outcome", "code"} <= labels <= {"type", "outcome", "code", "tandem_cell_state"}
            for named in ("worker", "auditor", "Worker", site.device.id, "tablet", "front"):
                assert named not in told, named

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "added",
    [
        {"Shift": {"properties": {"operator": {}, "worked_s": {}}}},
        {"PersonFigures": {"properties": {"steps_rate": {}}}},
        {"Unit": {"properties": {"operator_mean_s": {}}}},
    ],
)
def test_a_time_of_a_person_would_be_found(added: dict[str, Any]) -> None:
    assert timed(added)


def test_the_record_of_an_attempt_says_when_and_by_whom_but_counts_nothing() -> None:
    kept = _attempt(Attempt(n=1, actors=("front",), started_t=1.0, ended_t=3.0, operator="q1"))
    assert not {name for name in kept if name.endswith(ABOUT_TIME)}
