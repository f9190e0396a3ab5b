"""Tests of `inference_gateway.config.resilience`."""

from twisted.trial.unittest import SynchronousTestCase

from tests.config.loading import problems


class BreakerTests(SynchronousTestCase):
    """Values that contradict each other."""

    def check(self, fields: str, *expected: str) -> None:
        """Load the settings of circuit breakers."""
        found = problems(f"routing: {{circuit_breaker: {{{fields}}}}}")
        self.assertEqual(
            [problem.partition("routing.circuit_breaker.")[2] for problem in found], list(expected)
        )

    def test_fine(self) -> None:
        """Other keys may stand beside ``enabled: false``, and the two times may be equal."""
        self.check("enabled: false, failures: 3, error_rate: 100")
        self.check("open_for: 10s, longest_open: 10s")

    def test_times(self) -> None:
        """The longest time is not shorter than the first, whichever of them is written."""
        self.check("open_for: 3m", "open_for: open_for (180s) is longer than longest_open (120s)")
        self.check(
            "longest_open: 1s", "longest_open: open_for (5s) is longer than longest_open (1s)"
        )

    def test_rate(self) -> None:
        """A rate of 0 is reached without a failure."""
        self.check(
            "error_rate: 0",
            "error_rate: with 0 it would open without any failure; 100 is for calls that all fail",
        )


class SessionTests(SynchronousTestCase):
    """Which headers can name a session."""

    def found(self, header: str) -> list[str]:
        """Return what is wrong with a header."""
        return problems(f"routing: {{session_header: {header}}}")

    def test_fine(self) -> None:
        """Most headers can."""
        for header in ("X-Session-ID", "x-user", "User-Agent"):
            self.assertEqual(self.found(header), [])

    def test_credentials(self) -> None:
        """What carries a credential cannot, in whatever case."""
        for header in ("Authorization", "cookie", "X-API-Key", "api-key"):
            (problem,) = self.found(header)
            self.assertIn(
                "gateway.yaml:1:27: routing.session_header: this header carries a cred", problem
            )

    def test_framing(self) -> None:
        """What is about a message or its connection cannot."""
        for header in ("Content-Length", "host", "Transfer-Encoding", "X-Request-ID"):
            (problem,) = self.found(header)
            self.assertIn("is about a message or its connection", problem)


class HealthTests(SynchronousTestCase):
    """How providers are asked for their health."""

    def check(self, fields: str, *expected: str, models: str = "[m]") -> None:
        """Load a provider with such health checks."""
        found = problems(
            "providers: [{id: a, type: vllm, base_url: 'https://gpu',"
            f" models: {models}, health: {{{fields}}}}}]"
        )
        self.assertEqual(
            [problem.partition("providers[0].health")[2] for problem in found], list(expected)
        )

    def test_fine(self) -> None:
        """Every way to ask is fine by itself, with any pace."""
        for fields in ("check: never", "check: models, rise: 1, fall: 1", "check: call"):
            self.check(fields)
        self.check("path: /live, interval: 1s, timeout: 5s")
        self.check("path: /live, check: call", models='["*"]')

    def test_call(self) -> None:
        """A call needs one model whose name is known."""
        wrong = (
            ".check: call needs a model in models whose own name has no *, to ask it for a token"
        )
        self.check("check: call", wrong, models='["*"]')
        self.check("check: call", models='{"*": m}')

    def test_path(self) -> None:
        """A path is not empty, and is asked for."""
        self.check("path: ''", ".path: expected a path such as /health")
        self.check(
            "path: /live, check: never",
            ".path: check: never asks for nothing, so leave the path out",
        )

    def test_broken(self) -> None:
        """Nothing follows from what is wrong already."""
        self.check(
            "check: cal",
            ".check: expected one of auto, never, models, call, got 'cal'; did you mean 'call'?",
        )
        self.assertEqual(
            len(
                problems(
                    "providers: [{id: a, type: vllm, base_url: 'https://gpu', models: 1,"
                    " health: {check: call}}]"
                )
            ),
            1,
        )
