"""Attacks on who belongs here: guessed, forged, expired, replayed and stolen ways in."""

from __future__ import annotations

import asyncio
import json
import stat
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.cli import devices
from orchestrator.core.access import CODE_S, IDLE_S, LEAD_IDLE_S, SESSION_S, AccessError, Refusal
from orchestrator.core.back_off import LOCKED, MOST_S
from orchestrator.core.errors import NotFound, SetupError
from orchestrator.http.access import AT_ONCE, DEVICE_COOKIE, HOLD_S, SESSION_COOKIE
from orchestrator.http.addresses import KEPT, Addresses
from orchestrator.wire import SIGNED_OUT
from tests.unit.http_fakes import enter, farewell, hear, say, screen
from tests.unit.lan_bench import BADGE, PIN, Site, client, lan

if TYPE_CHECKING:
    from pathlib import Path

HOLD = {"type": "change_cell", "verb": "hold"}
WRONG = "314159"


# ---- forged, expired, replayed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("forged", ["", "x", "0" * 43, "' OR 1=1 --", "a" * 5_000])
def test_a_forged_token_is_nobodys(tmp_path: Path, forged: str) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            origin = {"origin": server.url}
            ways = [
                {"cookie": f"{DEVICE_COOKIE}={site.device_token}; {SESSION_COOKIE}={forged}"},
                {"cookie": f"{DEVICE_COOKIE}={forged}; {SESSION_COOKIE}={site.token('supervisor')}"},
                {"authorization": f"Bearer {forged}".strip()},
                {"authorization": f"Basic {forged}".strip()},
                {"authorization": f"Bearer {forged}".strip(), **site.headers("supervisor", server.url)},
            ]
            async with httpx.AsyncClient(base_url=server.url, trust_env=False) as browser:
                for way in ways:
                    answer = await browser.post("/api/v1/cell", json=HOLD, headers=origin | way)
                    assert answer.status_code == 401, (way, answer.text)
            assert desk.asked == []

    asyncio.run(scenario())


def test_a_sign_in_ends_after_a_shift_and_when_nobody_asks_for_anything(tmp_path: Path) -> None:
    site = Site(tmp_path)
    token, began = site.token("worker"), now_t()
    assert site.accounts.session(token, began + IDLE_S - 60)
    assert site.accounts.session(token, began + IDLE_S + 60) is None
    site.accounts.touch(token, began + IDLE_S)
    assert site.accounts.session(token, began + IDLE_S + 60)
    site.accounts.touch(token, began + SESSION_S)
    assert site.accounts.session(token, began + SESSION_S + 60) is None
    lead = site.token("supervisor")
    assert site.accounts.session(lead, began + LEAD_IDLE_S - 60)
    assert site.accounts.session(lead, began + LEAD_IDLE_S + 60) is None, "a tablet that was left behind"
    looks_on = site.token("auditor")
    assert isinstance(site.accounts.sign_in(site.device.id, began + IDLE_S + 60, person="worker", secret=PIN), tuple)
    assert site.accounts.session(looks_on, began + IDLE_S + 60), "a board on the wall asks for nothing"
    assert site.accounts.session(looks_on, began + SESSION_S + 60) is None


def test_a_token_is_worth_nothing_after_signing_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server), client(server, site, "supervisor") as browser:
            assert (await browser.post("/api/v1/cell", json=HOLD)).status_code != 401
            count = len(desk.asked)
            assert (await browser.post("/api/v1/access/sign-out")).status_code == 204
            replayed = await browser.post("/api/v1/cell", json=HOLD)  # the header still carries the old token
            assert (replayed.status_code, replayed.json()["code"]) == (401, "signed_out")
            assert len(desk.asked) == count

    asyncio.run(scenario())


