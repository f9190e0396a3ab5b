"""What the echo provider's answers have in common."""

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderRejected
from inference_gateway.upstream.echo_words import (
    MOST_CHARACTERS,
    MOST_CHOICES,
    TOKEN,
    check_size,
    count_tokens,
    echo_of,
    frame,
    text_of,
)


class WordsTests(SynchronousTestCase):
    """Texts, tokens and frames."""

    def test_echo(self) -> None:
        """What is said repeats the text, and is cut after so many tokens."""
        for most, expected in (
            (None, ("Echo: one two", "stop")),
            (3, ("Echo: one two", "stop")),
            (2, ("Echo: one", "length")),
            (1, ("Echo:", "length")),
            (0, ("", "length")),
        ):
            self.assertEqual(echo_of("one two", most), expected)

    @given(st.text(), st.integers(0, 5))
    def test_most(self, text: str, most: int) -> None:
        """Nothing has more tokens than it may, and what is cut is a beginning."""
        said, reason = echo_of(text, most)
        self.assertLessEqual(count_tokens(said), most)
        self.assertTrue(f"Echo: {text}".startswith(said))
        self.assertEqual(reason == "stop", said == f"Echo: {text}")

    def test_count(self) -> None:
        """Tokens are what stands between blanks; nothing has none."""
        self.assertEqual([count_tokens(text) for text in ("", "a", "a b")], [0, 1, 2])

    def test_text_of(self) -> None:
        """Token ids are told as numbers, texts as they are."""
        self.assertEqual([text_of("a b"), text_of([1, 22])], ["a b", "1 22"])

    @given(st.text())
    def test_tokens(self, text: str) -> None:
        """The tokens of a text are all of it."""
        self.assertEqual("".join(found[0] for found in TOKEN.finditer(text)), text)

    def test_frame(self) -> None:
        """Any string fits into the first place that was empty."""
        before, after = frame(b'{"id":"\\"text\\":\\"\\"","text":"","text2":""}', b'"text":""')
        self.assertEqual(
            json.loads(before + b'"new"' + after), {"id": '"text":""', "text": "new", "text2": ""}
        )

    def test_size(self) -> None:
        """What is too much is refused as the request's fault, and what is not is not."""
        check_size(MOST_CHOICES, MOST_CHARACTERS)
        for choices, characters in ((MOST_CHOICES + 1, 0), (1, MOST_CHARACTERS + 1)):
            error = self.assertRaises(ProviderRejected, check_size, choices, characters)
            self.assertEqual(error.status, 400)
