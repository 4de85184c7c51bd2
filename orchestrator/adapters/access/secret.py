"""Secrets: made at random, kept as hashes, compared in constant time."""

from __future__ import annotations

import itertools
import secrets
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from orchestrator.core.access import PASSWORD_LENGTH, PIN_DIGITS, AccessError

# OWASP's second choice for argon2id: some 20 ms of one core, so that signing in takes little from the cell.
MEMORY_KIB, ROUNDS, LANES = 19 * 1024, 2, 1
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that is read for something else
CODE_LENGTH = 8  # 40 bits, for ten minutes, behind a back-off
LONGEST = 200

_HASHER = PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=LANES)
_NOBODY = _HASHER.hash(secrets.token_urlsafe())  # who does not exist takes as long as who does


def token() -> str:
    """Return a fresh token of 256 bits."""
    return secrets.token_urlsafe(32)


def code() -> str:
    """Return a fresh joining code, as a person types it."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def digest(secret: str) -> bytes:
    """Return what is stored of a token: SHA-256, for nobody guesses 256 bits."""
    return sha256(secret.encode()).digest()


def hashed(secret: str) -> str:
    """Return what is stored of a PIN or password: argon2id with a salt of its own."""
    return _HASHER.hash(secret)


def matches(stored: str, secret: str) -> bool:
    """Tell whether a PIN or password is the one that was stored; "" for nobody's, in the same time."""
    try:
        return _HASHER.verify(stored or _NOBODY, secret[:LONGEST]) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def badge_digest(badge: str, salt: bytes) -> bytes:
    """Return what is stored of a badge's number: argon2id with the site's salt, so that it can be looked up."""
    return hash_secret_raw(badge[:LONGEST].encode(), salt, ROUNDS, MEMORY_KIB, LANES, 32, Type.ID)


def checked(secret: str) -> str:
    """Return a new PIN or password. Raises AccessError for one that is too easy to guess."""
    if secret.isascii() and secret.isdigit():
        steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(secret)}
        if len(secret) < PIN_DIGITS or (len(steps) == 1 and steps <= {0, 1, 9}):
            raise AccessError(
                "This PIN is too easy.", remedy=f"Take at least {PIN_DIGITS} digits, not one digit or a row of them."
            )
    elif len(secret) < PASSWORD_LENGTH or len(set(secret)) < 4:
        raise AccessError(
            "This password is too easy.",
            remedy=f"Take at least {PASSWORD_LENGTH} characters, or a PIN of {PIN_DIGITS} digits or more.",
        )
    if len(secret) > LONGEST:
        raise AccessError("This password is too long.", remedy=f"Take at most {LONGEST} characters.")
    return secret
