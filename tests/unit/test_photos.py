"""Pictures that people take of results: what a confirmation needs, what is kept of an upload, and what is refused."""

from __future__ import annotations

import asyncio
import io
import os
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from orchestrator.__main__ import main as tandem
from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.adapters.photos import files, pixels
from orchestrator.adapters.photos.files import PhotoFiles
from orchestrator.adapters.photos.memory import PhotoMemory
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import Rejected
from orchestrator.core.decide.orders import record
from orchestrator.core.decide.photos import MOST, wanted
from orchestrator.core.errors import BadInput, SetupError
from orchestrator.core.machine import CellVerb
from orchestrator.core.photo import SIDE_PX, UPLOAD_BYTES, KeptPhoto, path_of
from orchestrator.core.ports import Entry
from orchestrator.engine.photographing import Photographing
from tests.unit.cell_bench import BOSS, authored
from tests.unit.cell_bench import bench as cell_bench
from tests.unit.core_builders import WORKER, Bench, step, types, variant
from tests.unit.http_fakes import FakeDesk, browser, serving

if TYPE_CHECKING:
    from pathlib import Path

LOAD = step("load", part="body", at="nest", by="robot")
SHA, OTHER = "a" * 64, "b" * 64
OF = {"unit": "u1", "step": "plug", "attempt": 1, "place": "front"}


