"""Signing in by the site's own provider: what it gives, and every way in which its answer may not hold."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import KeySet, OctKey, RSAKey

from orchestrator.adapters.access import people
from orchestrator.adapters.access.oidc_file import read_oidc
from orchestrator.adapters.access.oidc_token import UnknownKey, claims_of
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.cli.lan import open_lan
from orchestrator.core.errors import SetupError
from orchestrator.core.oidc import Asked, ProviderError, Vouched
from orchestrator.core.settings import Lan, Settings
from orchestrator.http.access import DEVICE_COOKIE, SESSION_COOKIE
from orchestrator.http.oidc import FLOW_S, PER_DEVICE, inside
from tests.unit.lan_bench import PIN, Site, client, lan
from tests.unit.oidc_fakes import ISSUER, SECRET, SPEC, FakeProvider, key, segment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from orchestrator.http.server import WebServer

API = "/api/v1/access"


class Tablet:
    """A joined device's browser at a server with a provider."""

    def __init__(self, site: Site, server: WebServer, line: httpx.AsyncClient) -> None:
        self.site, self.server, self.line = site, server, line

    async def begin(self, to: str = "/worker") -> httpx.Response:
        return await self.line.post(f"{API}/oidc", json={"to": to})

    async def finish(self, returned: dict[str, str]) -> httpx.Response:
        return await self.line.post(f"{API}/oidc/finish", json=returned)

    async def sign_in(self, provider: FakeProvider) -> httpx.Response:
        """Press the button, sign in there, and come back."""
        begun = await self.begin()
        assert begun.status_code == 200, begun.text
        return await self.finish(provider.let_in(begun.json()["url"]))

    async def who(self, arrived: httpx.Response) -> dict[str, Any]:
        """Ask who is signed in with the cookie that came."""
        assert arrived.status_code == 200, arrived.text
        token = arrived.headers["set-cookie"].partition(";")[0].partition("=")[2]
        cookie = f"{DEVICE_COOKIE}={self.site.device_token}; {SESSION_COOKIE}={token}"
        person: dict[str, Any] = (await self.line.get(API, headers={"cookie": cookie})).json()["person"]
        return person

    async def pin_works(self) -> None:
        answer = await self.line.post(f"{API}/sign-in", json={"person": "worker", "secret": PIN})
        assert answer.status_code == 204, answer.text


@asynccontextmanager
async def tablet(root: Path, provider: FakeProvider, **options: Any) -> AsyncIterator[Tablet]:
    async with (
        lan(root, provider=provider.client(**options)) as (site, _, server),
        client(server, site, "device") as line,
    ):
        yield Tablet(site, server, line)


def sessions(site: Site) -> int:
    found = site.accounts.db.execute("SELECT count(*) FROM session")
    return int(next(iter(found))[0])


# ---- what it gives -------------------------------------------------------------------------------------------------


def test_who_comes_back_from_the_provider_is_signed_in_as_by_a_pin(tmp_path: Path) -> None:
    provider = FakeProvider()
    provider.claims = {"tandem_account": "worker"}

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            assert (await page.line.get(API)).json()["provider"] == "Shop login"
            begun = (await page.begin("/worker?place=front")).json()["url"]
            asked = dict(parse_qsl(urlsplit(begun).query))
            assert begun.startswith(f"{ISSUER}/authorize?tenant=1&")
            assert asked["redirect_uri"] == f"{page.server.url}/sign-in"
            assert (asked["response_type"], asked["code_challenge_method"], asked["prompt"]) == (
                "code",
                "S256",
                "login",
            )
            assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
            arrived = await page.finish(provider.let_in(begun))
            assert arrived.json() == {"to": "/worker?place=front"}
            cookie = arrived.headers["set-cookie"].lower()
            assert all(each in cookie for each in ("__host-", "httponly", "secure", "samesite=strict", "path=/"))
            assert (await page.who(arrived))["id"] == "worker"

    asyncio.run(scenario())


def test_a_stranger_is_told_of_no_provider_and_let_begin_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with tablet(tmp_path, FakeProvider()) as page, client(page.server, page.site, "stranger") as other:
            assert (await other.get(API)).json()["provider"] == ""
            assert (await other.post(f"{API}/oidc", json={})).status_code == 401
            _, token = people.add_key(page.site.accounts, "erp", "supervisor", now_t())
            machine = {"authorization": f"Bearer {token}"}
            answer = await other.post(f"{API}/oidc", json={}, headers=machine)
            assert (answer.status_code, answer.json()["code"]) == (403, "no_device")

    asyncio.run(scenario())


