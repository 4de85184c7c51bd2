"""The command line as its user meets it: exit codes, one line with a remedy, nothing changed."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from orchestrator.__main__ import main
from orchestrator.adapters.access.authority import Authority
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.cli import doctor
from orchestrator.cli import rewind as cli_rewind
from orchestrator.core.ports import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command line in this process; returns exit code, standard output and error."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    said = capsys.readouterr()
    code = exit_.value.code
    return (code if isinstance(code, int) else 0), said.out, said.err


def journal_with(path: Path, count: int) -> None:
    import asyncio

    async def write() -> None:
        journal = SqliteJournal(path)
        entries = [Entry(t=float(i), type="acknowledged", subject="", payload=b"{}") for i in range(count)]
        await journal.append(entries)
        await journal.close()

    asyncio.run(write())


def test_the_shipped_files_have_no_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", str(ROOT / "instructions"))
    assert code == 0, out
    assert "gear_reducer" in out
    assert "no errors" in out


def test_check_names_file_line_and_remedy_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    product = tmp_path / "lamp"
    product.mkdir()
    (product / "procedure.yaml").write_text("steps:\n- {id: a, result: {at: nest}, robott: pick}\n", encoding="utf-8")
    code, out, err = run(capsys, "check", str(tmp_path))
    assert code == 1
    assert "procedure.yaml:2" in out
    assert "robott" in out
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", "no/such/folder"), "no folder"),
        (("check", str(ROOT / "instructions"), "--skills", "no/skills"), "There is no folder 'no/skills'."),
        (("skills", "list", "--skills", "no/skills"), "There is no folder 'no/skills'."),
        (("skills", "show", "pick", "--skills", "no/skills"), "There is no folder 'no/skills'."),
        (("skills", "show", "pik_place"), "Did you mean pick_place?"),
        (("skills", "run", "pik"), "Did you mean pick?"),
        (("skills", "run", "pick", "--with", "part"), "name=value"),
        (("skills", "run", "pick", "--with", "part=bearng"), "Did you mean bearing?"),
        (("skills", "run", "place", "--with", "part=bearing", "--with", "at=nests"), "Did you mean nest?"),
        (("skills", "run", "screw", "--with", "at=nest"), "Skill screw needs 'tool' and 'torque_Nm'."),
        (("skills", "run", "pick"), "Skill pick needs 'part'. Write --with part=…, or let the step's result give it."),
        (("skills", "run", "pick", "--with", "prt=bearing"), "There is no parameter of pick 'prt'. Did you mean part?"),
        (("skills", "run", "pick", "--with", "part="), "There is no part ''."),
        (("skills", "run", "pick", "--with", "part=bearing", "--with", "at=nest"), "no parameter of pick 'at'"),
        (("skills", "run", "move_home", "--with", "tool=driver"), "no parameter of move_home 'tool'. Known: none."),
        (("skills", "run", "weigh", "--with", "tool=drivr"), "There is no tool 'drivr'. Did you mean driver?"),
        (
            ("skills", "run", "pick", "--with", "part=bearing", "--with", "approach_mm=far"),
            "Skill pick: approach_mm: A number is needed, not 'far'.",
        ),
        (("skills", "run", "place", "--with", "part=bearing", "--with", "at=housing"), "Write housing/"),
        (("skills", "run", "pick", "--with", "part=bearing", "--with", "part=screw"), "'part' is given twice"),
        (("skills", "run", "pick", "--with", "part=bearing", "--with", "size=3"), "Known: approach_mm, part."),
        (("skills", "run", "pick", "--with", "part=gasket"), "Refill the bin."),
        (("skills", "run", "pick", "--cell", "no_such"), "demo"),
        (("journal", "verify", "nothing.db"), "no journal"),
        (("order", "list", "--url", "http://127.0.0.1:9"), "No cell answers"),
        (("order", "store", "gear_reducer", "--option", "ratio"), "name=value"),
        (("demo", "--auto", "--worker", "robot"), "Choose none or sim"),
        (("demo", "--auto", "--option", "ratio=7"), "Choose one of"),
        (("serve", "--cell", "no_such"), "demo"),
        (("serve", "--host", "0.0.0.0"), "start with --lan"),
    ],
)
def test_a_refusal_is_one_line_with_a_remedy(
    arguments: Sequence[str],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    code, out, err = run(capsys, *arguments)
    assert code == 1, out + err
    assert says in err.replace("\n", " ")
    assert "Traceback" not in out + err


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--debug", "skills", "show", "pik_place")
    assert code == 1
    assert "Traceback" in err


def test_wrong_usage_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "order", "abort", "o1")
    assert code == 2
    assert "--reason" in err


def test_a_journal_is_backed_up_and_restored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal_with(tmp_path / "journal.db", 5)
    kept = str(tmp_path / "kept.db")
    code, out, _ = run(capsys, "journal", "backup", str(tmp_path / "journal.db"), "--out", kept)
    assert code == 0
    assert "5 events" in out
    code, _, err = run(capsys, "journal", "backup", str(tmp_path / "journal.db"), "--out", kept)
    assert code != 0
    assert "exists already" in err
    code, out, _ = run(capsys, "journal", "restore", kept, "--to", str(tmp_path / "journal.db"))
    assert code == 0
    assert "journal.db.before-1" in out.replace("\n", "")


def test_a_journal_is_verified_and_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal_with(tmp_path / "journal.db", 5)
    code, out, _ = run(capsys, "journal", "verify", str(tmp_path / "journal.db"))
    assert code == 0
    assert "5 events" in out
    code, _, _ = run(capsys, "journal", "export", str(tmp_path / "journal.db"), "--out", str(tmp_path / "all.jsonl"))
    assert code == 0
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3, 4, 5]


def test_the_skills_are_listed_with_their_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "skills", "list")
    assert code == 0
    for name in ("pick_place", "insert", "hand_over", "screw", "move_home"):
        assert name in out


def test_a_broken_skill_file_is_named_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.py").write_text((ROOT / "skills" / "move_home.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "bad.py").write_text("import nothing_like_this\n", encoding="utf-8")
    code, out, _ = run(capsys, "skills", "list", "--skills", str(tmp_path))
    assert code == 1
    assert "move_home" in out
    assert "bad.py" in out
    assert "line 1" in out


def test_doctor_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor")
    assert code in {0, 1}
    for what in ("Python", "libgl1", "open3d", "ROS 2", "Chromium"):
        assert what in out


def test_doctor_knows_what_a_cell_serves_the_network_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> doctor.Finding:
        (one,) = (finding for look in doctor.LOOKS for finding in look() if finding.what.startswith("TLS"))
        return one

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert not found().ok
    assert "`tandem serve --lan` makes it when it starts" in found().mend
    authority = Authority(tmp_path / "tandem" / "shop" / "tls", ("localhost",))
    authority.renew(datetime.now(UTC))
    assert found().ok
    assert found().found.startswith("shop until 20")
    authority.files[0].write_text("no certificate", encoding="utf-8")
    assert not found().ok


def test_doctor_knows_whether_large_pictures_get_through_cyclonedds(tmp_path, monkeypatch):
    def found() -> list[doctor.Finding]:
        return [finding for finding in doctor._buffers() if "socket buffers" in finding.what]

    asked = "<Internal><SocketReceiveBufferSize min='default' max='64MB'/></Internal>"
    most, config = tmp_path / "rmem_max", tmp_path / "cyclonedds.xml"
    most.write_text("67108864\n", encoding="ascii")
    config.write_text(asked, encoding="utf-8")
    monkeypatch.setattr(doctor, "MOST_BUFFERED", most)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    assert found() == []
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    monkeypatch.delenv("CYCLONEDDS_URI", raising=False)
    (finding,) = found()
    assert not finding.ok
    assert "of which 1 MB is asked for" in finding.mend
    assert "SocketReceiveBufferSize" in finding.mend
    for said in (asked, config.as_uri()):
        monkeypatch.setenv("CYCLONEDDS_URI", said)
        (finding,) = found()
        assert finding.ok
    most.write_text("212992\n", encoding="ascii")
    (finding,) = found()
    assert not finding.ok
    assert "0.2 MB at most" in finding.mend


def test_importing_tandem_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    program = "import sys, orchestrator, orchestrator.core.decide, orchestrator.engine.runner; print(*sys.modules)"
    run_ = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    for heavy in ("open3d", "mujoco", "fastapi", "rclpy", "apsw", "ruckig"):
        assert heavy not in run_.stdout.split()


def test_a_skill_is_tried_alone(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "skills", "run", "pick", "--with", "part=bearing", "--product", "gear_reducer")
    assert code == 0, err
    told = [line.strip().split(" s  ", 1)[-1] for line in out.splitlines()]
    assert told[:4] == ["-- try, by robot", "fetch bearing ...", "grip bearing ...", "bearing grasped: gripper"]
    assert told[-1].startswith("pick succeeded in ")


def test_a_skill_that_needs_a_person_and_a_place_gets_them(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--with", "part=bearing.upper", "--seed", "3")
    code, out, err = run(capsys, "skills", "run", "insert", *given)
    assert code == 0, err
    assert "sim-front confirms put_gear_shaft_5" in out
    assert "bearing.upper placed: u1/gear_shaft_5 seat_upper" in out


def test_skills_show_what_they_need_and_leave(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "skills", "show", "hand_over")
    assert code == 0
    for line in (
        "needs     together: a person shares the step",
        "leaves    part_handed: a person has the part, or has put it at its target",
        "takes     arm, gripper",
        "undone by person",
    ):
        assert line in out
    assert '"patience_s"' in out


def test_evidence_is_measured_verified_and_pruned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "evidence").mkdir()
    data = ("--data", str(tmp_path))
    assert "0 checks, 0 of them with pictures" in run(capsys, "evidence", "size", *data)[1]
    assert "0 records" in run(capsys, "evidence", "verify", *data)[1]
    assert "0 checks' pictures removed" in run(capsys, "evidence", "prune", "--older-than", "30", *data)[1]
    code, _, err = run(capsys, "evidence", "prune", "--older-than", "30", "--keep", "u9", *data)
    assert code == 1
    assert "No check of a unit 'u9'" in err
    code, _, err = run(capsys, "evidence", "size", "--data", str(tmp_path / "none"))
    assert code == 1
    assert "There is no evidence below" in err


def test_going_back_says_what_it_means_before_it_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, object]] = []
    undo = {
        "step": "cover",
        "title": {"en": "Cover"},
        "text": {"en": "Take off: Cover"},
        "by": "person",
        "never": False,
    }
    view = {"undo": [undo], "refused": ""}

    def call(method: str, _url: str, path: str, body: object = None) -> object:
        asked.append((method, path, body))
        return view

    monkeypatch.setattr(cli_rewind, "call", call)
    code, out, _ = run(capsys, "rewind", "u1", "screw@1", "--dry-run")
    assert code == 0
    assert "Take off: Cover" in out
    assert asked == [("GET", "/rewind/u1/screw%401", None)]
    code, _, err = run(capsys, "rewind", "u1", "cover")
    assert code == 1
    assert "--reason" in err
    code, out, _ = run(capsys, "rewind", "u1", "cover", "--reason", "scratched")
    assert code == 0
    assert asked[-1] == ("POST", "/rewind/u1/cover", {"reason": "scratched", "todo": ["cover"]})
    view["refused"] = "lid is active."
    code, _, err = run(capsys, "rewind", "u1", "cover", "--reason", "scratched")
    assert code == 1
    assert "lid is active" in err
    assert len([method for method, _, _ in asked if method == "POST"]) == 1


def test_a_data_folder_that_can_not_be_written_to_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    code, _, said = run(capsys, "demo", "--auto", "--data", str(tmp_path / "file" / "data"))
    assert code != 0
    assert "can't be written to: Not a directory." in " ".join(said.split())
    assert "--data" in said
    assert "Traceback" not in said


def test_a_port_that_is_taken_leaves_no_cell_behind_that_waits_for_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code, _, said = run(capsys, "demo", "--port", port, "--data", str(tmp_path / "cell"))
    assert code == 1
    assert f"Port {port} is taken." in said
    assert "--port" in said
    assert not (tmp_path / "cell").exists()


def test_an_export_of_a_damaged_journal_names_the_file_and_how_much_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_with(tmp_path / "journal.db", 5)
    with closing(apsw.Connection(str(tmp_path / "journal.db"))) as db:
        db.execute("UPDATE event SET payload = x'7b227a223a317d' WHERE seq = 4")
    out = tmp_path / "all.jsonl"
    code, _, err = run(capsys, "journal", "export", str(tmp_path / "journal.db"), "--out", str(out))
    said = err.replace("\n", "").replace(" ", "")
    assert code != 0
    assert f"{tmp_path}/journal.dbisdamaged" in said
    assert f"{out}:3events" in said
    assert len(out.read_text(encoding="utf-8").splitlines()) == 3


def test_an_export_writes_over_no_file_and_says_where_it_can_not_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_with(tmp_path / "journal.db", 5)
    out = tmp_path / "all.jsonl"
    out.write_text("kept", encoding="utf-8")
    code, _, err = run(capsys, "journal", "export", str(tmp_path / "journal.db"), "--out", str(out))
    assert code != 0
    assert "exists already" in err
    assert out.read_text(encoding="utf-8") == "kept"
    code, _, err = run(capsys, "journal", "export", str(tmp_path / "journal.db"), "--out", str(tmp_path / "no" / "x"))
    assert code != 0
    assert "can't be written" in err


def test_a_copy_that_can_not_be_written_blames_its_own_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_with(tmp_path / "journal.db", 5)
    nowhere = tmp_path / "no" / "kept.db"
    for asked in (
        ("backup", str(tmp_path / "journal.db"), "--out", str(nowhere)),
        ("restore", str(tmp_path / "journal.db"), "--to", str(nowhere)),
    ):
        code, _, err = run(capsys, "journal", *asked)
        said = err.replace("\n", "").replace(" ", "")
        assert code != 0
        assert f"Nofilecanbewrittenin{tmp_path}/no" in said
        assert "Nameafolder" in said
