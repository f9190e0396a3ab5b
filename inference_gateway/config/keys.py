"""Keys of clients and administrators: making one, and the digest that stands for it in a file."""

import hashlib
import secrets

_PREFIX = "igw-"


def new_key() -> tuple[str, str]:
    """Return a new key with 256 bits of randomness, and its digest for the configuration."""
    key = _PREFIX + secrets.token_urlsafe(32)
    return key, digest_of(key)


def digest_of(key: str) -> str:
    """Return ``sha256:`` and the hexadecimal SHA-256 of a key.

    A plain hash is enough, since keys are random and not chosen like passwords.
    """
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()
