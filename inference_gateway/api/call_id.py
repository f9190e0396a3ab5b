"""The id of a call: the client's own, or a random one."""

from collections.abc import Sequence
from os import urandom

from inference_gateway.wire.headers import valid_request_id


def call_id(given: Sequence[bytes]) -> str:
    """Return the id that a client gave, if it gave one and it is fit to be echoed; else a new one.

    A bad one is replaced as a whole, never cleaned and echoed.
    """
    if len(given) == 1 and valid_request_id(given[0]):
        return given[0].decode("ascii")
    return _new_id()


def _new_id() -> str:
    """A random UUID (RFC 9562, version 4), without the cost of an object of that type."""
    digits = _randomness.take().hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class _Randomness:
    """Random bytes for ids, asked of the system in bulk: each asking is a system call."""

    def __init__(self) -> None:
        self._bytes = b""
        self._at = 0

    def take(self) -> bytes:
        """Return sixteen bytes that nobody had before."""
        if self._at == len(self._bytes):
            self._bytes = urandom(4096)
            self._at = 0
        self._at += 16
        return self._bytes[self._at - 16 : self._at]


_randomness = _Randomness()
