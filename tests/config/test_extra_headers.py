"""Tests of `inference_gateway.config.extra_headers`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.extra_headers import is_value, refusal


class ExtraHeaderTests(SynchronousTestCase):
    def test_names(self) -> None:
        """What the gateway or the connection needs is refused with the reason, in any case."""
        for name, reason in [
            ("Authorization", "api_key"),
            ("COOKIE", "no sessions"),
            ("Host", "the gateway sets it"),
            ("X-Request-ID", "the gateway sets it"),
            ("content-length", "the gateway sets it"),
            ("Transfer-Encoding", "one connection"),
            ("Proxy-Authorization", "one connection"),
        ]:
            self.assertIn(reason, refusal(name) or "", name)
        self.assertIsNone(refusal("X-Team"))

    def test_values(self) -> None:
        """A value is visible ASCII that nothing trims."""
        for text in ("a", "a b", "Basic YTpi"):
            self.assertTrue(is_value(text), text)
        for text in ("", " ", "a ", " a", "a\r\nb", "a\tb", "ä", "\x7f"):
            self.assertFalse(is_value(text), text)
