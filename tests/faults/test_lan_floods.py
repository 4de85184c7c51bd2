"""A cell served by a process of its own and flooded over its network: from behind a router, and from many addresses."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.http.access import DEVICE_COOKIE
from orchestrator.http.budgets import TOTAL
from tests.served_lan import WAIT_S, Served, request, serving_lan
from tests.unit.http_fakes import enter, hear, say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

ROUTER = "127.0.2.1"
EACH = 90  # requests of a tablet in one go: fewer than a connection may
STRANGERS = 24  # addresses
LINES = 8  # connections of each
REQUESTS = 25  # by each of them: fewer than a connection may ask at once, and an address


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_lan(tmp_path_factory.mktemp("data")) as found:
        yield found


def attack(scenario: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 3 * WAIT_S))


def _asking(*headers: str) -> bytes:
    return request("GET /api/v1/access HTTP/1.1", *headers).replace(b"connection: close\r\n", b"")


@asynccontextmanager
async def _line(served: Served, address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", served.port, ssl=served.tls, local_addr=(address, 0), server_hostname="127.0.0.1"
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _ask(line: tuple[asyncio.StreamReader, asyncio.StreamWriter], cookie: str, times: int = 1) -> None:
    reader, writer = line
    writer.write(_asking(f"cookie: {cookie}") * times)
    for _ in range(times):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))


def _office(served: Served) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(verify=served.tls, local_address="127.0.2.9")
    headers = {"authorization": f"Bearer {served.secrets['key']}"}
    return httpx.AsyncClient(base_url=served.url, transport=transport, headers=headers)


async def _made_to_wait(office: httpx.AsyncClient) -> float:
    told = (await office.get("/metrics")).text
    rest = told.partition('tandem_turned_away_total{code="pace"} ')[2]
    return float(rest.partition("\n")[0] or 0)


def test_tablets_behind_one_router_do_not_wait_for_a_neighbour_who_floods(served: Served) -> None:
    async def scenario() -> None:
        accounts = AccountsFile(served.data / "access.db")
        joined = [accounts.join(accounts.invite(now_t())[0], f"tablet {n}", now_t()) for n in range(4)]
        accounts.close()
        cookies = [f"{DEVICE_COOKIE}={each[1]}" for each in joined if each is not None]
        async with AsyncExitStack() as open_:
            tablets = [(await open_.enter_async_context(_line(served, ROUTER)), cookie) for cookie in cookies]
            for line, cookie in tablets:
                await _ask(line, cookie)
            office = await open_.enter_async_context(_office(served))
            before = await _made_to_wait(office)
            enough = asyncio.Event()
            flood = [asyncio.ensure_future(_flood(served, enough)) for _ in range(4)]
            while await _made_to_wait(office) == before:  # until the neighbour has used up what strangers there may ask
                assert not any(each.done() for each in flood)
            async with _line(served, ROUTER) as back:  # a page that is loaded anew meanwhile
                await _ask(back, cookies[0])
            enough.set()
            await asyncio.gather(*flood)
            after = await _made_to_wait(office)
            await asyncio.gather(*(_ask(line, cookie, EACH) for line, cookie in tablets))
            assert await _made_to_wait(office) == after

    attack(scenario)


async def _flood(served: Served, enough: asyncio.Event) -> None:
    """Ask as a stranger at the router, by ever new connections, until that is enough."""
    while not enough.is_set():
        with suppress(ConnectionError, ssl.SSLError):
            async with _line(served, ROUTER) as (reader, writer):
                writer.write(_asking() * EACH + request("GET /api/v1/access HTTP/1.1"))
                while await reader.read(65_536):
                    pass


def test_many_strangers_together_are_heard_no_more_often_than_their_total(served: Served) -> None:
    async def scenario() -> None:
        async with served.page() as page, _office(served) as office:
            await enter(page)
            before, began = await _made_to_wait(office), time.monotonic()
            answered = [0] * STRANGERS
            flood = [asyncio.ensure_future(_stranger(served, n, answered)) for n in range(STRANGERS)]
            waited = False
            while not waited and not all(each.done() for each in flood):  # none of them alone would ever have to wait
                await say(page, type="ping")
                await hear(page, "pong")
                waited = await _made_to_wait(office) > before
            most = TOTAL.messages + TOTAL.messages_per_s * (time.monotonic() - began) + STRANGERS * LINES
            heard = sum(answered)
            for each in flood:
                each.cancel()
            await asyncio.gather(*flood, return_exceptions=True)
            assert waited
            assert heard <= most
        await served.alive()

    attack(scenario)


async def _stranger(served: Served, n: int, answered: list[int]) -> None:
    """Ask at one address by several connections at once, each all that it wants in one go."""

    async def ask() -> None:
        with suppress(ConnectionError, ssl.SSLError):
            async with _line(served, f"127.0.3.{1 + n}") as (reader, writer):
                writer.write(_asking() * REQUESTS)
                while heard := await reader.read(65_536):
                    answered[n] += heard.count(b"HTTP/1.1 ")

    await asyncio.gather(*(ask() for _ in range(LINES)))
