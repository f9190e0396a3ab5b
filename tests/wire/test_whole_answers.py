"""Tests of `inference_gateway.wire.whole_answers`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderError, ProviderInvalidAnswer
from inference_gateway.wire.inspect import AnswerFacts
from inference_gateway.wire.whole_answers import (
    inspect_bytes,
    inspect_data,
    inspect_document,
    inspect_transcription,
    rename_document,
)

EMBEDDINGS = (
    b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPw=="}],'
    b'"model":"e5","usage":{"prompt_tokens":8,"total_tokens":8}}'
)
IMAGES = (
    b'{"created":1713833628,"data":[{"b64_json":"iVBORw0KGgo="}],'
    b'"usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50}}'
)
MODERATION = b'{"id":"modr-1","model":"omni","results":[{"flagged":false}]}'
RERANK = (
    b'{"model":"bge","usage":{"total_tokens":56},"results":[{"index":0,"relevance_score":0.9}]}'
)
TOKENS = b'{"count":3,"max_model_len":4096,"tokens":[1,2,3]}'
#: Frames of an MP3 file, and samples that look a little like JSON.
AUDIO = (b"\xff\xf3\x84\xc4" * 8, b"{\x00\x01}", b"{")


class DocumentTests(SynchronousTestCase):
    """JSON answers are objects that tell of no error."""

    def test_facts(self) -> None:
        """Model and usage are read where they are told."""
        for inspect, body, usage, model in (
            (inspect_data, EMBEDDINGS, (8, 0), "e5"),
            (inspect_data, IMAGES, (50, 50), ""),
            (inspect_document, MODERATION, None, "omni"),
            (inspect_document, RERANK, (56, 0), "bge"),
            (inspect_document, TOKENS, None, ""),
            (inspect_document, b'{"prompt":"hi","model":5}', None, ""),
        ):
            self.assertEqual(inspect(body), AnswerFacts(usage, "", model, 0))

    def test_bad_usage(self) -> None:
        """Usage that is none is not read."""
        for usage in (b"5", b"{}", b'{"total_tokens":"5"}', b'{"total_tokens":-1}', b"[]"):
            self.assertIsNone(inspect_document(b'{"usage":%b}' % usage).usage)

    def test_no_answer(self) -> None:
        """What is no object, or tells of an error, is refused, and nothing of it is shown."""
        for body in (
            b"",
            b"secret",
            b"<html>secret</html>",
            b"[]",
            b"5",
            EMBEDDINGS[:-1],
            b'{"error":{"message":"secret"},"data":[]}',
            b'{"error":"secret","data":[]}',
            b'{"type":"error","message":"secret","data":[]}',
        ):
            for inspect in (inspect_data, inspect_document):
                error = self.assertRaises(ProviderInvalidAnswer, inspect, body)
                self.assertNotIn("secret", error.message)

    def test_no_data(self) -> None:
        """Embeddings and images are a list."""
        for body in (b"{}", b'{"data":{}}', b'{"data":null}', MODERATION):
            self.assertRaises(ProviderInvalidAnswer, inspect_data, body)

    def test_failed(self) -> None:
        """An answer that says that it failed is the provider's failure."""
        error = self.assertRaises(ProviderError, inspect_document, b'{"status":"failed"}')
        self.assertNotIsInstance(error, ProviderInvalidAnswer)


class TranscriptionTests(SynchronousTestCase):
    """A transcript is in whatever format was asked for."""

    def test_text(self) -> None:
        """Any text passes, and its characters are counted, whatever its encoding."""
        for body, characters in (
            ("Grüß Gott.\n".encode(), 11),
            (b"\n", 1),
            (b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n", 35),
            (b"1\n00:00:00,000 --> 00:00:01,000\nHi\n", 35),
            (b"{laughs} Hi", 11),
            (b"\xff\xfe", 2),
        ):
            self.assertEqual(inspect_transcription(body), AnswerFacts(None, "", "", characters))

    def test_json(self) -> None:
        """Of JSON the text is counted, and the usage read if it is one of tokens."""
        for body, facts in (
            (b'{"text":"Hi"}', AnswerFacts(None, "", "", 2)),
            (b' {"text":5}', AnswerFacts(None, "", "", 0)),
            (
                b'{"text":"Hi","usage":{"type":"tokens","input_tokens":14,"output_tokens":3}}',
                AnswerFacts((14, 3), "", "", 2),
            ),
            (
                b'{"task":"transcribe","text":"Hi","usage":{"type":"duration","seconds":9}}',
                AnswerFacts(None, "", "", 2),
            ),
        ):
            self.assertEqual(inspect_transcription(body), facts)

    def test_no_answer(self) -> None:
        """Nothing is no transcript, and an error is none."""
        for body in (b"", b'{"error":{"message":"busy"}}', b'\n{"error":"busy"}'):
            self.assertRaises(ProviderInvalidAnswer, inspect_transcription, body)


class BytesTests(SynchronousTestCase):
    """Audio is bytes."""

    def test_audio(self) -> None:
        """Any bytes pass, and say nothing."""
        for body in AUDIO:
            self.assertEqual(inspect_bytes(body), AnswerFacts(None, "", "", 0))

    def test_json(self) -> None:
        """Audio inside of JSON passes, too."""
        self.assertEqual(
            inspect_bytes(b'{"audio":"AAAA","model":"t"}'), AnswerFacts(None, "", "t", 0)
        )

    def test_no_answer(self) -> None:
        """Nothing is no audio, and an error is none."""
        for body in (b"", b'{"error":{"message":"busy"}}\n'):
            self.assertRaises(ProviderInvalidAnswer, inspect_bytes, body)


class RenameTests(SynchronousTestCase):
    """Answers that may be JSON under their public name."""

    def test_json(self) -> None:
        """An object gets the name in the place of the other."""
        self.assertEqual(
            rename_document(b'{"text":"Hi", "model":"own"}', "public"),
            b'{"text":"Hi", "model":"public"}',
        )

    def test_text(self) -> None:
        """Text and audio stay, whatever they are about."""
        for body in (b'He said "model".', b'"model": {', b'{"model"', b"\xff\xf3"):
            self.assertEqual(rename_document(body, "public"), body)