def test_a_server_without_a_provider_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server), client(server, site, "device") as line:
            assert (await line.get(API)).json()["provider"] == ""
            answer = await line.post(f"{API}/oidc", json={})
            assert (answer.status_code, answer.json()["code"]) == (409, "no_provider")

    asyncio.run(scenario())


def test_a_sign_in_by_the_provider_ends_the_one_before_and_counts_on_its_device_alone(tmp_path: Path) -> None:
    provider = FakeProvider()
    provider.claims = {"tandem_account": "worker"}

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page, client(page.server, page.site, "programmer") as before:
            begun = (await before.post(f"{API}/oidc", json={})).json()["url"]
            arrived = await before.post(f"{API}/oidc/finish", json=provider.let_in(begun))
            assert (await page.who(arrived))["id"] == "worker"
            assert (await before.get("/api/v1/units")).status_code == 401
            token = arrived.headers["set-cookie"].partition(";")[0].partition("=")[2]
            second = page.site.accounts.join(page.site.accounts.invite(now_t())[0], "tablet 2", now_t())
            assert second is not None
            carried = {"cookie": f"{DEVICE_COOKIE}={second[1]}; {SESSION_COOKIE}={token}"}
            assert (await page.line.get(API, headers=carried)).json()["person"] is None

    asyncio.run(scenario())


