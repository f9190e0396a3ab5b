"""The id of a call: the client's own, or a random one."""

from collections.abc import Iterator, Sequence
from os import urandom
from typing import Final

from inference_gateway.wire.headers import valid_request_id

#: By a random digit, the digit that says which variant of UUID this is; two of its bits are random.
_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def call_id(given: Sequence[bytes]) -> str:
    """Return the id that a client gave, if it gave one and it is fit to be echoed; else a new one.

    A bad one is replaced as a whole, never cleaned and echoed.
    """
    if len(given) == 1 and valid_request_id(given[0]):
        return given[0].decode("ascii")
    return next(_random_ids)


def _uuids() -> Iterator[str]:
    """Yield random UUIDs (RFC 9562, version 4), without the cost of objects of that type.

    Randomness is asked of the system in bulk: each asking is a system call.
    """
    while True:
        digits = urandom(4096).hex()
        for at in range(0, len(digits), 32):
            one = digits[at : at + 32]
            yield f"{one[:8]}-{one[8:12]}-4{one[13:16]}-{_VARIANT[one[16]]}{one[17:20]}-{one[20:]}"


_random_ids = _uuids()
