"""A body that is played from a script instead of read from a socket.

It keeps the same promises as a body from the network: nothing is produced while paused, nothing is
delivered after an abort, and a long body leaves the reactor time for others. What is in the script
is its author's concern.
"""

from collections.abc import Iterator
from math import inf

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import BodySink

#: Bytes to send, seconds to be silent (``inf``: for ever), or what the body breaks with. A script
#: that runs out ends its body cleanly.
Step = bytes | float | GatewayError
Script = Iterator[Step]

#: Bytes delivered in one turn of the reactor; a single step may be longer.
BATCH = 64 * 1024


class ScriptedBody:
    """Plays a script to a sink: a `ByteStream`.

    The script is asked for a step only when it is due, so a generator keeps no more in memory than
    one batch. What fits one batch and needs no waiting is delivered before ``start`` returns.
    """

    __slots__ = ("_clock", "_held_back", "_paused", "_script", "_sink", "_timer")

    def __init__(self, clock: IReactorTime, script: Script) -> None:
        self._clock = clock
        self._script = script
        self._sink: BodySink | None = None
        self._timer: IDelayedCall | None = None
        self._paused = False
        #: A step was due while paused; resuming owes it.
        self._held_back = False

    def start(self, sink: BodySink) -> None:
        """Begin to play."""
        self._sink = sink
        self._play(sink)

    def pause(self) -> None:
        """Play no further step; a silence that has begun goes on."""
        self._paused = True

    def resume(self) -> None:
        """Play on, in a later turn of the reactor as a socket would."""
        self._paused = False
        if self._held_back and self._sink is not None:
            self._held_back = False
            self._timer = self._clock.callLater(0, self._play, self._sink)

    def abort(self) -> None:
        """Leave the script and stop its clock."""
        self._sink = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _play(self, sink: BodySink) -> None:
        self._timer = None
        if self._paused:
            self._held_back = True
            return
        batch = []
        size = 0
        step: Step | None
        for step in self._script:
            if not isinstance(step, bytes):
                break
            batch.append(step)
            size += len(step)
            if size >= BATCH:
                step = 0.0
                break
        else:
            step = None
        if size:
            sink.received(b"".join(batch))
        if self._sink is None:  # aborted by whoever was given the batch
            return
        if not isinstance(step, float):
            self._sink = None
            sink.ended(step)
        elif step != inf:
            self._timer = self._clock.callLater(step, self._play, sink)