def test_a_role_claim_makes_an_account_once_and_its_role_follows_the_claim(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            first = await page.who(await page.sign_in(provider))
            assert (first["name"], first["role"]) == ("Anna Kurz", "worker")
            provider.claims["realm"] = {"groups": ["assembly", "leads"]}
            later = await page.who(await page.sign_in(provider))
            assert (later["id"], later["role"]) == (first["id"], "supervisor")
            provider.claims["realm"] = {"groups": []}
            gone = await page.sign_in(provider)
            assert (gone.status_code, gone.json()["code"]) == (403, "oidc_unknown")
            assert "supervisor makes an account" in gone.json()["remedy"]
            provider.claims = {"sub": "another", "realm": {"groups": "assembly"}}
            assert (await page.who(await page.sign_in(provider)))["id"] != first["id"]

    asyncio.run(scenario())


def test_another_role_by_the_provider_ends_what_the_person_was_signed_in_to(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            await page.sign_in(provider)
            await page.sign_in(provider)
            assert sessions(page.site) == 2
            provider.claims["realm"] = {"groups": ["leads"]}
            await page.sign_in(provider)
            assert sessions(page.site) == 1

    asyncio.run(scenario())


def test_an_erased_person_leaves_nothing_of_the_provider_behind(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            first = await page.who(await page.sign_in(provider))
            people.remove(page.site.accounts, first["id"])
            left = page.site.accounts.db.execute("SELECT count(*) FROM vouched")
            assert next(iter(left)) == (0,)
            assert (await page.who(await page.sign_in(provider)))["id"] != first["id"]

    asyncio.run(scenario())
    assert all(b"248289761001" not in file.read_bytes() for file in tmp_path.glob("access.db*")), "no subject on disk"


def test_an_address_that_nobody_has_verified_names_no_account(tmp_path: Path) -> None:
    provider = FakeProvider()
    spec = SPEC.model_copy(update={"account_claim": "email"})

    async def scenario() -> None:
        async with tablet(tmp_path, provider, spec=spec) as page:
            people.add(page.site.accounts, "Eva", "supervisor", PIN, pseudonym="eva@example.org")
            provider.claims = {"email": "eva@example.org"}
            assert (await page.sign_in(provider)).json()["code"] == "oidc_unknown"
            provider.claims["email_verified"] = True
            assert (await page.who(await page.sign_in(provider)))["id"] == "eva@example.org"

    asyncio.run(scenario())


# ---- forged --------------------------------------------------------------------------------------------------------


def unsigned(claims: dict[str, Any]) -> str:
    return f"{segment({'alg': 'none'})}.{segment(claims)}."


def by_hmac(secret: bytes, claims: dict[str, Any]) -> str:
    said = f"{segment({'alg': 'HS256', 'kid': 'k1'})}.{segment(claims)}"
    return f"{said}.{segment(hmac.digest(secret, said.encode(), sha256))}"


def lies(provider: FakeProvider) -> dict[str, Callable[[], None]]:
    """Return what a provider, or somebody on the way to it, may say that must not count."""
    now = int(time.time())

    def claim(**changed: Any) -> Callable[[], None]:
        return lambda: provider.claims.update({"tandem_account": "supervisor", **changed})

    def forge(made: Callable[[dict[str, Any]], str]) -> Callable[[], None]:
        return lambda: setattr(provider, "forge", made)

    def signed_by(kid: str) -> Callable[[], None]:
        return lambda: setattr(provider, "signer", key(kid))

    def tampered(claims: dict[str, Any]) -> str:
        provider.forge = None
        good = KeySet([provider.signer])
        from joserfc import jwt

        head, _, sign = jwt.encode({"alg": "ES256", "kid": "k1"}, claims, good).split(".")
        return f"{head}.{segment({**claims, 'tandem_account': 'supervisor'})}.{sign}"

    def own_key(claims: dict[str, Any]) -> str:
        from joserfc import jwt

        mine = key("k1")
        header = {"alg": "ES256", "kid": "k1", "jwk": mine.as_dict(private=False)}
        return jwt.encode(header, claims, mine)

    def no_name() -> None:
        provider.keys["k2"] = key("k2")
        provider.header = {"kid": None}

    return {
        "another issuer": claim(iss="https://login.example.org"),
        "another client": claim(aud="other"),
        "several clients": claim(aud=["tandem", "other"]),
        "made for another client": claim(aud=["tandem", "other"], azp="other"),
        "for nobody": claim(aud=None),
        "expired": claim(exp=now - 60),
        "never expires": claim(exp=None),
        "expires by a word": claim(exp="tomorrow"),
        "not yet": claim(nbf=now + 300),
        "from the future": claim(iat=now + 300),
        "made at no time": claim(iat=None),
        "another sign-in": claim(nonce="n" * 43),
        "no sign-in": claim(nonce=None),
        "any sign-in": claim(nonce=["n"]),
        "names nobody": claim(sub=None),
        "names a number": claim(sub=7),
        "who held the tablet before": claim(auth_time=now - 300),
        "signed in at no time": claim(auth_time=None),
        "signed in for ever": claim(auth_time=True),
        "no signature": forge(unsigned),
        "signed with our secret": forge(lambda claims: by_hmac(SECRET.encode(), claims)),
        "signed with the public key": forge(lambda claims: by_hmac(provider.keys["k1"].as_pem(private=False), claims)),
        "signed by somebody": signed_by("k1"),
        "signed by a key that is not published": signed_by("k9"),
        "brings its own key": forge(own_key),
        "which key": no_name,
        "changed on the way": forge(tampered),
        "no token": forge(lambda _: "a.b.c"),
        "nothing": forge(lambda _: ""),
        "a list": forge(lambda _: f"{segment({'alg': 'ES256', 'kid': 'k1'})}.{segment([1])}.AAAA"),
    }


@pytest.mark.parametrize("lie", sorted(lies(FakeProvider())))
def test_what_does_not_hold_proves_nobody(lie: str) -> None:
    provider = FakeProvider()
    lies(provider)[lie]()
    with pytest.raises(ProviderError) as refused:
        asyncio.run(round_trip(provider))
    assert refused.value.code == "not_proved", refused.value.reason
    assert refused.value.reason.startswith("ID token: ")
    assert refused.value.remedy


async def round_trip(provider: FakeProvider) -> Vouched:
    """Sign in at a provider, without a server."""
    asked = Asked(redirect="https://cell/sign-in", state="s", nonce="n" * 9, verifier="v" * 43, began_t=time.time())
    tandem = provider.client()
    returned = provider.let_in(await tandem.address(asked))
    return await tandem.prove(asked, returned["code"], returned["iss"])


def test_who_is_refused_after_a_forgery_is_nobody_and_a_pin_still_counts(tmp_path: Path) -> None:
    provider = FakeProvider()
    made = lies(provider)

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            for lie in ("no signature", "another sign-in", "expired"):
                made[lie]()
                answer = await page.sign_in(provider)
                assert (answer.status_code, answer.json()["code"]) == (403, "not_proved"), answer.text
                assert answer.json()["remedy"]
                assert "set-cookie" not in answer.headers
                assert sessions(page.site) == 0
            await page.pin_works()

    asyncio.run(scenario())


def test_the_same_that_is_forged_counts_where_it_is_not() -> None:
    provider = FakeProvider()
    provider.claims = {"tandem_account": "supervisor", "aud": ["tandem", "other"], "azp": "tandem"}
    assert asyncio.run(round_trip(provider)).account == "supervisor"


def test_a_code_that_was_used_before_or_is_another_providers_proves_nobody(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            used = provider.let_in((await page.begin()).json()["url"])
            assert (await page.finish(used)).status_code == 200
            again = provider.let_in((await page.begin()).json()["url"])
            replayed = await page.finish({**again, "code": used["code"]})
            assert replayed.json()["code"] == "not_proved"
            for iss in ("", "https://evil.example"):
                mixed = provider.let_in((await page.begin()).json()["url"])
                assert (await page.finish({**mixed, "iss": iss})).json()["code"] == "not_proved"
                assert mixed["code"] in provider.codes, "it was not given to anybody"

    asyncio.run(scenario())


@given(st.one_of(st.text(max_size=80), st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}", fullmatch=True)))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    asked = Asked(redirect="", state="s", nonce="n", verifier="v", began_t=0.0)
    with pytest.raises((ProviderError, UnknownKey)):
        claims_of(text, KEYS, asked, issuer=ISSUER, client="tandem", now=0.0)


KEYS = KeySet([key("k1")])


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("alg", "kid", "crit", "b64", "jwk", "typ", "zip"),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.sampled_from(["k1", "none", "HS256", "ES256", "RS256"]),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            ),
        ),
    )
)
def test_no_header_makes_a_token_without_a_signature_count(header: dict[str, Any]) -> None:
    asked = Asked(redirect="", state="s", nonce="n", verifier="v", began_t=0.0)
    claims = {"iss": ISSUER, "aud": "tandem", "sub": "x", "nonce": "n", "iat": 0, "auth_time": 0, "exp": 9e9}
    for signature in ("", "AAAA", segment(b"\0" * 64)):
        token = f"{segment(header)}.{segment(claims)}.{signature}"
        with pytest.raises((ProviderError, UnknownKey)):
            claims_of(token, KEYS, asked, issuer=ISSUER, client="tandem", now=0.0)


# ---- a sign-in under way -------------------------------------------------------------------------------------------


def test_a_sign_in_counts_once_on_its_own_device_and_not_for_long(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            used = provider.let_in((await page.begin()).json()["url"])
            assert (await page.finish(used)).status_code == 200
            second = page.site.accounts.join(page.site.accounts.invite(now_t())[0], "tablet 2", now_t())
            assert second is not None
            elsewhere = provider.let_in((await page.begin()).json()["url"])
            other = {"cookie": f"{DEVICE_COOKIE}={second[1]}"}
            carried = await page.line.post(f"{API}/oidc/finish", json=elsewhere, headers=other)
            late = provider.let_in((await page.begin()).json()["url"])
            page.site.access.now = lambda: time.time() + FLOW_S + 1  # type: ignore[method-assign]
            overs = [await page.finish(used), carried, await page.finish(late), await page.finish({"state": "x"})]
            assert [(each.status_code, each.json()["code"]) for each in overs] == [(403, "oidc_over")] * 4
            assert provider.asked.count("token") == 1, "a code of somebody else is not even looked at"

    asyncio.run(scenario())


def test_of_many_sign_ins_that_were_begun_the_newest_count(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            urls = [(await page.begin()).json()["url"] for _ in range(PER_DEVICE + 1)]
            assert (await page.finish(provider.let_in(urls[0]))).json()["code"] == "oidc_over"
            assert (await page.finish(provider.let_in(urls[1]))).status_code == 200

    asyncio.run(scenario())


def test_whom_the_provider_lets_not_in_is_nobody(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            state = provider.let_in((await page.begin()).json()["url"])["state"]
            answer = await page.finish({"state": state, "iss": ISSUER})
            assert (answer.status_code, answer.json()["code"]) == (403, "declined")

    asyncio.run(scenario())


def test_a_device_that_is_revoked_meanwhile_signs_nobody_in(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            returned = provider.let_in((await page.begin()).json()["url"])
            page.site.accounts.revoke_device(page.site.device.id)
            assert (await page.finish(returned)).status_code == 401
            assert sessions(page.site) == 0

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "https://evil.example/worker", "/\\evil.example", "javascript:alert(1)", "/worker/../x", "",
     "\t//evil.example", "/worker\n", "/sign-in?state=x", "/api/v1/access", "worker", "/worker@evil.example"],
)  # fmt: skip
def test_the_way_back_leads_to_our_own_pages_alone(to: str) -> None:
    assert inside(to) == "/"


@given(st.text(max_size=40))
def test_no_way_back_leaves_the_server(to: str) -> None:
    parts = urlsplit(inside(to))
    assert (parts.scheme, parts.netloc) == ("", "")
    assert parts.path.startswith("/")


# ---- a provider that is down, slow or wrong ------------------------------------------------------------------------


def answers(status: int, **more: Any) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(status, **more)


def unreachable() -> httpx.Response:
    raise httpx.ConnectError("no route to host")


TROUBLES: dict[str, tuple[str, dict[str, Any]]] = {
    "not there": ("provider_down", {"answers": {"openid-configuration": unreachable}}),
    "fails": ("provider_down", {"answers": {"openid-configuration": answers(502)}}),
    "another one": ("provider_wrong", {"metadata": {"issuer": "https://evil.example"}}),
    "nearly the same": ("provider_wrong", {"metadata": {"issuer": f"{ISSUER}/"}}),
    "no JSON": ("provider_wrong", {"answers": {"openid-configuration": answers(200, text="<html>")}}),
    "not found": ("provider_wrong", {"answers": {"openid-configuration": answers(404)}}),
    "sent elsewhere": (
        "provider_wrong",
        {"answers": {"openid-configuration": answers(302, headers={"location": "https://evil.example"})}},
    ),
    "endless": ("provider_wrong", {"answers": {"openid-configuration": answers(200, content=b" " * 300_000)}}),
    "by a plain line": ("provider_wrong", {"metadata": {"token_endpoint": "http://login.example.org/token"}}),
    "of this machine": ("provider_wrong", {"metadata": {"token_endpoint": "http://127.0.0.1/token"}}),
    "a script": ("provider_wrong", {"metadata": {"authorization_endpoint": "javascript:alert(1)"}}),
    "token fails": ("provider_down", {"answers": {"token": answers(500)}}),
    "token not there": ("provider_down", {"answers": {"token": unreachable}}),
    "does not know us": ("provider_wrong", {"answers": {"token": answers(401, json={"error": "invalid_client"})}}),
    "no ID token": ("provider_wrong", {"answers": {"token": answers(200, json={"access_token": "a"})}}),
    "token is a list": ("provider_wrong", {"answers": {"token": answers(200, json=[1])}}),
    "keys fail": ("provider_down", {"answers": {"keys": answers(503)}}),
    "no keys": ("provider_wrong", {"published": {"keys": []}}),
    "keys of no use": ("provider_wrong", {"published": {"keys": [1, {"kty": "EC"}, {"kty": "RSA", "n": "A"}]}}),
    "a shared key": ("provider_wrong", {"published": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}]}}),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_provider_in_trouble_is_one_clear_error(trouble: str) -> None:
    code, changed = TROUBLES[trouble]
    provider = FakeProvider()
    for name, value in changed.items():
        setattr(provider, name, value)
    with pytest.raises(ProviderError) as refused:
        asyncio.run(round_trip(provider))
    assert refused.value.code == code, refused.value.reason
    assert refused.value.reason
    assert "PIN" in refused.value.remedy


def test_where_the_provider_is_in_trouble_a_pin_still_counts(tmp_path: Path) -> None:
    provider = FakeProvider()
    provider.answers = {"openid-configuration": unreachable}

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            first = await page.begin()
            provider.answers = {"token": answers(500)}
            second = await page.sign_in(provider)
            for answer in (first, second):
                assert (answer.status_code, answer.json()["code"]) == (503, "provider_down")
                assert "PIN" in answer.json()["remedy"]
            assert sessions(page.site) == 0
            await page.pin_works()

    asyncio.run(scenario())


def test_a_provider_that_says_nothing_is_not_waited_for_by_anybody_else(tmp_path: Path) -> None:
    provider = FakeProvider()
    provider.silent = True

    async def scenario() -> None:
        async with tablet(tmp_path, provider, patience_s=3600.0) as page:
            waiting = asyncio.ensure_future(page.begin())
            await page.pin_works()
            assert not waiting.done()
            waiting.cancel()
        async with tablet(tmp_path / "b", provider, patience_s=0.05) as page:
            several = await asyncio.gather(*(page.begin() for _ in range(5)))
            assert {(each.status_code, each.json()["code"]) for each in several} == {(503, "provider_down")}
            provider.silent = False
            assert (await page.begin()).status_code == 200, "it is asked again"

    (tmp_path / "b").mkdir()
    asyncio.run(scenario())


def test_new_keys_of_the_provider_are_fetched_when_they_are_met(tmp_path: Path) -> None:
    provider = FakeProvider()

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            await page.who(await page.sign_in(provider))
            provider.keys = {"k2": key("k2")}
            provider.signer = provider.keys["k2"]
            await page.who(await page.sign_in(provider))
            await page.who(await page.sign_in(provider))
            assert provider.asked.count("keys") == 2
            assert provider.asked.count("openid-configuration") == 1

    asyncio.run(scenario())


def test_a_key_too_short_to_be_trusted_is_left_out() -> None:
    from orchestrator.adapters.access.oidc_token import keys_of

    with pytest.warns(match="2048"):
        short = RSAKey.generate_key(1024, {"kid": "short"}).as_dict(private=False)
    strong = key("k1").as_dict(private=False)
    shared = OctKey.generate_key(256, {"kid": "shared"}).as_dict(private=True)
    assert [each.kid for each in keys_of({"keys": [short, shared, strong]})] == ["k1"]


# ---- the file ------------------------------------------------------------------------------------------------------

GOOD = "issuer: https://login.example.org\nclient_id: tandem\naccount_claim: sub\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no keys"),
        ("issuer: [", "can't be read"),
        (GOOD.replace("https", "http"), "https"),
        (GOOD.replace("example.org", "example.org/?a=1"), "without ?"),
        ("issuer: https://login.example.org\naccount_claim: sub\n", "client_id"),
        (GOOD.replace("account_claim: sub\n", ""), "who somebody is here"),
        (f"{GOOD}role_claim: groups\n", "belong together"),
        (f"{GOOD}role_claim: groups\nroles: {{all: boss}}\n", "roles.all"),
        (f"{GOOD}scopes: [profile]\n", "openid"),
        (f"{GOOD}secret: abc\n", "secret_file"),
        (f"{GOOD}secret_file: none\n", "can't be read"),
        (f"{GOOD}secret_file: open\n", "chmod 600"),
        (f"{GOOD}secret_file: empty\n", "is empty"),
        (f"{GOOD}colour: red\n", "colour"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_a_remedy(text: str, says: str, tmp_path: Path) -> None:
    for name, mode, held in (("open", 0o640, "s"), ("empty", 0o600, "\n")):
        (tmp_path / name).write_text(held)
        (tmp_path / name).chmod(mode)
    (tmp_path / "oidc.yaml").write_text(text)
    with pytest.raises(SetupError) as told:
        read_oidc(tmp_path / "oidc.yaml")
    assert says in str(told.value)
    assert told.value.remedy


def test_the_secret_is_in_no_text_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "oidc.yaml").write_text(f"{GOOD}secret_file: secret\n")
    spec = read_oidc(tmp_path / "oidc.yaml")
    assert spec.secret == SECRET
    assert SECRET not in repr(spec)


