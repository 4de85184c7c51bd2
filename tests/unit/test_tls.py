"""The site's authority, the server's certificate, and a server that speaks TLS alone."""

from __future__ import annotations

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509
from websockets.asyncio.client import connect

from orchestrator.adapters.access import authority as authority_module
from orchestrator.adapters.access.authority import AUTHORITY_DAYS, RENEW_DAYS, SERVER_DAYS, Authority
from orchestrator.adapters.access.names import LOOPBACK, names
from orchestrator.adapters.access.tls import Tls
from orchestrator.core.errors import SetupError
from orchestrator.http.server import WebServer, create_app, serve
from orchestrator.wire import SUBPROTOCOL
from tests.unit.http_fakes import FakeDesk
from tests.unit.lan_bench import RightsDesk, Site

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)
NAMES = ("cell-1", "cell-1.local", *LOOPBACK)


def served(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls", NAMES)
    authority.renew(NOW)
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / "tls" / name).stat().st_mode) == 0o600


def test_a_second_start_keeps_authority_and_certificate(tmp_path: Path) -> None:
    first = Authority(tmp_path, NAMES)
    assert first.renew(NOW)
    again = Authority(tmp_path, NAMES)
    assert again.fingerprint == first.fingerprint
    assert not again.renew(NOW)


@pytest.mark.parametrize("broken", ["ends soon", "other names", "other key", "cut short", "of another authority"])
def test_a_certificate_that_will_not_do_is_made_anew(tmp_path: Path, broken: str) -> None:
    authority = Authority(tmp_path / "a", NAMES)
    authority.renew(NOW)
    certificate, key = authority.files
    before, now = certificate.read_bytes(), NOW
    other = Authority(tmp_path / "b", NAMES)
    other.renew(NOW)
    match broken:
        case "ends soon":
            now = NOW + timedelta(days=SERVER_DAYS - RENEW_DAYS, minutes=1)
        case "other names":
            authority = Authority(tmp_path / "a", (*NAMES, "192.168.7.9"))
        case "other key":
            key.write_bytes(other.files[1].read_bytes())
        case "cut short":
            certificate.write_bytes(before[:100])
        case "of another authority":
            certificate.write_bytes(other.files[0].read_bytes())
            key.write_bytes(other.files[1].read_bytes())
    assert authority.renew(now)
    assert not authority.renew(now)
    Tls(certificate, key)


def test_the_authority_vouches_for_no_site_elsewhere(tmp_path: Path) -> None:
    Authority(tmp_path, NAMES)
    for elsewhere in ("example.com", "8.8.8.8"):
        with pytest.raises(SetupError) as refused:
            Authority(tmp_path, (*NAMES, elsewhere)).renew(NOW)
        assert elsewhere in refused.value.message
        assert refused.value.remedy
    assert Authority(tmp_path, (*NAMES, "192.168.7.9", "fd00::9", "other.local")).renew(NOW)


def test_a_name_that_was_given_from_the_beginning_is_vouched_for(tmp_path: Path) -> None:
    assert Authority(tmp_path, (*NAMES, "cell.example.com")).renew(NOW)


def test_this_machines_names_hold_the_given_ones_and_loopback() -> None:
    found = names(("Cell-9.Example.COM", "[fd00::1]", "0.0.0.0"))
    assert found[:2] == ("cell-9.example.com", "fd00::1")
    assert set(LOOPBACK) <= set(found)
    assert "0.0.0.0" not in found
    assert len(set(found)) == len(found)


def test_a_renewed_certificate_counts_for_the_next_connection_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        authority = Authority(tmp_path / "tls", NAMES)
        tls = Tls(*authority.files, authority, now=lambda: NOW)
        site = Site(tmp_path)
        server = WebServer(create_app(RightsDesk(tmp_path / "desk"), access=site.access), port=0, tls=tls.context)
        running = asyncio.ensure_future(server.run())
        try:
            await server.started()
            trusted = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.crt")
            assert server.url.startswith("https://")
            live = connect(
                f"wss://127.0.0.1:{server.port}/ws",
                subprotocols=[SUBPROTOCOL],
                proxy=None,
                ssl=trusted,
                additional_headers=site.headers("worker", server.url),
            )
            async with live as page:
                seen = []
                for _ in range(2):
                    async with httpx.AsyncClient(verify=trusted, trust_env=False) as browser:
                        assert (await browser.get(f"{server.url}/healthz")).status_code == 200
                    pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", server.port))
                    seen.append(served(pem.encode()).serial_number)
                    monkeypatch.setattr(authority_module, "RENEW_DAYS", SERVER_DAYS + 1)
                    assert tls.look()
                assert seen[0] != seen[1]
                await page.send('{"type": "ping"}')
                assert "pong" in await page.recv()
        finally:
            server.stop()
            await running

    asyncio.run(scenario())