def test_a_sign_in_counts_on_its_own_device_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            other = site.accounts.join(site.accounts.invite(now_t())[0], "thief", now_t())
            assert other is not None
            cookie = f"{DEVICE_COOKIE}={other[1]}; {SESSION_COOKIE}={site.token('supervisor')}"
            async with httpx.AsyncClient(base_url=server.url, trust_env=False) as browser:
                assert (await browser.get("/api/v1/cell", headers={"cookie": cookie})).status_code == 401

    asyncio.run(scenario())


def test_no_secret_is_on_disk_and_the_file_is_its_owners(tmp_path: Path) -> None:
    site = Site(tmp_path)
    code, _ = site.accounts.invite(now_t())
    _, key = people.add_key(site.accounts, "erp", "auditor", now_t())
    secrets = [PIN, BADGE, code, key, site.device_token, site.token("worker")]
    site.accounts.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("access.db*"))
    for secret in secrets:
        assert secret.encode() not in kept
    assert stat.S_IMODE((tmp_path / "access.db").stat().st_mode) == 0o600


# ---- cookies and other pages ---------------------------------------------------------------------------------------


def test_cookies_are_this_hosts_alone_and_no_script_sees_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server), client(server, site, "device") as browser:
            signed = await browser.post("/api/v1/access/sign-in", json={"person": "worker", "secret": PIN})
            assert signed.status_code == 204, signed.text
            code = site.accounts.invite(now_t())[0]
            joined = await browser.post("/api/v1/access/join", json={"code": code, "name": "t"})
            for answer in (signed, joined):
                parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
                assert {"secure", "httponly", "samesite=strict", "path=/"} <= parts
                assert not any(part.startswith("domain") for part in parts)
                assert answer.headers["set-cookie"].startswith("__Host-")

    asyncio.run(scenario())


def test_a_page_of_another_origin_does_nothing_with_our_cookies(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            for origin in ("https://evil.example", "null", server.url.replace("http", "https"), None):
                headers = site.headers("supervisor", origin or "")
                if origin is None:
                    del headers["origin"]
                async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as browser:
                    answer = await browser.post("/api/v1/cell", json=HOLD)
                    assert answer.status_code == 403, origin
                if origin is not None:
                    with pytest.raises(InvalidStatus) as refused:
                        await screen(server, additional_headers=headers)
                    assert refused.value.response.status_code == 403
            assert desk.asked == []

    asyncio.run(scenario())


# ---- guessing ------------------------------------------------------------------------------------------------------


def test_a_guessed_pin_is_slowed_down_and_then_locked_even_when_it_is_right(tmp_path: Path) -> None:
    site, now = Site(tmp_path), now_t()
    tries = looked_at = 0
    locked_t = 0.0
    while tries < 10_000 and not locked_t:
        tries += 1
        refusal = site.accounts.sign_in(site.device.id, now, person="supervisor", secret=WRONG)
        assert isinstance(refusal, Refusal)
        if refusal.code == "wait":
            right = site.accounts.sign_in(site.device.id, now, person="supervisor", secret=PIN)
            assert isinstance(right, Refusal), "it would tell the guesser that this one is right"
            assert 0 < refusal.wait_s <= MOST_S
            now += refusal.wait_s
        else:
            looked_at += 1
        locked_t = now if refusal.code == "locked" else 0.0
    assert looked_at == LOCKED
    assert locked_t - now_t() > 2.5 * 3600
    for later in (0.0, 30 * 24 * 3600.0):
        assert site.accounts.sign_in(site.device.id, now + later, person="supervisor", secret=PIN) == Refusal(
            code="locked"
        )
    people.set_secret(site.accounts, "supervisor", "161803")
    assert isinstance(site.accounts.sign_in(site.device.id, now, person="supervisor", secret="161803"), tuple)


def test_failures_are_remembered_over_a_restart(tmp_path: Path) -> None:
    site, now = Site(tmp_path), now_t()
    for _ in range(4):
        site.accounts.sign_in(site.device.id, now, person="worker", secret=WRONG)
    site.accounts.close()
    again = AccountsFile(tmp_path / "access.db")
    refusal = again.sign_in(site.device.id, now, person="worker", secret=PIN)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "wait"


def test_tries_at_once_are_looked_at_one_after_the_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server), client(server, site, "device") as browser:
            wrong = {"person": "supervisor", "secret": WRONG}
            answers = await asyncio.gather(*(browser.post("/api/v1/access/sign-in", json=wrong) for _ in range(30)))
            codes = [answer.json()["code"] for answer in answers]
            assert codes.count("wrong") <= AT_ONCE
            assert set(codes) <= {"wrong", "wait", "busy"}
            late = await browser.post("/api/v1/access/sign-in", json={"person": "supervisor", "secret": PIN})
            assert (late.status_code, late.json()["code"]) == (429, "wait")
            assert 0 < int(late.headers["retry-after"]) <= MOST_S
            metrics = site.access.metrics
            assert metrics is not None
            assert b'tandem_turned_away_total{code="wrong"}' in metrics.render(desk.screen)

    asyncio.run(scenario())