def test_the_file_beside_the_accounts_is_found_and_another_one_can_be_named(tmp_path: Path) -> None:
    store = AccountsFile(tmp_path / "access.db")
    people.add(store, "Berta", "supervisor", PIN)
    store.close()

    def provider(**given: Any) -> str:
        where = Settings(
            instructions=tmp_path, cell=tmp_path, skills=tmp_path, data=tmp_path, host="0.0.0.0", lan=Lan(**given)
        )
        served = open_lan(where)
        served.accounts.close()
        return "" if served.access.provider is None else served.access.provider.name

    assert provider() == ""
    with pytest.raises(SetupError):
        provider(oidc=tmp_path / "there_is_none.yaml")
    (tmp_path / "oidc.yaml").write_text(f"{GOOD}name: Shop login\n")
    assert provider() == "Shop login"
    (tmp_path / "other.yaml").write_text(f"{GOOD}name: Other\n")
    assert provider(oidc=tmp_path / "other.yaml") == "Other"


def test_what_is_logged_of_a_refusal_holds_no_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provider = FakeProvider()
    provider.claims["nonce"] = "wrong"

    async def scenario() -> None:
        async with tablet(tmp_path, provider) as page:
            await page.sign_in(provider)

    asyncio.run(scenario())
    said = "".join(capsys.readouterr())
    assert "nonce" in said
    assert not any(each in said for each in (SECRET, "code-0", "eyJ"))
    assert json.dumps(SECRET) not in said