def picture(size: tuple[int, int] = (64, 48), kind: str = "JPEG", *, colour: str = "teal", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


def with_exif() -> bytes:
    """A picture as a telephone makes it: turned, with place, owner and a text beside its pixels."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x013B] = "Kim Secret"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)
    return picture((60, 40), exif=exif, comment=b"at home")


def bench(*check: str, human: str = "human") -> Bench:
    """A unit with a step that asks for a picture, in the hands of a person at the front."""
    plug = step("plug", ["load"], part="pin", at="body/seat", by=human, check=list(check) or ["photo"])
    b = Bench(joined=("front", "back")).running(
        variant(LOAD, plug, step("last", ["plug"], by="human", check=["person"]))
    )
    b.finish("load")
    b.start("plug", "front" if human == "human" else "robot")
    return b


def keep(sha256: str = SHA, **more: Any) -> cmd.KeepPhoto:
    return cmd.KeepPhoto(**{**OF, **more}, sha256=sha256, width=640, height=480, size_bytes=9_000)


def refused(b: Bench, command: cmd.Command, who: cmd.Who = WORKER) -> str:
    before = b.state
    verdict = b.ask(command, who)
    assert isinstance(verdict, Rejected), types(verdict)
    assert b.state is before
    assert verdict.message
    assert verdict.remedy
    return verdict.code


# ---- what a word needs -----------------------------------------------------------------------------------------


def test_a_step_with_a_photo_check_is_not_confirmed_without_a_picture() -> None:
    b = bench()
    assert refused(b, b.confirm("plug")) == "missing_photo"
    assert refused(b, b.confirm("plug", photo=SHA)) == "unknown_photo"
    b.do(keep())
    assert refused(b, b.confirm("plug")) == "missing_photo"
    assert refused(b, b.confirm("plug", photo=OTHER)) == "unknown_photo"
    events = b.do(b.confirm("plug", photo=SHA))
    assert next(event for event in events if isinstance(event, ev.StepConfirmed)).photo == SHA
    assert next(event for event in events if isinstance(event, ev.StepDone)).evidence == ("photo",)
    assert record(b.state, b.state.units["u1"], "done", b.t)["steps"][1]["attempts"][0]["photo"] == SHA
    assert b.replayed() == b.state


def test_a_picture_for_a_step_that_asks_for_none_is_refused() -> None:
    b = bench("person")
    assert refused(b, keep()) == "no_photo_check"
    assert refused(b, b.confirm("plug", photo=SHA)) == "no_photo_check"


def test_a_picture_counts_for_its_attempt_alone() -> None:
    b = bench()
    b.do(keep())
    b.do(cmd.ReportProblem(**OF))
    b.do(b.choice("plug", "retry"))
    b.start("plug", "front")
    assert b.at("plug").attempt == 2
    assert refused(b, b.confirm("plug", photo=SHA)) == "unknown_photo"
    assert refused(b, keep()) == "stale"
    b.do(keep(attempt=2))
    b.do(b.confirm("plug", photo=SHA))
    assert b.at("plug").status == "done"


def test_after_the_robot_a_person_is_asked_for_a_picture() -> None:
    b = bench("photo", human="robot")
    b.do(b.skill("plug"))
    assert b.at("plug").wants == {"attest"}
    assert refused(b, b.confirm("plug", "back")) == "missing_photo"
    b.do(keep(place="back"))
    b.do(b.confirm("plug", "back", photo=SHA))
    assert b.at("plug").status == "done"


def test_beside_the_robot_a_picture_is_taken_once_it_has_let_go() -> None:
    plug = step("plug", ["load"], part="pin", at="body/seat", check=["photo"], together=True)
    b = Bench(joined=("front",)).running(variant(LOAD, plug, step("last", ["plug"], by="human", check=["person"])))
    b.finish("load")
    b.start("plug", "robot", "front")
    b.do(b.moved("pin", "grasped", "gripper"))
    assert not wanted(b.step("plug"), b.at("plug"))
    assert refused(b, keep()) == "not_yet"
    b.do(b.confirm("plug"))
    b.do(b.moved("pin", "released", "place:front"))
    b.do(b.skill("plug"))
    assert b.at("plug").wants == {"attest"}
    assert wanted(b.step("plug"), b.at("plug"))
    assert refused(b, b.confirm("plug")) == "missing_photo"
    b.do(keep())
    b.do(b.confirm("plug", photo=SHA))
    assert b.at("plug").status == "done"
    assert b.replayed() == b.state


def test_one_picture_does_for_two_people() -> None:
    b = bench("two_people", "photo")
    b.do(keep())
    b.do(b.confirm("plug", photo=SHA))
    assert b.at("plug").wants == {"attest"}
    b.do(b.confirm("plug", "back"))
    assert b.at("plug").status == "done"
    assert b.at("plug").photo == SHA


def test_a_picture_of_what_was_touched_since_counts_no_more() -> None:
    b = bench("two_people", "photo")
    b.do(keep())
    b.do(b.confirm("plug", photo=SHA))
    b.do(b.moved("pin", "placed", "u1/body", frame="seat"))
    assert refused(b, b.confirm("plug", "back")) == "missing_photo"
    assert refused(b, b.confirm("plug", "back", photo=SHA)) == "unknown_photo"


def test_a_result_that_was_put_right_and_looked_at_again_needs_a_new_picture() -> None:
    b = bench("camera", "photo")
    b.do(keep())
    b.do(b.confirm("plug", photo=SHA))
    b.wait(1)
    b.do(b.seen("plug", "displaced", offset_mm=(3.0, 0.0, 0.0)))
    b.do(b.choice("plug", "recheck"))
    b.wait(1)
    b.do(b.seen("plug"))
    assert b.at("plug").wants == {"attest"}
    assert refused(b, b.confirm("plug")) == "missing_photo"
    assert refused(b, b.confirm("plug", photo=SHA)) == "unknown_photo"
    b.do(keep(OTHER))
    b.do(b.confirm("plug", photo=OTHER))
    assert (b.at("plug").status, b.at("plug").attempts[-1].photo) == ("done", OTHER)
    assert b.replayed() == b.state


def test_pictures_are_taken_of_who_is_signed_in_and_in_no_other_name() -> None:
    b = bench()
    assert refused(b, keep(place="nowhere")) == "nobody"
    assert refused(b, keep(operator="op-back")) == "other_person"
    assert refused(b, keep(), cmd.Who(name="op-back", role="worker", known=True)) == "other_person"
    assert refused(b, keep(unit="u9")) == "no_step"
    denied = b.do(keep(), cmd.Who(name="eve", role="auditor"))
    assert [type(event) for event in denied] == [ev.CommandDenied]
    assert b.at("plug").photos == ()


def test_an_attempt_has_few_pictures_and_the_same_one_again_changes_nothing() -> None:
    b = bench()
    for n in range(MOST):
        b.do(keep(f"{n:064x}"))
        assert b.do(keep(f"{n:064x}")) == []
    assert refused(b, keep(SHA)) == "too_many_photos"
    b.do(b.confirm("plug", photo=f"{MOST - 1:064x}"))


def test_a_kept_word_rests_on_a_picture_that_came_before_it() -> None:
    b = bench()
    said_t = b.t
    b.wait(900)
    b.do(keep(operator="op-front"))
    events = b.ask(b.confirm("plug", photo=SHA), WORKER, cmd.Kept(operator="op-front", t=said_t))
    assert not isinstance(events, Rejected)
    assert b.at("plug").status == "done"


# ---- what is kept of an upload ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_kind_of_picture_is_kept_as_jpeg(kind: str) -> None:
    data, width, height = pixels.clean(picture(kind=kind))
    assert (width, height) == (64, 48)
    with Image.open(io.BytesIO(data)) as found:
        assert (found.format, found.size) == ("JPEG", (64, 48))


def test_nothing_but_pixels_is_kept_of_a_telephones_picture() -> None:
    upload = with_exif()
    assert b"Kim Secret" in upload
    data, width, height = pixels.clean(upload)
    assert (width, height) == (40, 60)  # upright
    with Image.open(io.BytesIO(data)) as found:
        assert dict(found.getexif()) == {}
        assert not {"exif", "comment", "icc_profile", "xmp"} & set(found.info)
    assert b"Kim Secret" not in data
    assert b"at home" not in data


def test_a_large_picture_is_kept_smaller() -> None:
    _, width, height = pixels.clean(picture((4000, 3000)))
    assert (width, height) == (SIDE_PX, SIDE_PX * 3 // 4)


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (b"", "not_a_photo"),
        (b"<svg onload='alert(1)'/>", "not_a_photo"),
        (picture(kind="GIF"), "not_a_photo"),
        (picture(kind="TIFF"), "not_a_photo"),
        (picture()[:300], "not_a_photo"),
        (picture(kind="PNG")[:60], "not_a_photo"),
        (b"\xff\xd8\xff" + b"x" * 500, "not_a_photo"),
        (b"RIFF\x00\x00\x00\x00WAVE" + b"x" * 500, "not_a_photo"),
        (picture((6000, 4001), kind="PNG"), "photo_too_large"),
        (picture() + b"x" * UPLOAD_BYTES, "photo_too_large"),
    ],
    ids=["nothing", "markup", "gif", "tiff", "cut", "cut-png", "only-a-name", "sound", "pixels", "bytes"],
)
def test_what_is_no_picture_or_too_large_is_refused(upload: bytes, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        pixels.clean(upload)
    assert refused.value.code == code
    assert refused.value.remedy


def test_files_and_memory_name_the_same_picture_alike(tmp_path: Path) -> None:
    store, memory = PhotoFiles(tmp_path), PhotoMemory()
    kept = store.keep(with_exif())
    assert kept == memory.keep(with_exif()) == store.keep(with_exif())
    assert (tmp_path / kept.path).read_bytes() == memory.kept[kept.sha256]
    assert kept.path == path_of(kept.sha256)
    assert [path.name for path in (tmp_path / "photos").rglob("*") if path.is_file()] == [f"{kept.sha256}.jpg"]
    assert list(files.damaged(tmp_path)) == []
    (tmp_path / kept.path).write_bytes(b"another")
    assert list(files.damaged(tmp_path)) == [kept.sha256]


def test_a_store_without_room_says_so(tmp_path: Path) -> None:
    (tmp_path / "photos").write_text("in the way")
    with pytest.raises(SetupError) as refused:
        PhotoFiles(tmp_path).keep(picture())
    assert refused.value.code == "no_room"


def test_old_pictures_go_unless_they_are_needed(tmp_path: Path) -> None:
    store = PhotoFiles(tmp_path)
    old, needed, young = (store.keep(picture(colour=colour)) for colour in ("red", "green", "blue"))
    for kept in (old, needed):
        os.utime(tmp_path / kept.path, (1_000, 1_000))
    count, freed, spared = files.prune(tmp_path, 2_000, {needed.sha256}, try_only=True)
    assert (count, freed, spared) == (1, old.size_bytes, 1)
    assert len(list(files.photos(tmp_path))) == 3
    assert files.prune(tmp_path, 2_000, {needed.sha256}) == (1, old.size_bytes, 1)
    assert {path.stem for path in files.photos(tmp_path)} == {needed.sha256, young.sha256}
    assert files.was_removed(tmp_path, old.path)
    assert not files.was_removed(tmp_path, young.path)
    store.keep(picture(colour="red"))
    assert not files.was_removed(tmp_path, old.path)


# ---- the route -------------------------------------------------------------------------------------------------


def test_the_route_takes_pictures_within_its_limits_and_nothing_else(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, browser(server) as page:

            async def send(data: bytes, kind: str = "image/jpeg", **of: Any) -> Any:
                return await page.post(
                    "/api/v1/photos", params={**OF, **of}, content=data, headers={"content-type": kind}
                )

            taken = await send(with_exif())
            assert taken.status_code == 201, taken.text
            (asked,) = desk.asked
            assert isinstance(asked.command, cmd.KeepPhoto)
            assert taken.json()["sha256"] == asked.command.sha256
            assert taken.json()["path"] == path_of(asked.command.sha256)
            for answer, status, code in (
                (await send(picture(), "application/json"), 415, "not_a_photo"),
                (await send(picture(), "image/svg+xml"), 415, "not_a_photo"),
                (await send(b"", "image/png"), 422, "not_a_photo"),
                (await send(b"GIF89a", "image/png"), 422, "not_a_photo"),
                (await send(b"\xff\xd8\xff" + b"x" * UPLOAD_BYTES), 413, "photo_too_large"),
                (await send(picture(), attempt=-1), 422, "bad_input"),
                (await page.post("/api/v1/photos", content=picture()), 422, "bad_input"),
            ):
                assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
                assert answer.json()["remedy"]
            assert len(desk.asked) == 1
            other = await page.post("/api/v1/commands", content=picture(), headers={"content-type": "image/jpeg"})
            assert other.status_code == 415  # no other route takes pictures
            strange = await page.post(
                "/api/v1/photos", params=OF, content=picture(), headers={"origin": "http://evil.example"}
            )
            assert (strange.status_code, strange.json()["code"]) == (403, "foreign_origin")

    asyncio.run(scenario())


def test_a_kept_picture_is_given_out_as_evidence_and_said_to_be_gone_once_pruned(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        kept = PhotoFiles(desk.evidence).keep(picture())
        async with serving(desk) as server, browser(server) as page:
            shown = await page.get(f"/api/v1/evidence/{kept.path}")
            assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
            os.utime(desk.evidence / kept.path, (1_000, 1_000))
            files.prune(desk.evidence, 2_000)
            gone = await page.get(f"/api/v1/evidence/{kept.path}")
            assert (gone.status_code, gone.json()["code"]) == (410, "removed")
            assert (await page.get(f"/api/v1/evidence/{path_of(OTHER)}")).status_code == 404

    asyncio.run(scenario())


# ---- a simulated worker ----------------------------------------------------------------------------------------


def test_a_simulated_worker_takes_the_picture_that_its_card_asks_for(tmp_path: Path) -> None:
    folder = authored(tmp_path / "authored")
    procedure = folder / "stack" / "procedure.yaml"
    procedure.write_text(procedure.read_text().replace("check: person", "check: [person, photo]"))

    async def main() -> None:
        async with cell_bench(folder) as cell:
            await cell.begin()
            await cell.ended()
            (kept,) = (event for event in cell.log if isinstance(event, ev.PhotoKept))
            assert (kept.step, kept.width, kept.height, kept.operator) == ("unload", 640, 480, "sim-front")
            said = [event.photo for event in cell.log if isinstance(event, ev.StepConfirmed) and event.photo]
            assert said == [kept.sha256]
            done = [event.evidence for event in cell.log if isinstance(event, ev.StepDone) and event.step == "unload"]
            assert done == [("person", "photo")]

    run_virtual(main)


def test_a_full_disk_is_told_and_the_picture_is_taken_once_there_is_room(tmp_path: Path) -> None:
    folder = authored(tmp_path / "authored")
    procedure = folder / "stack" / "procedure.yaml"
    procedure.write_text(procedure.read_text().replace("check: person", "check: photo"))

    async def main() -> None:
        async with cell_bench(folder) as cell:
            cell.work()
            await cell.change(CellVerb.START)
            await cell.order()
            await cell.event("step_started", step="unload")
            store = FullStore()
            taking = Photographing(cell.cell.runner, store)
            of = cmd.PhotoOf(unit="u1", step="unload", attempt=1, place="front")
            with pytest.raises(SetupError):
                await taking.keep("p1", of, picture(), BOSS, cell.now)
            assert "evidence/photos" in cell.cell.runner.troubles.there
            assert cell.step("unload").photos == ()
            stale, kept = await taking.keep("p2", of.model_copy(update={"attempt": 2}), picture(), BOSS, cell.now)
            assert (stale.code, kept, store.asked) == ("stale", None, 1)  # nothing is decoded that nobody waits for
            store.full = False
            answer, kept = await taking.keep("p3", of, picture(), BOSS, cell.now)
            assert answer.ok
            assert kept is not None
            assert cell.step("unload").photos == (kept.sha256,)
            assert cell.cell.runner.troubles.there == {}

    run_virtual(main)


class FullStore(PhotoMemory):
    """A store without room, until it has some."""

    full, asked = True, 0

    def keep(self, upload: bytes) -> KeptPhoto:
        self.asked += 1
        if self.full:
            raise SetupError("A picture of a worker can't be kept: No space left on device.", code="no_room")
        return super().keep(upload)


def test_the_command_line_counts_checks_and_prunes_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = PhotoFiles(tmp_path / "evidence")
    gone, at_work = (store.keep(picture(colour=colour)) for colour in ("red", "green"))
    for kept in (gone, at_work):
        os.utime(tmp_path / "evidence" / kept.path, (1_000, 1_000))
    event = ev.PhotoKept(
        unit="u7", step="plug", attempt=1, place="front", operator="kim", sha256=at_work.sha256, width=64, height=48,
        size_bytes=at_work.size_bytes,
    )  # fmt: skip

    async def journal() -> None:
        log = SqliteJournal(tmp_path / "journal.db")
        await log.append([Entry(1_000.0, event.type, "u7", event.model_dump_json().encode())])
        await log.close()

    asyncio.run(journal())

    def said(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            tandem(["evidence", *words, "--data", str(tmp_path)])
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert "2 pictures of workers" in said("size")
    assert "2 pictures of workers, each as it was written" in said("verify")
    assert "1 pictures of workers removed" in said("prune", "--older-than", "30")
    assert [path.stem for path in files.photos(tmp_path / "evidence")] == [at_work.sha256]
