"""An OpenID provider in the test's own process, that can be made to lie."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from orchestrator.adapters.access.oidc import OidcProvider
from orchestrator.adapters.access.oidc_file import OidcSpec

if TYPE_CHECKING:
    from collections.abc import Callable

ISSUER = "https://login.example.org/shop"
SECRET = "b/9 Xq+secret of the client"
SPEC = OidcSpec(
    issuer=ISSUER,
    client_id="tandem",
    secret=SECRET,
    name="Shop login",
    account_claim="tandem_account",
    role_claim="realm.groups",
    roles={"leads": "supervisor", "assembly": "worker"},
)


def key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


def segment(data: Any) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class FakeProvider:
    """Does what a provider does; `claims`, `metadata`, `header` and `forge` change what it says."""

    def __init__(self) -> None:
        self.keys = {"k1": key("k1")}
        self.signer = self.keys["k1"]
        self.claims: dict[str, Any] = {"realm": {"groups": ["assembly"]}}
        self.metadata: dict[str, Any] = {}
        self.published: Any = None
        self.header: dict[str, Any] = {}
        self.forge: Callable[[dict[str, Any]], str] | None = None
        self.answers: dict[str, Callable[[], httpx.Response]] = {}  # by the end of a path, instead of its own
        self.silent = False
        self.asked: list[str] = []
        self._numbers = itertools.count()
        self.codes: dict[str, dict[str, str]] = {}

    def client(self, spec: OidcSpec = SPEC, **options: Any) -> OidcProvider:
        """Return Tandem's side, with this provider at the other end of the line."""
        return OidcProvider(spec, transport=httpx.MockTransport(self._send), **options)

    def let_in(self, url: str) -> dict[str, str]:
        """Be the browser at the provider: the person signs in; returns what the page is called with."""
        query = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        code = f"code-{next(self._numbers)}"
        self.codes[code] = query
        return {"state": query["state"], "code": code, "iss": ISSUER}

    async def _send(self, request: httpx.Request) -> httpx.Response:
        whole = await self._answer(request)
        return httpx.Response(whole.status_code, headers=whole.headers, stream=httpx.ByteStream(whole.content))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.silent:
            await asyncio.Event().wait()
        last = request.url.path.rpartition("/")[2]
        self.asked.append(last)
        if last in self.answers:
            return self.answers[last]()
        match last:
            case "openid-configuration":
                return httpx.Response(200, json=self._described())
            case "keys":
                shown = KeySet(list(self.keys.values())).as_dict(private=False)
                return httpx.Response(200, json=shown if self.published is None else self.published)
            case "token":
                return self._redeem(request)
        return httpx.Response(404)

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }

    def _redeem(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        named = base64.b64encode(b"tandem:b%2F9+Xq%2Bsecret+of+the+client").decode()
        if request.headers.get("authorization") != f"Basic {named}":
            return httpx.Response(401, json={"error": "invalid_client"})
        query = self.codes.pop(form["code"], None)  # a code counts once
        challenge = segment(sha256(form["code_verifier"].encode()).digest())
        if query is None or query["code_challenge"] != challenge or query["redirect_uri"] != form["redirect_uri"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "tandem", "sub": "248289761001", "name": "Anna Kurz", "nonce": query["nonce"]}
        claims |= {"iat": now, "auth_time": now, "exp": now + 300, **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.forge is not None:
            return httpx.Response(200, json={"id_token": self.forge(claims), "token_type": "Bearer"})
        header = {"alg": "ES256", "kid": self.signer.kid, **self.header}
        token = jwt.encode({k: v for k, v in header.items() if v is not None}, claims, self.signer)
        return httpx.Response(200, json={"id_token": token, "token_type": "Bearer", "access_token": "a"})
