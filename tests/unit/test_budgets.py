"""Budgets of connections: tablets behind one router do not share one, strangers at many addresses do."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.access.authority import Authority
from orchestrator.adapters.access.names import LOOPBACK
from orchestrator.adapters.access.store import now_t
from orchestrator.adapters.access.tls import Tls
from orchestrator.http.access import DEVICE_COOKIE
from orchestrator.http.budgets import HANDSHAKE, KEPT, PER_SOURCE, Budgets
from orchestrator.http.pace import Limits
from orchestrator.http.server import WebServer, create_app
from tests.unit.lan_bench import RightsDesk, Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ROUTER = "192.0.2.1"
MOST = 100
WAIT_S = 60.0
NEVER = 1 / 86_400  # a second: what is used up stays so
FREE = Limits(messages_per_s=1e6, messages=1e6)


class Rig:
    """Budgets under a clock that a test moves, and connections by number."""

    def __init__(self, *, total: Limits = FREE, per_address: int = 1_000) -> None:
        self.t = 0.0
        pace = Limits(messages_per_s=10, messages=MOST)
        self.budgets = Budgets(per_address, lambda: self.t, pace=pace, total=total)
        self.ports = iter(range(1, 100_000))
        self.gone: list[tuple[str, int]] = []  # what made room

    def open(self, address: str = ROUTER, source: str = "") -> tuple[str, int] | None:
        """Open a connection by which a first request comes; None where it is not admitted. Another may make room."""
        if not self.budgets.admits(address):
            return None
        peer = (address, next(self.ports))
        self.budgets.opened(peer)
        if (gone := self.budgets.crowded_out(address)) is not None:
            self.budgets.closed(gone)
            self.gone.append(gone)
        self.budgets.recognise(peer, source)
        return peer

    def ask(self, peer: tuple[str, int] | None, times: int = 1) -> float:
        """Ask so often, whatever is answered; returns how long the connection is to wait then."""
        assert peer is not None
        return max(self.budgets.asked(peer) for _ in range(times))

    def use_up(self, address: str, source: str = "") -> None:
        self.ask(self.open(address, source), 2 * MOST)


def test_each_device_behind_one_router_has_its_own_credit() -> None:
    rig = Rig()
    tablets = [rig.open(source=f"tablet {n}") for n in range(10)]
    assert [rig.ask(each, MOST - int(HANDSHAKE)) for each in tablets] == [0.0] * 10
    assert all(rig.ask(each) > 0 for each in tablets), "that much, and no more"
    stranger = rig.open()
    assert rig.ask(stranger, MOST // 2) == 0, "none of it was the router's"


def test_strangers_behind_a_router_share_its_credit_and_take_none_of_the_tablets() -> None:
    rig = Rig()
    tablet, first, second = rig.open(source="tablet"), rig.open(), rig.open()
    rig.ask(first, MOST)
    assert rig.ask(second) > 0
    assert rig.ask(rig.open()) > 0, "nor does a new connection help them"
    back = rig.open(source="second tablet")
    assert rig.ask(back, MOST // 2) == 0, "whoever belongs there comes in"
    assert rig.ask(tablet, MOST - int(HANDSHAKE)) == 0


def test_strangers_of_many_addresses_share_a_total_and_who_belongs_is_let_in_beside_them() -> None:
    rig = Rig(total=Limits(messages_per_s=10, messages=3 * MOST))
    rig.open(source="tablet")  # it has been here before
    strangers = [rig.open(f"198.51.100.{n}") for n in range(10)]
    asked = [rig.ask(each, MOST // 2) for each in strangers]
    assert [wait > 0 for wait in asked] == [False] * 5 + [True] * 5, asked
    assert rig.open("198.51.100.200") is None, "another address more does not help them"
    back = rig.open(source="tablet")
    assert rig.ask(back, MOST // 2) == 0
    rig.t += 120.0
    assert rig.ask(strangers[9], MOST // 4) == 0, "it comes back with time"


def test_a_connection_that_is_a_devices_leaves_room_for_others_at_its_address() -> None:
    rig = Rig(per_address=3)
    tablets = [rig.open(source=f"tablet {n}") for n in range(20)]
    assert all(tablets)
    strangers = [rig.open() for _ in range(5)]
    assert rig.gone == strangers[:2], "the oldest of theirs made room"
    assert rig.open(source="tablet 1") is not None
    assert rig.gone == strangers[:3]


def test_a_stranger_who_opens_ever_new_connections_at_a_router_does_so_at_its_pace() -> None:
    rig = Rig(per_address=3)
    rig.open(source="tablet")
    opened = [rig.open() for _ in range(MOST)]
    assert len([peer for peer in opened if peer is not None]) <= MOST / HANDSHAKE + 1
    assert rig.open("198.51.100.1", source="another tablet") is not None


def test_where_nobody_belongs_no_connection_makes_room() -> None:
    rig = Rig(per_address=3)
    assert [rig.open() is not None for _ in range(4)] == [True, True, True, False]
    assert rig.gone == []


def test_one_device_has_so_many_connections_of_its_own_and_then_its_addresss() -> None:
    rig = Rig(per_address=3)
    opened = []
    while (peer := rig.open(source="tablet")) is not None:
        opened.append(peer)
        rig.t += 1.0
    assert len(opened) == PER_SOURCE + 3
    rig.budgets.closed(opened[0])
    rig.budgets.closed(opened[-1])
    assert rig.open(source="tablet") is not None
    for peer in opened[1:-1]:
        rig.budgets.closed(peer)


def test_ever_new_connections_get_a_device_its_own_credit_and_its_addresss_and_no_more() -> None:
    rig, opened = Rig(), 0
    while (peer := rig.open(source="tablet")) is not None:
        rig.ask(peer)
        rig.budgets.closed(peer)
        opened += 1
    assert opened <= 2 * MOST / HANDSHAKE


def test_a_strangers_request_by_a_devices_connection_is_a_strangers() -> None:
    rig = Rig()
    tablet = rig.open(source="tablet")
    assert tablet is not None
    rig.budgets.recognise(tablet, "")
    assert rig.ask(tablet, MOST + 1) > 0
    rig.budgets.recognise(tablet, "tablet")
    assert rig.ask(tablet, MOST // 2) == 0


def test_of_any_number_of_addresses_and_devices_the_newest_are_remembered() -> None:
    rig = Rig()
    for n in range(KEPT + 50):
        peer = rig.open(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", f"device {n}")
        assert peer is not None
        rig.budgets.closed(peer)
    kept = (rig.budgets._addresses, rig.budgets._sources, rig.budgets._familiar)
    assert [len(each) for each in kept] == [KEPT] * 3
    assert not rig.budgets._lines
    assert not rig.budgets._held
    assert not rig.budgets._own


# ---- a real server -----------------------------------------------------------------------------------------------


class Shop:
    """A server by TLS with login, and two joined tablets."""

    def __init__(self, root: Path, **limits: Any) -> None:
        authority = Authority(root / "tls", LOOPBACK)
        self.site = Site(root)
        app = create_app(RightsDesk(root / "desk"), access=self.site.access)
        tls = Tls(*authority.files, authority).context
        self.server = WebServer(app, port=0, tls=tls, connection_pace=FREE, **limits)
        self._waits = asyncio.Semaphore(0)
        self.server._socket.turned_away = self._told
        self.trusted = ssl.create_default_context(cafile=root / "tls" / "ca.crt")
        second = self.site.accounts.join(self.site.accounts.invite(now_t())[0], "tablet 2", now_t())
        assert second is not None
        self.tablets = [f"cookie: {DEVICE_COOKIE}={token}" for token in (self.site.device_token, second[1])]

    async def line(self, address: str) -> Line:
        opened = await asyncio.open_connection(
            "127.0.0.1", self.server.port, ssl=self.trusted, local_addr=(address, 0), server_hostname="127.0.0.1"
        )
        return Line(*opened)

    async def turned_away(self, times: int) -> None:
        """Return once so many were made to wait."""
        for _ in range(times):
            await self._waits.acquire()

    def _told(self, code: str) -> None:
        if code == "pace":
            self._waits.release()


class Line:
    """A connection on which requests go one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *headers: str, times: int = 1) -> None:
        lines = ("GET /api/v1/access HTTP/1.1", "host: 127.0.0.1", *headers, "", "")
        self.writer.write("\r\n".join(lines).encode() * times)

    async def hear(self, times: int = 1) -> None:
        for _ in range(times):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            assert head.startswith("HTTP/1.1 200"), head
            await self.reader.readexactly(int(head.lower().partition("content-length:")[2].split()[0]))


