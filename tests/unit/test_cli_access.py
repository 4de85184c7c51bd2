"""People, devices and keys at the command line, and the command line as a client of a server with login."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.cli.client import call
from orchestrator.cli.lan import ACCOUNTS, open_lan
from orchestrator.core.errors import SetupError, TandemError
from orchestrator.core.settings import Lan, Settings
from tests.unit.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path

PIN = "271828"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what puts a line on standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{text}\n".encode())))


def settings(data: Path, **lan: Any) -> Settings:
    return Settings(instructions=data, cell=data, skills=data, data=data, lan=Lan(**lan), host="0.0.0.0")


def test_people_are_added_changed_and_erased(tmp_path: Path, typed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path))
    typed(PIN)
    code, out, err = run(
        capsys, "people", "add", "Berta Lead", "--role", "supervisor", "--pseudonym", "b1", "--stdin", *data
    )
    assert code == 0, err
    assert "b1" in out
    code, out, _ = run(capsys, "people", "add", "Anna", "--badge-only", "--can", "weld", *data)
    assert code == 0
    typed("04A2-2F91")
    assert run(capsys, "people", "badge", "Anna", "--stdin", *data)[0] == 0
    assert run(capsys, "people", "role", "Anna", "programmer", *data)[0] == 0
    _, out, _ = run(capsys, "people", "list", *data)
    assert "Anna" in out
    assert "programmer" in out
    assert run(capsys, "people", "badge", "Anna", "--none", *data)[0] == 0
    typed("161803")
    assert run(capsys, "people", "pin", "b1", "--stdin", *data)[0] == 0
    assert run(capsys, "people", "remove", "Anna", *data)[0] == 0
    people = AccountsFile(tmp_path / ACCOUNTS).people()
    assert [(person.id, person.role, person.secret) for person in people] == [("b1", "supervisor", True)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("people", "add", "Anna", "--role", "boss", "--stdin"), "Known: auditor"),
        (("people", "add", "Anna", "--role", "supervisor", "--badge-only"), "needs a PIN"),
        (("people", "add", "Anna", "--stdin"), "too easy"),
        (("people", "remove", "Nobody"), "There is no person"),
        (("devices", "revoke", "d-1"), "There is no device"),
        (("keys", "revoke", "k-1"), "There is no key"),
        (("serve", "--lan"), "tandem people add NAME --role supervisor"),
        (("serve", "--name", "cell-1"), "Add --lan"),
        (("serve", "--lan", "--certificate", "x.pem"), "--certificate-key"),
    ],
)
def test_a_mistake_is_one_line_with_a_remedy(
    arguments: tuple[str, ...], says: str, tmp_path: Path, typed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("1234")
    code, _, err = run(capsys, *arguments, "--data", str(tmp_path))
    assert code == 1
    assert says in err.replace("\n", " ")


def test_devices_and_keys_come_and_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path))
    code, out, _ = run(capsys, "devices", "join", "--url", "https://cell-1:8443", *data)
    assert code == 0
    spelled = out.split("https://cell-1:8443/join#")[1][:8]
    accounts = AccountsFile(tmp_path / ACCOUNTS)
    joined = accounts.join(spelled, "tablet", now_t())
    assert joined is not None
    assert "tablet" in run(capsys, "devices", "list", *data)[1]
    assert run(capsys, "devices", "revoke", joined[0].id, *data)[0] == 0
    assert accounts.device(joined[1]) is None
    token = run(capsys, "keys", "add", "erp", "--role", "worker", *data)[1].splitlines()[-1]
    key = accounts.key(token)
    assert key is not None
    assert key.role == "worker"
    assert key.id in run(capsys, "keys", "list", *data)[1]
    assert run(capsys, "keys", "revoke", key.id, *data)[0] == 0
    assert accounts.key(token) is None


def test_a_key_is_sent_by_tls_or_to_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, str]]] = []

    def request(_method: str, url: str, **options: Any) -> httpx.Response:
        sent.append((url, options["headers"]))
        return httpx.Response(401, json={"code": "not_joined", "message": "No."})

    monkeypatch.setattr(httpx, "request", request)
    monkeypatch.setenv("TANDEM_KEY", "k")
    with pytest.raises(TandemError) as refused:
        call("GET", "http://cell-1:8080", "/cell")
    assert "anyone could read it" in refused.value.message
    assert sent == []
    for url in ("https://cell-1:8443", "http://127.0.0.1:8080"):
        with pytest.raises(TandemError) as asked:
            call("GET", url, "/cell")
        assert "tandem keys add" in asked.value.remedy
        assert sent[-1] == (f"{url}/api/v1/cell", {"authorization": "Bearer k"})
    monkeypatch.setenv("TANDEM_CA", "no/such/file")
    with pytest.raises(SetupError):
        call("GET", "https://cell-1:8443", "/cell")


def test_a_server_for_the_network_has_accounts_a_certificate_and_a_code_for_its_first_device(
    tmp_path: Path, typed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(PIN)
    run(capsys, "people", "add", "B", "--role", "supervisor", "--stdin", "--data", str(tmp_path))
    lan = open_lan(settings(tmp_path, names=("cell-1",)))
    assert lan.names[0] == "cell-1"
    assert lan.access.authority.startswith(b"-----BEGIN CERTIFICATE-----")
    lan.tell("https://0.0.0.0:8443")
    said = capsys.readouterr().out
    assert "https://cell-1:8443/join#" in said
    assert lan.access.fingerprint in said.replace("\n", "")
    own = open_lan(
        settings(tmp_path, certificate=tmp_path / "tls" / "server.crt", certificate_key=tmp_path / "tls" / "server.key")
    )
    assert own.access.authority == b""
    with pytest.raises(SetupError):
        open_lan(settings(tmp_path, certificate=tmp_path / "none", certificate_key=tmp_path / "none"))
