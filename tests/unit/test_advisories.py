"""The dependency audit: it finds, it accepts with a reason, and it skips with a word where nobody answers."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from tests.advisories import main, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ID = "GHSA-aaaa-bbbb-cccc"


@contextmanager
def service(answer: Callable[[list[Any]], bytes], status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """Run an advisory service on loopback; returns where, and what it was asked."""
    asked: list[Any] = []

    class Advisories(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
            asked.extend(queries)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer(queries))

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Advisories) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / ".ci").mkdir()
    (tmp_path / "constraints.txt").write_text("# tried together\nanyio==4.1\napsw==3.54.1.0  # the journal\n")
    packages = {"": {"version": "1"}, "node_modules/preact": {"version": "10.1"}}
    packages["node_modules/a/node_modules/@x/b"] = {"version": "2.0"}
    (tmp_path / "web" / "package-lock.json").write_text(json.dumps({"packages": packages}))
    return tmp_path


def known(queries: list[Any]) -> bytes:
    return json.dumps(
        {"results": [{"vulns": [{"id": ID}]} if q["package"]["name"] == "apsw" else {} for q in queries]}
    ).encode()


def none(queries: list[Any]) -> bytes:
    return json.dumps({"results": [{} for _ in queries]}).encode()


def test_every_pinned_package_is_asked_about(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(none) as (where, asked):
        monkeypatch.setenv("TANDEM_ADVISORIES", where)
        assert main(root) == 0
    assert [(q["package"]["ecosystem"], q["package"]["name"], q["version"]) for q in asked] == [
        ("PyPI", "anyio", "4.1"),
        ("PyPI", "apsw", "3.54.1.0"),
        ("npm", "@x/b", "2.0"),
        ("npm", "preact", "10.1"),
    ]
    assert {kind for kind, _, _ in pinned()} == {"PyPI", "npm"}


def test_an_advisory_is_a_failure_until_somebody_has_accepted_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(known) as (where, _):
        monkeypatch.setenv("TANDEM_ADVISORIES", where)
        assert main(root) == 1
        assert f"{ID}: apsw 3.54.1.0" in capsys.readouterr().out
        (root / ".ci" / "accepted-advisories").write_text(f"{ID}\n")
        assert main(root) == 1, "without a reason it is not accepted"
        (root / ".ci" / "accepted-advisories").write_text(f"# looked at\n{ID} only on Windows\n")
        assert main(root) == 0
        assert "accepted: only on Windows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "status"),
    [(b"<html>", 200), (b"[]", 200), (b'{"results": []}', 200), (b"{}", 200), (b"{}", 503), (b"{}", 403)],
)
def test_a_service_that_does_not_answer_is_skipped_with_a_word(
    answer: bytes, status: int, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(lambda _: answer, status) as (where, _):
        monkeypatch.setenv("TANDEM_ADVISORIES", where)
        assert main(root) == 0
    assert "skipped: no advisory service" in capsys.readouterr().out


def test_no_network_is_skipped_with_a_word(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(none) as (where, _):
        pass
    monkeypatch.setenv("TANDEM_ADVISORIES", where)
    assert main(root) == 0
    assert "skipped: no advisory service" in capsys.readouterr().out
