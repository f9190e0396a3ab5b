"""What one connection may take: the numbers, and no state."""

from typing import Literal

import attrs


@attrs.frozen(kw_only=True)
class Limits:
    """Bounds of one connection, in bytes and seconds; None means without limit."""

    target: int = 8192
    request_line: int = 16384
    header_line: int = 16384
    #: The whole head, with its request line and its empty line.
    head: int = 32768
    headers: int = 100
    #: Of each request that the application sets no limit of its own for.
    body: int = 10 * 1024 * 1024
    #: All chunk extensions of one body together.
    chunk_extensions: int = 16384
    trailers: int = 16384
    #: What is read beyond a request that is being answered, before reading pauses.
    read_ahead: int = 16384
    head_timeout: float = 10.0
    body_timeout: float = 60.0
    #: For so long a body may come at any rate; then its average must be ``body_rate`` bytes a
    #: second.
    body_grace: float = 10.0
    body_rate: int = 1024
    idle_timeout: float = 75.0
    write_stall: float = 60.0
    #: How long and how much is still read, and thrown away, behind an answer that ends the
    #: connection.
    linger_time: float = 1.0
    linger_bytes: int = 1024 * 1024
    requests_per_connection: int | None = None
    connection_age: float | None = None
    #: What a half-closed connection means while its request is answered.
    half_close: Literal["gone", "finish"] = "gone"

    def used_up(self, requests: int, age: float) -> bool:
        """Whether a connection has served as much or as long as it may."""
        most, oldest = self.requests_per_connection, self.connection_age
        return (most is not None and requests >= most) or (oldest is not None and age >= oldest)

    def idle_until(self, now: float, born: float) -> float:
        """Return when a connection that is idle since ``now`` is to be closed."""
        until = now + self.idle_timeout
        return until if self.connection_age is None else min(until, born + self.connection_age)
