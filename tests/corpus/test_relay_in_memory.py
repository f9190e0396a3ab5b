"""What takes thousands of calls or a clock that can be moved: the whole gateway without sockets."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import attrs
from twisted.internet.error import NoRouteError
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IResolutionReceiver,
)
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from inference_gateway.config.settings import Settings
from inference_gateway.service.graph import build
from inference_gateway.telemetry.lines import LineWriter
from inference_gateway.testing.doubles import MemoryConnection
from tests.corpus.relay_case import MODES, Mode, Owed, RelayCase, failed, fine
from tests.corpus.relay_gateway import settings
from tests.corpus.relay_judge import judge_answer, read_relayed
from tests.corpus.relay_payloads import (
    ANSWER,
    END,
    FINISH,
    ROLE,
    STREAM,
    TEXT,
    USAGE,
    Payload,
    chunk,
    framed,
    in_chunks,
    stream,
)
from tests.corpus.relay_player import request_of
from tests.corpus.requests import CLOSE
from tests.http1.fake_upstream import MemoryNetwork
from tests.http1.test_dial import KnowsNobody

#: Texts with characters of two to four bytes, some made of several.
_TEXTS = ("懒狗 🦊🐕", "“naïve” 🏳️‍🌈 café", TEXT[:40], "𝄞 한국어 ✓" * 9, "日本語" * 40)
#: Two kilobytes each.
_LONG = stream(ROLE, *(chunk({"content": text}) for text in _TEXTS), FINISH, USAGE, END)
_LONG_ANSWER = Payload(
    media_type=ANSWER.media_type,
    body=ANSWER.body.replace(TEXT.encode(), "".join(_TEXTS * 3).encode()),
)


_CRLF = stream(_LONG.body.replace(b"\n", b"\r\n"))


def _lines(body: bytes) -> bytes:
    """Return ``body`` with LF for every end of a line: a CR may be parted from its LF."""
    return body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@implementer(IHostnameResolver)
class NeverAnswers:
    """Looks for names for ever."""

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: object = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Begin, and say nothing more."""
        resolution = KnowsNobody()
        resolution.name = hostName
        return resolution