def test_a_device_that_guesses_and_a_stranger_hold_back_nobody_else_at_their_address(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            other = site.accounts.join(site.accounts.invite(now_t())[0], "tablet 2", now_t())
            assert other is not None
            async with client(server, site, "device") as browser, client(server, site, "stranger") as stranger:
                for n in range(5):
                    await browser.post("/api/v1/access/sign-in", json={"person": f"nobody {n}", "secret": WRONG})
                    await stranger.post("/api/v1/access/join", json={"code": "AAAAAAAA", "name": "x"})
                right = {"person": "worker", "secret": PIN}
                assert (await browser.post("/api/v1/access/sign-in", json=right)).status_code == 429
                cookie = {"cookie": f"{DEVICE_COOKIE}={other[1]}"}
                answer = await stranger.post("/api/v1/access/sign-in", json=right, headers=cookie)
                assert answer.status_code == 204, answer.text

    asyncio.run(scenario())


def test_who_does_not_exist_is_answered_like_who_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server), client(server, site, "device") as browser:
            answers = [
                await browser.post("/api/v1/access/sign-in", json={"person": who, "secret": WRONG})
                for who in ("worker", "nobody")
            ]
            assert answers[0].content == answers[1].content
            assert answers[0].status_code == answers[1].status_code == 403

    asyncio.run(scenario())


def test_addresses_are_held_back_without_growing_for_ever() -> None:
    addresses = Addresses()
    for _ in range(4):
        addresses.failed("2001:db8::1", 100.0)
    assert addresses.wait_s("2001:db8::ffff", 100.0) > 0, "one machine has a whole /64"
    assert addresses.wait_s("2001:db8:0:1::1", 100.0) == 0
    assert addresses.wait_s("2001:db8::1", 100.0 + MOST_S) == 0
    for n in range(2 * KEPT):
        addresses.failed(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 100.0)
    assert len(addresses._failures) == KEPT


@pytest.mark.parametrize(
    "secret", ["", "1234", "12345", "111111", "123456", "654321", "234567", "aaaaaaaaaaaa", "short"]
)
def test_a_secret_that_is_easy_to_guess_is_not_taken(tmp_path: Path, secret: str) -> None:
    site = Site(tmp_path)
    with pytest.raises(AccessError) as refused:
        people.set_secret(site.accounts, "worker", secret)
    assert refused.value.remedy


# ---- badges --------------------------------------------------------------------------------------------------------


def test_a_badge_alone_is_a_workers_others_add_their_pin(tmp_path: Path) -> None:
    site, now = Site(tmp_path), now_t()
    signed_in = site.accounts.sign_in(site.device.id, now, badge=BADGE)
    assert isinstance(signed_in, tuple)
    assert signed_in[0].id == "worker"
    people.add_badge(site.accounts, "supervisor", "badge-0001")
    asked = site.accounts.sign_in(site.device.id, now, badge="badge-0001")
    assert asked == Refusal(code="secret", person="supervisor")
    assert isinstance(site.accounts.sign_in(site.device.id, now, badge="badge-0001", secret=PIN), tuple)
    assert site.accounts.sign_in(site.device.id, now, badge="badge-0001", person="worker", secret=PIN) == Refusal(
        code="wrong"
    )
    assert site.accounts.sign_in(site.device.id, now, badge="badge-9999") == Refusal(code="wrong")
    assert people.drop_badges(site.accounts, "worker") == 1
    assert site.accounts.sign_in(site.device.id, now, badge=BADGE) == Refusal(code="wrong")


