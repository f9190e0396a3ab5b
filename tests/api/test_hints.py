"""What heads say about how their calls are to be served."""

from collections.abc import Mapping

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.api.hints import client_hints
from inference_gateway.exchange import NO_HINTS, Call, ClientHints, Reply
from tests.api.gateway import GatewayTestCase
from tests.pipeline import chats

READ = b"x-stainless-read-timeout"
WHOLE = b"x-stainless-timeout"
RETRIES = b"x-stainless-retry-count"
DEBUG = b"x-gateway-debug"
SESSION = b"x-session-id"


class HintsTests(SynchronousTestCase):
    """Heads and their hints."""

    def hints(self, head: Mapping[bytes, list[bytes] | bytes]) -> ClientHints:
        """Return what ``head`` says."""

        def values(name: bytes) -> list[bytes]:
            found = head.get(name, [])
            return [found] if isinstance(found, bytes) else found

        return client_hints(values, SESSION)

    def test_nothing(self) -> None:
        """A head that says nothing costs no object."""
        self.assertIs(self.hints({}), NO_HINTS)
        self.assertIs(self.hints({RETRIES: b"0", DEBUG: b"0", READ: b"None"}), NO_HINTS)

    def test_packages(self) -> None:
        """The packages for Python and Node are understood."""
        python = {READ: b"600.0", RETRIES: b"2"}
        self.assertEqual(self.hints(python), ClientHints(patience=600.0, retries=2))
        self.assertEqual(self.hints({WHOLE: b"20"}), ClientHints(patience=20.0))
        anthropic = {WHOLE: b"NOT_GIVEN", READ: b"600", RETRIES: b"0"}
        self.assertEqual(self.hints(anthropic), ClientHints(patience=600.0))

    def test_both(self) -> None:
        """Where both are said, the time between two reads is what counts."""
        self.assertEqual(self.hints({WHOLE: b"20", READ: b"0.5"}).patience, 0.5)
        self.assertEqual(self.hints({WHOLE: b"20", READ: b"x"}).patience, 20.0)

    def test_no_seconds(self) -> None:
        """What is no positive number of seconds, or one without end, was not said."""
        for value in (
            *(b"", b"0", b"0.0", b"-1", b"+1", b"1e3", b"inf", b"nan", b"NaN", b"None", b"1_0"),
            *(b"1.", b".5", b"1.5.5", b"0x10", b"1 ", b"\xd9\xa1", b"1000000", b"9" * 5000),
        ):
            self.assertIs(self.hints({READ: value}), NO_HINTS, value)

    def test_no_count(self) -> None:
        """What is no likely number of retries was not said."""
        for value in (b"", b"-1", b"1.0", b"1001", b"9" * 5000, b"1_0", b"x", b"\xd9\xa2"):
            self.assertIs(self.hints({RETRIES: value}), NO_HINTS, value)
        self.assertEqual(self.hints({RETRIES: b"1000"}).retries, 1000)

    def test_diagnosis(self) -> None:
        """Diagnosis is asked for with a 1."""
        self.assertEqual(self.hints({DEBUG: b"1"}), ClientHints(diagnosis=True))
        for value in (b"", b"0", b"true", b"11"):
            self.assertIs(self.hints({DEBUG: value}), NO_HINTS, value)

    def test_session(self) -> None:
        """A session has a name of up to 256 printable characters."""
        self.assertEqual(self.hints({SESSION: b"chat 7/b"}), ClientHints(session="chat 7/b"))
        self.assertEqual(self.hints({SESSION: b"x" * 256}).session, "x" * 256)
        for value in (b"", b"x" * 257, b"a\x00b", b"a\tb", "é".encode(), b"\xff"):
            self.assertIs(self.hints({SESSION: value}), NO_HINTS, value)

    def test_no_session(self) -> None:
        """Where no header binds sessions there are none."""
        self.assertIs(client_hints(lambda name: [b"a"], None), NO_HINTS)

    def test_repeated(self) -> None:
        """What is said twice is not said."""
        head = {name: [b"1", b"1"] for name in (READ, WHOLE, RETRIES, DEBUG, SESSION)}
        self.assertIs(self.hints(head), NO_HINTS)


class CallTests(GatewayTestCase):
    """What the head says, as the call has it."""

    def setUp(self) -> None:
        self.seen: list[ClientHints] = []
        self.service = self.serve
        super().setUp()

    async def serve(self, call: Call) -> Reply:
        """Note the hints."""
        self.seen.append(call.hints)
        return Reply(status=200, body=b"{}")

    def test_repeated_head(self) -> None:
        """Each call of a head has its hints, and another head has others."""
        client = self.connect()
        for retries in ("1", "1", "2", "0"):
            client.send(
                "POST",
                "/v1/chat/completions",
                chats.request(),
                ("X-Stainless-Retry-Count", retries),
            )
        self.assertEqual([hints.retries for hints in self.seen], [1, 1, 2, 0])
        self.assertIs(self.seen[3], NO_HINTS)