class MemoryTests(SynchronousTestCase):
    """A gateway between a client and an upstream in memory."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.start(settings(8001, 8002, talkative=False))

    def start(self, configured: Settings) -> None:
        path = Path(self.mktemp())
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = LineWriter.to_path(str(path), self.network.reactor)
        self.addCleanup(writer.close)
        self.graph = build(
            configured, self.network.reactor, lines=writer, wall=lambda: 1_700_000_000.0
        )

    def tearDown(self) -> None:
        self.assertEqual(self.graph.in_flight, 0)
        for agent in self.graph.agents:
            agent.close()
        self.network.turn()

    def ask(self, mode: Mode) -> MemoryConnection:
        """Make a call; it waits for the upstream."""
        self.case = RelayCase(id=f"memory.{mode.value}", mode=mode, scripts=(), owed=Owed())
        protocol = cast(IProtocol, self.graph.factory.buildProtocol(None))
        client = MemoryConnection(protocol)
        client.send(request_of(self.case, CLOSE))
        return client

    def end(self, client: MemoryConnection, owed: Owed) -> None:
        """Assert that the client has got what is owed, and is done with."""
        self.network.turn()
        answer = read_relayed(client.received)
        self.assertEqual(judge_answer(attrs.evolve(self.case, owed=owed), answer), [])
        client.hang_up()

    # --- splits

    def split(self, mode: Mode, wire: bytes, owed: Owed) -> None:
        """Let ``wire`` come in two packets, cut at each byte in turn."""
        whole = b""
        for place in range(1, len(wire)):
            client = self.ask(mode)
            socket = self.network.sockets[0] if self.network.sockets else self.network.accept()
            socket.clear()
            socket.answer(wire[:place])
            socket.answer(wire[place:])
            answer = read_relayed(client.received)
            if not whole:
                whole = _lines(answer.body)
                case = attrs.evolve(self.case, owed=owed)
                self.assertEqual(judge_answer(case, answer), [])
            self.assertTrue(_lines(answer.body) == whole and answer.whole, place)
            client.hang_up()
        self.assertGreater(len(wire), 2_000)
        self.assertEqual(self.network.attempts, 1)

    def test_s2_stream(self) -> None:
        """S2: a stream cut anywhere arrives byte for byte."""
        raw = _LONG.body.replace(USAGE, b"")
        self.split(Mode.STREAM, framed(_LONG), Owed(raw=raw))

    def test_s2_stream_with_crlf(self) -> None:
        """S2: so does one in chunks, whose lines end with CR and LF."""
        events = tuple(line[6:] for line in _LONG.body.replace(USAGE, b"").split(b"\n\n")[:-1])
        self.split(Mode.STREAM, in_chunks(_CRLF), Owed(events=events))

    def test_s2_riding(self) -> None:
        """S2: a plain answer out of such a stream is the same wherever it was cut."""
        self.split(Mode.RIDING, in_chunks(_CRLF), Owed(says="".join(_TEXTS).encode()))

    def test_s2_plain(self) -> None:
        """S2: a document cut anywhere arrives byte for byte."""
        self.split(Mode.PLAIN, framed(_LONG_ANSWER), Owed(body=_LONG_ANSWER.body))

    def test_s2_plain_in_chunks(self) -> None:
        """S2: so does one in chunks."""
        self.split(Mode.PLAIN, in_chunks(_LONG_ANSWER), Owed(body=_LONG_ANSWER.body))

    # --- connections

    def each(self, happen: Callable[[], None], owed: Owed) -> None:
        """Let something happen to one call of each mode."""
        for mode in MODES:
            client = self.ask(mode)
            happen()
            self.end(client, owed)

    def named(self, resolver: IHostnameResolver) -> None:
        """Have all providers behind a name that ``resolver`` looks up."""
        configured = settings(8001, 8002, talkative=False)
        providers = [
            attrs.evolve(provider, base_url="http://provider.test/v1")
            for provider in configured.providers
        ]
        self.network.reactor.installNameResolver(resolver)
        self.start(attrs.evolve(configured, providers=tuple(providers)))

    def test_p1_no_such_name(self) -> None:
        """P1: a name that does not exist is a provider that cannot be reached."""
        self.named(KnowsNobody())
        self.each(lambda: None, failed(502, "provider_unavailable", says=b"name"))

    def test_p1_slow_name(self) -> None:
        """P1: looking up a name is a part of connecting, and given up in time."""
        self.named(NeverAnswers())
        late = failed(504, "request_timeout", says=b"connect timeout")
        self.each(lambda: self.network.reactor.advance(5.0), late)

    def test_p1_no_route(self) -> None:
        """P1: without a route there is no answer, and no address in the error."""
        unreachable = failed(502, "provider_unavailable", says=b"cannot be reached")
        self.each(lambda: self.network.refuse(NoRouteError()), unreachable)

    def test_p1_nobody_there(self) -> None:
        """P1: a connection that does not come about is given up in time."""
        late = failed(504, "request_timeout", says=b"connect timeout")
        self.each(lambda: self.network.reactor.advance(5.0), late)

    def test_p26_stale_connections(self) -> None:
        """P26: no client notices that its connection was closed when its call was sent."""
        for mode in MODES:
            good = framed(ANSWER if mode is Mode.PLAIN else STREAM)
            for attempt in range(100):
                client = self.ask(mode)
                if self.network.attempts == len(self.network.sockets):
                    used = self.network.sockets[-1]
                    (used.end if attempt % 2 else used.reset)()
                self.network.accept().answer(good)
                self.end(client, fine(mode))
        self.assertEqual(self.network.attempts, 3 * 100)