def test_a_worker_whose_pin_is_locked_still_works_by_badge_and_stays_locked(tmp_path: Path) -> None:
    site, now = Site(tmp_path), now_t()
    site.sql("UPDATE person SET failures = ?, failed_t = ? WHERE id = 'worker'", LOCKED, now)
    assert isinstance(site.accounts.sign_in(site.device.id, now, badge=BADGE), tuple)
    assert site.accounts.sign_in(site.device.id, now, person="worker", secret=PIN) == Refusal(code="locked")


# ---- devices -------------------------------------------------------------------------------------------------------


def test_a_joining_code_counts_once_and_not_for_long(tmp_path: Path) -> None:
    site, now = Site(tmp_path), now_t()
    code, until_t = site.accounts.invite(now)
    assert until_t - now == CODE_S
    spelled = f"{code[:4]} - {code[4:]}".lower()
    assert site.accounts.join(spelled, "a", now) is not None
    assert site.accounts.join(code, "b", now) is None
    late, _ = site.accounts.invite(now)
    assert site.accounts.join(late, "c", now + CODE_S + 1) is None


def test_guessing_joining_codes_is_held_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server), client(server, site, "stranger") as browser:
            codes = [
                (await browser.post("/api/v1/access/join", json={"code": f"AAAA{n:04}", "name": "x"})).json()["code"]
                for n in range(10)
            ]
            assert codes[:4] == ["wrong"] * 4
            assert codes[4:] == ["wait"] * 6
            assert site.held == [HOLD_S] * 6, "who asks again at once is told so late"
            right = site.accounts.invite(now_t())[0]
            assert (await browser.post("/api/v1/access/join", json={"code": right, "name": "x"})).status_code == 429

    asyncio.run(scenario())


