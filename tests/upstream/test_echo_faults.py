"""Which fault a model's name asks for."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderRejected
from inference_gateway.upstream.echo_faults import FAULTS, find_behaviour

NAMES = (
    "error-400 error-401 error-429 error-500 error-503 reset silent slow-first-token slow cut stall"
    " malformed no-done no-usage error-event html huge"
)


class FindTests(SynchronousTestCase):
    """From the name to the fault."""

    def test_names(self) -> None:
        """There are exactly the documented faults."""
        self.assertEqual(" ".join(FAULTS), NAMES)

    def test_no_fault(self) -> None:
        """Any name outside ``echo/`` means the same good behaviour."""
        self.assertIs(find_behaviour("echo")[0], find_behaviour("my-model/cut")[0])
        self.assertNotIn(find_behaviour("echo")[0], FAULTS.values())

    def test_default_seconds(self) -> None:
        """Without seconds each fault has its own."""
        self.assertEqual(find_behaviour("echo/slow"), (FAULTS["slow"], 1.0))
        self.assertEqual(find_behaviour("echo/slow-first-token"), (FAULTS["slow-first-token"], 5.0))

    def test_seconds(self) -> None:
        """Seconds may be whole or have decimals, up to an hour."""
        for text, seconds in (("0", 0.0), ("0.25", 0.25), ("3600", 3600.0)):
            self.assertEqual(find_behaviour(f"echo/slow:{text}"), (FAULTS["slow"], seconds))

    def test_no_seconds(self) -> None:
        """Seconds that are none are refused, and the refusal says what they may be."""
        for text in ("", "-1", "soon", "nan", "inf", "1e3", "3600.1", "9999", "1:2", " 1", "1_0"):
            error = self.assertRaises(ProviderRejected, find_behaviour, f"echo/slow:{text}")
            self.assertEqual((error.status, error.param), (400, "model"))
            self.assertIn("from 0 to 3600", error.message)

    def test_unknown_fault(self) -> None:
        """An unknown fault is refused, and the refusal lists those there are."""
        for name in ("echo/", "echo/Cut", "echo/cut/1", "echo/:1"):
            error = self.assertRaises(ProviderRejected, find_behaviour, name)
            self.assertEqual((error.status, error.param), (400, "model"))
            self.assertIn("slow-first-token, slow, cut", error.message)
