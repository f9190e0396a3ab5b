"""Tests of `inference_gateway.wire.links`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.fields import Check, Problems
from inference_gateway.wire.links import check_file_data, check_link


def passes(check: Check, value: object) -> bool:
    """Return whether a check has nothing to say about a value."""
    problems: Problems = []
    check(value, "url", problems)
    return not problems


class LinkTests(SynchronousTestCase):
    """Links lead where a provider may go."""

    def test_schemes(self) -> None:
        """The web's schemes and inline data pass, in any case; nothing else does."""
        for good in ("https://example.org/a", "HTTP://example.org", "data:image/png;base64,AA"):
            self.assertTrue(passes(check_link, good))
        for bad in (
            "file:///etc/passwd",
            "ftp://a/",
            "",
            "a.png",
            "//a/b",
            "\thttps://a/",
            5,
            None,
        ):
            self.assertFalse(passes(check_link, bad))

    def test_metadata(self) -> None:
        """Literal addresses of metadata services do not pass."""
        for host in (
            "169.254.169.254",
            "169.254.0.1:80",
            "[fe80::1]",
            "[fd00:ec2::254]:80",
            "100.100.100.200",
            "METADATA.google.internal",
            "user:password@169.254.169.254",
        ):
            self.assertFalse(passes(check_link, f"http://{host}/latest"))

    def test_other_hosts(self) -> None:
        """Other hosts pass, malformed ones included: they are the provider's concern."""
        for host in ("example.org", "10.0.0.1", "[::1]", "[bad", ""):
            self.assertTrue(passes(check_link, f"http://{host}/"))

    def test_file_data(self) -> None:
        """Base64 passes unseen, and what has a scheme is a link."""
        self.assertTrue(passes(check_file_data, "QUJD" * 100))
        self.assertTrue(passes(check_file_data, "data:application/pdf;base64,AA"))
        self.assertFalse(passes(check_file_data, "file:///etc/passwd"))
        self.assertFalse(passes(check_file_data, ["QUJD"]))