def test_a_device_that_is_revoked_by_another_process_is_cut_off_while_connected(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            async with screen(server, additional_headers=site.headers("worker", server.url)) as page:
                await enter(page)
                elsewhere = AccountsFile(tmp_path / "access.db")  # as `tandem devices revoke` opens it
                elsewhere.revoke_device(site.device.id)
                elsewhere.close()
                _, code = await asyncio.wait_for(farewell(page), 5)
                assert code == SIGNED_OUT
            with pytest.raises(InvalidStatus):
                await screen(server, additional_headers=site.headers("worker", server.url))
            assert desk.asked == []

    asyncio.run(scenario())


@pytest.mark.parametrize("end", ["sign out", "expire", "role", "remove", "pin"])
def test_whose_sign_in_ends_does_nothing_more_by_a_connection_of_before(tmp_path: Path, end: str) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            async with screen(server, additional_headers=site.headers("worker", server.url)) as page:
                await enter(page)
                match end:
                    case "sign out":
                        site.accounts.sign_out(site.token("worker"))
                    case "expire":
                        site.expire("worker")
                    case "role":
                        people.set_role(site.accounts, "worker", "auditor")
                    case "remove":
                        people.remove(site.accounts, "worker")
                    case "pin":
                        people.set_secret(site.accounts, "worker", "161803")
                await say(page, type="command", id="c", command=HOLD)  # before anybody has looked for changes
                _, code = await asyncio.wait_for(farewell(page), 5)
                assert code == SIGNED_OUT
            assert [request for request in desk.asked if request.by.role != "engine"] == []  # it notes who was erased

    asyncio.run(scenario())


# ---- machines ------------------------------------------------------------------------------------------------------


def test_a_machines_key_does_what_its_role_may_until_it_is_revoked(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            made, token = people.add_key(site.accounts, "erp", "worker", now_t())
            headers = {"authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as machine:
                assert (await machine.get("/api/v1/orders")).status_code == 200
                assert (await machine.post("/api/v1/orders", json={"product": "reducer"})).status_code == 403
                await machine.post("/api/v1/cell", json=HOLD)
                assert desk.asked[-1].by.name == made.id
                async with screen(server, additional_headers=headers) as line:
                    await enter(line)
                    people.revoke_key(site.accounts, made.id)
                    _, code = await asyncio.wait_for(farewell(line), 5)
                    assert code == SIGNED_OUT
                assert (await machine.get("/api/v1/orders")).status_code == 401

    asyncio.run(scenario())


# ---- people --------------------------------------------------------------------------------------------------------


def test_the_only_supervisor_stays(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for change in (
        lambda: people.remove(site.accounts, "supervisor"),
        lambda: people.set_role(site.accounts, "supervisor", "worker"),
    ):
        with pytest.raises(AccessError):
            change()
    people.add(site.accounts, "Second", "supervisor", PIN)
    assert people.remove(site.accounts, "supervisor").id == "supervisor"


def test_an_erased_name_is_on_disk_no_more(tmp_path: Path) -> None:
    site = Site(tmp_path)
    people.add(site.accounts, "Wilhelmine Quast", "worker", PIN)
    people.remove(site.accounts, "Wilhelmine Quast")
    site.accounts.close()
    assert all(b"Quast" not in path.read_bytes() for path in tmp_path.glob("access.db*"))


@pytest.mark.parametrize(
    "more",
    [{"pseudonym": "local"}, {"pseudonym": "engine"}, {"pseudonym": "k-1"}, {"pseudonym": "a;b"}, {"can": ("a,b",)}],
)
def test_a_pseudonym_stands_for_one_person_and_nothing_else(tmp_path: Path, more: Any) -> None:
    site = Site(tmp_path)
    with pytest.raises(AccessError):
        people.add(site.accounts, "Anna", "worker", PIN, **more)


def test_people_are_known_by_name_or_pseudonym(tmp_path: Path) -> None:
    site = Site(tmp_path)
    first = people.add(site.accounts, "Anna", "worker", PIN)
    second = people.add(site.accounts, "Anna", "worker", PIN)
    assert first.id != second.id
    with pytest.raises(AccessError) as both:
        people.person(site.accounts, "Anna")
    assert first.id in both.value.remedy
    assert people.person(site.accounts, first.id).id == first.id
    with pytest.raises(NotFound):
        people.person(site.accounts, "Berta")


def test_a_file_that_holds_no_accounts_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "access.db").write_bytes(b"something else" * 100)
    with pytest.raises(SetupError):
        AccountsFile(tmp_path / "access.db")
    assert (tmp_path / "access.db").read_bytes() == b"something else" * 100


def test_who_is_signed_in_and_what_they_may_do_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            async with client(server, site, "stranger") as browser:
                view = (await browser.get("/api/v1/access")).json()
                assert view["login"] is True
                assert (view["device"], view["person"], view["people"], view["may"]) == ("", None, [], [])
            async with client(server, site, "device") as browser:
                view = (await browser.get("/api/v1/access")).json()
                assert view["device"] == "tablet 1"
                assert {each["name"] for each in view["people"]} == {"Worker", "Programmer", "Supervisor", "Auditor"}
                assert view["may"] == []
            async with client(server, site, "worker") as browser:
                view = (await browser.get("/api/v1/access")).json()
                assert view["person"]["id"] == "worker"
                assert "confirm_step" in view["may"]
                assert not {"store_order", "set_mode", "calibrate"} & set(view["may"])

    asyncio.run(scenario())


def test_joining_and_signing_in_by_the_browsers_own_cookies(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server), client(server, site, "supervisor") as board:
            made = (await board.post("/api/v1/access/codes")).json()
            assert made["url"].endswith(f"/join#{made['code']}")
            assert made["svg"].startswith("<svg")
            async with client(server, site, "stranger") as tablet:
                jar: dict[str, str] = {}

                async def ask(method: str, path: str, **body: object) -> httpx.Response:
                    cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
                    answer = await tablet.request(method, path, json=body or None, headers={"cookie": cookie})
                    if "set-cookie" in answer.headers:
                        name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
                        jar[name] = value
                    return answer

                assert (await ask("POST", "/api/v1/access/sign-in", badge=BADGE)).status_code == 401
                assert (await ask("POST", "/api/v1/access/join", code=made["code"], name="tablet 2")).status_code == 204
                assert (await ask("POST", "/api/v1/access/sign-in", badge=BADGE)).status_code == 204
                assert (await ask("GET", "/api/v1/access")).json()["person"]["name"] == "Worker"
                again = await ask("POST", "/api/v1/access/join", code=made["code"], name="tablet 3")
                assert (again.status_code, again.json()["code"]) == (403, "wrong")
            devices = (await board.get("/api/v1/access/devices")).json()
            assert [(each["name"], each["own"]) for each in devices] == [("tablet 1", True), ("tablet 2", False)]
            assert (await board.delete(f"/api/v1/access/devices/{devices[1]['id']}")).status_code == 204
            assert len((await board.get("/api/v1/access/devices")).json()) == 1

    asyncio.run(scenario())


def test_a_person_joins_a_place_with_what_stands_in_their_account(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            people.add(site.accounts, "Welder", "worker", PIN, pseudonym="welder", can=("weld",))
            join = {"type": "join_place", "place": "front", "operator": "welder", "qualifications": ["laser"]}
            async with screen(server, additional_headers=site.headers("welder", server.url)) as page:
                await say(page, type="command", id="j", command=join)
                await hear(page, "answer")
            assert desk.asked[-1].command.qualifications == ("weld",)
            assert json.loads(desk.asked[-1].by.model_dump_json()) == {
                "name": "welder",
                "role": "worker",
                "known": True,
                "machine": False,
            }

    asyncio.run(scenario())


def test_one_person_with_a_key_besides_is_no_second_person_by_any_way(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            bearer = {"authorization": f"Bearer {people.add_key(site.accounts, 'erp', 'supervisor', now_t())[1]}"}
            approve = {"type": "approve_motion", "motion": "m1"}
            async with (
                client(server, site, "stranger") as machine,
                screen(server, additional_headers=bearer) as page,
                client(server, site, "supervisor") as person,
            ):
                asked = {"id": "rest", "command": approve}
                refused = await machine.post("/api/v1/commands", json=asked, headers=bearer)
                assert (refused.status_code, refused.json()["code"]) == (409, "machine")
                await say(page, type="command", id="ws", command=approve)
                assert (await hear(page, "answer"))["payload"]["code"] == "machine"
                both = {**site.headers("supervisor", server.url), **bearer}  # the key counts, not the cookies
                refused = await machine.post("/api/v1/commands", json={**asked, "id": "both"}, headers=both)
                assert refused.json()["code"] == "machine"
                heard = await person.post("/api/v1/commands", json={**asked, "id": "person"})
                assert heard.json()["code"] == "stale", "there is no such motion, but they might approve it"

    asyncio.run(scenario())


def test_a_devices_name_holds_nothing_that_a_terminal_obeys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            for name in ("\x1b]0;Office\x07\x1b[31mTablet [bold]1[/]\u202e", "\x1b\x07 \u200b"):
                code = site.accounts.invite(now_t())[0]
                async with client(server, site, "stranger") as browser:
                    joined = await browser.post("/api/v1/access/join", json={"code": code, "name": name})
                assert joined.status_code == 204
            named = {each.name for each in site.accounts.devices()}
            assert named == {"tablet 1", "]0;Office[31mTablet [bold]1[/]", "?"}

    asyncio.run(scenario())
    devices.list_(tmp_path)
    assert "Tablet [bold]1[/]" in capsys.readouterr().out
