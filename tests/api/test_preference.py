"""What a client would rather get."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.api.preference import prefers

PAGE, DATA = b"text/html", b"application/json"


class PreferenceTests(SynchronousTestCase):
    """A page or data, by the header ``Accept``."""

    def assert_page(self, *accepted: bytes) -> None:
        """Assert that a page is preferred."""
        self.assertTrue(prefers(accepted, PAGE, DATA), accepted)
        self.assertFalse(prefers(accepted, DATA, PAGE), accepted)

    def assert_no_page(self, *accepted: bytes) -> None:
        """Assert that a page is not preferred."""
        self.assertFalse(prefers(accepted, PAGE, DATA), accepted)

    def test_browser(self) -> None:
        """What browsers send asks for a page."""
        self.assert_page(
            b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
        )

    def test_nothing(self) -> None:
        """Those who say nothing, or take anything, do not prefer a page."""
        self.assert_no_page()
        self.assert_no_page(b"")
        self.assert_no_page(b"*/*")
        self.assert_no_page(b"text/html, application/json")

    def test_weights(self) -> None:
        """The higher weight wins, whatever comes first and however it is written."""
        self.assert_page(b"application/json;q=0.4, TEXT/HTML ; level=1 ; Q=0.5")
        self.assert_no_page(b"text/html;q=0.5, application/json;q=0.51")

    def test_several_headers(self) -> None:
        """A header that comes twice is one list."""
        self.assert_page(b"application/json;q=0.5", b"text/html")

    def test_ranges(self) -> None:
        """The narrowest range that a type is in counts for it."""
        self.assert_page(b"text/*, application/json;q=0.9")
        self.assert_page(b"text/html, */*")
        self.assert_page(b"*/*;q=0.1, text/*;q=0.2")
        self.assert_no_page(b"*/*, text/html;q=0")

    def test_malformed(self) -> None:
        """A weight that is none makes its type unwanted, and breaks nothing."""
        for weight in (b"2", b"-1", b"nan", b"1.0000", b"", b"0,5"):
            self.assert_no_page(b"application/json;q=0.1, text/html;q=" + weight)
        self.assert_page(b";;,, =;q, text/html")
