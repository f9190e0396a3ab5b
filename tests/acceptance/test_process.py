"""The process itself: how soon it serves, what it weighs, and where its log goes."""

import re
import stat
from pathlib import Path

from tests.acceptance.gateway import (
    KEY,
    PROMPT,
    STANDARD,
    Configuration,
    Gateway,
    OwnGatewayTestCase,
    eventually,
    free_port,
)
from tests.acceptance.raw_client import RawConnection, chat_body, get, post

#: Generous: the machines that run this have other work as well.
SECONDS_TO_READY = 5.0
IDLE_MEMORY = 80 * 1024 * 1024


def is_ready(address: tuple[str, int]) -> bool:
    """Whether somebody listens there and wants calls."""
    try:
        with RawConnection(address) as client:
            client.send(get("/health/ready"))
            return client.answer().status == 200
    except ConnectionRefusedError:
        return False


class StartTests(OwnGatewayTestCase):
    """What a start costs."""

    def test_ready(self) -> None:
        """It is ready soon after it was started."""
        port = free_port()
        self.start(None, environment={"PORT": str(port)})
        self.assertTrue(eventually(lambda: is_ready(("127.0.0.1", port)), within=SECONDS_TO_READY))

    def test_memory(self) -> None:
        """It is small while it has nothing to do."""
        gateway = self.start(STANDARD)
        gateway.serving()
        self.assertLess(gateway.resident_memory(), IDLE_MEMORY)


class LogTests(OwnGatewayTestCase):
    """Where the log goes and what it looks like."""

    def serve(self, **log: str) -> tuple[Gateway, tuple[str, int]]:
        """Return a gateway with these settings for its log, once it is ready, and where it is."""
        address = ("127.0.0.1", free_port())
        configuration: Configuration = {**STANDARD, "telemetry": {"log": log}}
        gateway = Gateway(configuration, arguments=["--port", str(address[1])])
        self.addCleanup(gateway.stop)
        self.assertTrue(eventually(lambda: is_ready(address), within=4 * SECONDS_TO_READY))
        return gateway, address

    def chat(self, address: tuple[str, int]) -> int:
        """Make a call; return its status."""
        with RawConnection(address) as client:
            client.send(post(chat_body(), "X-Request-ID: logged-call"))
            return client.answer().status

    def test_path(self) -> None:
        """With a path every line goes to that file, which not everybody may read."""
        path = Path(self.mktemp()).resolve()
        gateway, address = self.serve(path=str(path))
        self.assertEqual(self.chat(address), 200)
        self.assertEqual(gateway.stop(), 0)
        text = path.read_text(encoding="utf-8")
        self.assertIn('"request_id":"logged-call"', text)
        self.assertIn("stopped after", text)
        self.assertEqual((gateway.lines, gateway.errors), ([], ""))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o007, 0)
        for secret in (KEY, PROMPT):
            self.assertNotIn(secret, text)

    def test_text(self) -> None:
        """In the format for people a call is a line without braces, and tells the same."""
        gateway, address = self.serve(format="text")
        self.assertEqual(self.chat(address), 200)
        self.assertEqual(gateway.stop(), 0)
        (line,) = [line for line in gateway.lines if "logged-call" in line]
        self.assertRegex(line, r"\A\S+Z POST /v1/chat/completions 200 .*\bverdict=complete\b")
        self.assertEqual(gateway.errors, "")
        for line in gateway.lines:
            self.assertTrue(re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T\S+Z ", line), line)
            for secret in (KEY, PROMPT):
                self.assertNotIn(secret, line)

    def test_level(self) -> None:
        """A higher level silences the gateway's own story."""
        gateway, address = self.serve(level="error")
        self.assertEqual(self.chat(address), 200)
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual([line for line in gateway.lines if '"event":"log"' in line], [])

    def test_full_disk(self) -> None:
        """A log that cannot be written costs lines, and no call."""
        gateway, address = self.serve(path="/dev/full")
        for _ in range(3):
            self.assertEqual(self.chat(address), 200)
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(gateway.errors, "")
