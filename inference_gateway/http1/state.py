"""What a server connection is doing."""

from enum import Enum


class State(Enum):
    """What the bytes that come next are."""

    READING = "a request's"
    ANSWERING = "ahead of their time, or not wanted"
    FLUSHING = "ahead of their time: the client has not taken the answers it has"
    LINGERING = "thrown away: the answer that ends the connection is out"
    CLOSED = "nobody's"


#: The members by names of their own: Python 3.11 takes longer to find one than to compare it, and
#: every call passes a dozen of them.
READING, ANSWERING, FLUSHING = State.READING, State.ANSWERING, State.FLUSHING
LINGERING, CLOSED = State.LINGERING, State.CLOSED
