"""The gateway's own log: events as lines."""

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, Logger, LogLevel
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.telemetry.logs import LineObserver
from tests.telemetry.files import MemoryLog


class LogsTestCase(SynchronousTestCase):
    """A log in memory."""

    text = False
    level = "info"

    def setUp(self) -> None:
        self.log = MemoryLog(Clock(), self.addCleanup)
        self.observer = LineObserver(self.log.lines, level=self.level, text=self.text)
        self.logger = Logger("gateway.part", observer=self.observer)

    def record(self) -> dict[str, object]:
        """Return the only record."""
        (record,) = self.log.records
        return record


def failure(message: str) -> Failure:
    """Return a failure with a traceback."""
    try:
        raise ValueError(message)
    except ValueError:
        return Failure()


class JSONTests(LogsTestCase):
    """One JSON object a line."""

    def test_interface(self) -> None:
        """It is an observer of log events."""
        verifyObject(ILogObserver, self.observer)

    def test_event(self) -> None:
        """Message, level, origin and time are told."""
        self.observer(
            {
                "log_format": "{signal} came",
                "log_level": LogLevel.warn,
                "log_namespace": "gateway.part",
                "log_time": 1700000000.25,
                "signal": "SIGTERM",
            }
        )
        self.assertEqual(
            self.record(),
            {
                "ts": "2023-11-14T22:13:20.250Z",
                "level": "warn",
                "event": "log",
                "logger": "gateway.part",
                "message": "SIGTERM came",
                "signal": "SIGTERM",
            },
        )

    def test_fields(self) -> None:
        """Fields that are looked for have a place of their own, others only in the message."""
        self.logger.info("{provider} {color}", provider="p", request_id="r-1", color="red")
        record = self.record()
        self.assertEqual((record["provider"], record["request_id"]), ("p", "r-1"))
        self.assertEqual(record["message"], "p red")
        self.assertNotIn("color", record)

    def test_levels(self) -> None:
        """Events below the level are left out."""
        self.logger.debug("too quiet")
        self.logger.info("heard")
        self.logger.critical("loud")
        self.assertEqual([record["message"] for record in self.log.records], ["heard", "loud"])

    def test_without_level(self) -> None:
        """An event that does not say how grave it is, as old code writes, is information."""
        self.observer({"log_format": "old", "log_time": 0.0})
        self.assertEqual(self.record()["level"], "info")

    def test_failure(self) -> None:
        """A bug's traceback is in the one line of its event."""
        self.logger.failure("a bug failed {request_id}", failure("oops"), request_id="r-1")
        record = self.record()
        self.assertEqual((record["level"], record["message"]), ("critical", "a bug failed r-1"))
        self.assertIn("ValueError: oops", str(record["traceback"]))
        self.assertEqual(self.log.text.count("\n"), 1)

    def test_objects(self) -> None:
        """What JSON does not know is told by its representation."""
        self.logger.info("at {address}", address=("host", b"\xff"))
        self.assertEqual(self.record()["address"], ["host", "b'\\xff'"])

    def test_unsayable(self) -> None:
        """Lone surrogates and huge integers are written down all the same."""
        self.logger.info("{text}", text="\ud800 lone", in_flight=2**70)
        record = self.record()
        self.assertEqual(record["message"], "\\ud800 lone")
        self.assertEqual(record["in_flight"], str(2**70))

    def test_broken_format(self) -> None:
        """A format that does not fit its event is one line like any other."""
        self.logger.info("{missing}")
        self.assertIn("missing", str(self.record()["message"]))


class TextTests(LogsTestCase):
    """For people."""

    text = True
    level = "debug"

    def test_line(self) -> None:
        """Time, level and message make a line."""
        self.observer({"log_format": "hello", "log_level": LogLevel.debug, "log_time": 1.5})
        self.assertEqual(self.log.text, "1970-01-01T00:00:01.500Z [debug] hello\n")

    def test_control_characters(self) -> None:
        """Nothing in a message can steer a terminal, break the line or turn its direction."""
        self.logger.info("{text}", text="a\x1b[31m\r\nb\u202e\u2028ü")
        (line,) = self.log.text.split("\n")[:-1]
        self.assertTrue(line.endswith("a\\u001b[31m\\u000d\\u000ab\\u202e\\u2028ü"))

    def test_failure(self) -> None:
        """A traceback follows its line, and cannot steer a terminal either."""
        self.logger.failure("a bug", failure("oops \x1b[2J \ud800"))
        first, *trace = self.log.text.splitlines()
        self.assertTrue(first.endswith("[critical] a bug"))
        self.assertIn("oops \\u001b[2J \\ud800", "\n".join(trace))
        self.assertNotIn("\x1b", self.log.text)

    def test_failure_ends_its_line(self) -> None:
        """The next event begins a line of its own."""
        self.logger.failure("a bug", failure("oops"))
        self.logger.info("next")
        self.assertTrue(self.log.text.splitlines()[-1].endswith("[info] next"))