def test_a_running_server_looks_by_itself_and_serves_the_renewed_certificate(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = [NOW]
        authority = Authority(tmp_path / "tls", NAMES)
        tls = Tls(*authority.files, authority, now=lambda: clock[0])
        server = WebServer(create_app(FakeDesk(tmp_path / "desk")), port=0, tls=tls.context)
        running = asyncio.ensure_future(server.run())
        keeping = asyncio.ensure_future(tls.keep(look_s=0.01))
        try:
            await server.started()

            async def serial() -> int:
                pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", server.port))
                return served(pem.encode()).serial_number

            first = await serial()
            clock[0] = NOW + timedelta(days=SERVER_DAYS - RENEW_DAYS, minutes=1)
            while await serial() == first:
                pass
        finally:
            keeping.cancel()
            server.stop()
            await running

    asyncio.run(asyncio.wait_for(scenario(), 60))


@pytest.mark.parametrize("wrong", ["long ago", "after its end"])
def test_a_clock_outside_the_authoritys_time_is_told_with_a_remedy(tmp_path: Path, wrong: str) -> None:
    authority = Authority(tmp_path, NAMES)
    now = datetime(1970, 1, 2, tzinfo=UTC) if wrong == "long ago" else NOW + timedelta(days=AUTHORITY_DAYS + 1)
    with pytest.raises(SetupError, match=f"it is {now.year}") as refused:
        authority.renew(now)
    assert "Set the clock" in refused.value.remedy


def test_a_certificate_made_by_a_clock_that_was_ahead_is_made_anew(tmp_path: Path) -> None:
    authority = Authority(tmp_path, NAMES)
    authority.renew(NOW + timedelta(days=40))
    assert authority.renew(NOW)
    assert served(authority.files[0].read_bytes()).not_valid_before_utc <= NOW


@pytest.mark.parametrize(
    ("days", "says"),
    [(0, ""), (SERVER_DAYS - 10, "ends on"), (SERVER_DAYS + 1, "has ended on"), (-1, "not count before")],
)
def test_a_certificate_of_ones_own_that_ends_is_told(tmp_path: Path, days: int, says: str) -> None:
    authority = Authority(tmp_path, NAMES)
    authority.renew(NOW)
    told = Tls(*authority.files, now=lambda: NOW + timedelta(days=days)).ends_soon()
    assert says in told
    assert bool(told) == bool(says)


def test_a_damaged_certificate_leaves_the_one_of_before(tmp_path: Path) -> None:
    authority = Authority(tmp_path, NAMES)
    authority.renew(NOW)
    tls = Tls(*authority.files)
    authority.files[0].write_text("nothing")
    with pytest.raises(SetupError):
        tls.look()


def test_plain_http_gets_nothing_from_a_server_with_tls(tmp_path: Path) -> None:
    async def scenario() -> None:
        authority = Authority(tmp_path / "tls", NAMES)
        tls = Tls(*authority.files, authority)
        server = WebServer(create_app(FakeDesk(tmp_path / "desk")), port=0, tls=tls.context)
        running = asyncio.ensure_future(server.run())
        try:
            await server.started()
            async with httpx.AsyncClient(trust_env=False) as browser:
                with pytest.raises(httpx.TransportError):
                    await browser.get(f"http://127.0.0.1:{server.port}/healthz")
                with pytest.raises(httpx.ConnectError):  # nor does anybody trust it unasked
                    await browser.get(f"https://127.0.0.1:{server.port}/healthz")
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            with pytest.warns(DeprecationWarning):  # noqa: PT030, PT031 - Python says so of each
                old.minimum_version = ssl.TLSVersion.TLSv1
                old.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises(ssl.SSLError):
                await asyncio.open_connection("127.0.0.1", server.port, ssl=old)
        finally:
            server.stop()
            await running

    asyncio.run(scenario())


def test_nothing_is_served_beyond_this_machine_without_login_and_tls(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for given in ({}, {"access": site.access}, {"tls": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}):
        with pytest.raises(SetupError) as refused:
            asyncio.run(serve(FakeDesk(tmp_path / str(len(given)) / str(*given)), "0.0.0.0", 0, signals=False, **given))
        assert "--lan" in refused.value.remedy