@asynccontextmanager
async def shop(root: Path, **limits: Any) -> AsyncIterator[Shop]:
    opened = Shop(root, **limits)
    running = asyncio.ensure_future(opened.server.run())
    try:
        await opened.server.started()
        yield opened
    finally:
        opened.server.stop()
        await running
        opened.site.accounts.close()


def attack(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


def test_a_flood_from_behind_the_same_router_keeps_no_tablet_waiting(tmp_path: Path) -> None:
    async def scenario() -> None:
        pace = Limits(messages_per_s=NEVER, messages=60)
        async with shop(tmp_path, address_pace=pace, total_pace=FREE) as opened:
            tablets = [await opened.line("127.0.0.1") for _ in opened.tablets]
            for line, cookie in zip(tablets, opened.tablets, strict=True):
                line.send(cookie)
                await line.hear()
            stranger = await opened.line("127.0.0.1")
            stranger.send(times=100)
            await opened.turned_away(1)
            another = await opened.line("127.0.0.1")
            another.send()
            await opened.turned_away(1)
            another.writer.transport.abort()
            for line, cookie in zip(tablets, opened.tablets, strict=True):  # 50 each, where the address had 60 in all
                line.send(cookie, times=50)
                await line.hear(50)
                line.writer.transport.abort()
            stranger.writer.transport.abort()

    attack(scenario)


def test_a_stranger_behind_the_same_router_keeps_no_tablet_from_coming_back(tmp_path: Path) -> None:
    """Neither by asking until the address has no credit left, nor by holding all the connections that it may have."""
    most = 5

    async def scenario() -> None:
        pace = Limits(messages_per_s=NEVER, messages=60)
        async with shop(tmp_path, address_pace=pace, total_pace=FREE, per_address=most) as opened:
            first = await opened.line("127.0.0.1")
            first.send(opened.tablets[0])
            await first.hear()
            first.writer.transport.abort()  # the page is loaded anew, or the tablet was asleep
            held = [await opened.line("127.0.0.1") for _ in range(most)]
            held[-1].send(times=100)
            await opened.turned_away(1)
            for cookie in opened.tablets:
                back = await opened.line("127.0.0.1")
                back.send(cookie, times=10)
                await back.hear(10)
                back.writer.transport.abort()
            assert await held[0].reader.read() == b""  # the oldest of the stranger's made room
            for line in held:
                line.writer.transport.abort()

    attack(scenario)


def test_strangers_at_many_addresses_are_heard_no_more_often_together_than_the_total(tmp_path: Path) -> None:
    most = 60

    async def scenario() -> None:
        total = Limits(messages_per_s=NEVER, messages=most)
        async with shop(tmp_path, address_pace=FREE, total_pace=total) as opened:
            tablet = await opened.line("127.0.0.1")
            tablet.send(opened.tablets[0])
            await tablet.hear()
            strangers = [await opened.line(f"127.0.1.{n}") for n in range(1, 11)]
            heard = [asyncio.ensure_future(line.reader.read()) for line in strangers]
            for line in strangers:
                line.send(times=most)
            await opened.turned_away(len(strangers))
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await opened.line("127.0.2.1")
            tablet.send(opened.tablets[0], times=most)
            await tablet.hear(most)
            again = await opened.line("127.0.0.1")  # where a tablet has come from before
            again.send(opened.tablets[1])
            await again.hear()
            for line in (*strangers, tablet, again):
                line.writer.transport.abort()
            answered = [said.count(b"200 OK") for said in await asyncio.gather(*heard)]
            assert sum(answered) <= most, answered

    attack(scenario)


def test_a_forged_cookie_is_a_strangers(tmp_path: Path) -> None:
    async def scenario() -> None:
        pace = Limits(messages_per_s=NEVER, messages=20)
        async with shop(tmp_path, address_pace=pace, total_pace=FREE) as opened:
            lines = [await opened.line("127.0.0.1") for _ in range(3)]
            for n, line in enumerate(lines):
                line.send(f"cookie: {DEVICE_COOKIE}={'A' * 42}{n}", times=20)
            await opened.turned_away(len(lines))
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await opened.line("127.0.0.1")
            for line in lines:
                line.writer.transport.abort()

    attack(scenario)
