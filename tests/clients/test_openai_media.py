"""The ``openai`` package on the routes for sound and images."""

from openai.types.audio import TranscriptionTextDeltaEvent
from twisted.trial import util

from tests.acceptance.gateway import PROMPT
from tests.clients.media_answers import HEARD, IMAGE, SOUND
from tests.clients.openai_client import OpenAITestCase

FILE = ("sound 你好.wav", SOUND, "audio/wav")
PICTURE = ("image 你好.png", SOUND, "image/png")
#: The package advises against some of its calls, which clients make all the same.
ADVICE = util.suppress(category=DeprecationWarning, message="deprecated")


class SpeechTests(OpenAITestCase):
    """Text to sound."""

    def test_begins_at_once(self) -> None:
        """The first of the sound is here before the provider has made the last."""
        with self.client.audio.speech.with_streaming_response.create(
            model="tts-any",
            input=PROMPT,
            voice="alloy",
            instructions="Whisper.",
        ) as response:
            pieces = response.iter_bytes()
            heard = b""
            while len(heard) < len(SOUND) // 2:
                heard += next(pieces)
            self.assertEqual(heard, SOUND[: len(SOUND) // 2])
            self.upstream.release()
            self.assertEqual(heard + b"".join(pieces), SOUND)
        self.assertEqual(response.headers["content-type"], "audio/mpeg")
        self.assertForwarded()

    def test_whole(self) -> None:
        """A client that waits for all of it gets all of it."""
        self.upstream.release()
        answer = self.client.audio.speech.create(model="tts-any", input=PROMPT, voice="alloy")
        self.assertEqual(answer.content, SOUND)


class TranscriptionTests(OpenAITestCase):
    """Sound to text."""

    def test_plain(self) -> None:
        """A recording arrives as it was sent, with all that is said about it."""
        answer = self.client.audio.transcriptions.create(
            model="whisper-any",
            file=FILE,
            language="zh",
            prompt=PROMPT,
            temperature=0.5,
            timestamp_granularities=["word", "segment"],
        )
        self.assertEqual(answer.text, HEARD)
        self.assertForwarded()

    def test_text(self) -> None:
        """An answer may be no JSON."""
        answer = self.client.audio.transcriptions.create(
            model="whisper-any", file=FILE, response_format="text"
        )
        self.assertEqual(answer, HEARD)

    def test_stream(self) -> None:
        """Events arrive as the provider sends them."""
        with self.client.audio.transcriptions.create(
            model="whisper-any", file=FILE, stream=True
        ) as stream:
            *deltas, done = stream
        said = [event.delta for event in deltas if isinstance(event, TranscriptionTextDeltaEvent)]
        self.assertEqual(("".join(said), done.type), (HEARD, "transcript.text.done"))
        self.assertForwarded()

    def test_renamed(self) -> None:
        """A model of another name there differs by that name, and by nothing else."""
        self.client.audio.transcriptions.create(model="maker/ear", file=FILE)
        (sent,) = self.sent
        self.assertEqual(
            self.exchange().content,
            sent.replace(b"\r\n\r\nmaker/ear\r\n", b"\r\n\r\nwhisper-large-2\r\n"),
        )


class TranslationTests(OpenAITestCase):
    """Sound to English text."""

    suppress = (ADVICE,)

    def test_plain(self) -> None:
        """A recording arrives as it was sent, with all that is said about it."""
        answer = self.client.audio.translations.create(
            model="whisper-any", file=FILE, prompt=PROMPT, temperature=0.5
        )
        self.assertEqual(answer.text, HEARD)
        self.assertForwarded()

    def test_text(self) -> None:
        """An answer may be no JSON."""
        answer = self.client.audio.translations.create(
            model="whisper-any", file=FILE, response_format="text"
        )
        self.assertEqual(answer, HEARD)


class ImageTests(OpenAITestCase):
    """Text to image."""

    def test_plain(self) -> None:
        """An image arrives with its usage."""
        answer = self.client.images.generate(
            model="gpt-image", prompt=PROMPT, n=1, size="1024x1024", quality="low"
        )
        assert answer.data is not None
        assert answer.usage is not None
        self.assertEqual([image.b64_json for image in answer.data], [IMAGE])
        self.assertEqual(answer.usage.total_tokens, 14)
        self.assertForwarded()

    def test_stream(self) -> None:
        """Images that are not yet complete arrive before the complete one."""
        with self.client.images.generate(
            model="gpt-image", prompt=PROMPT, stream=True, partial_images=1
        ) as stream:
            events = list(stream)
        self.assertEqual(
            [event.type for event in events],
            ["image_generation.partial_image", "image_generation.completed"],
        )
        self.assertEqual({event.b64_json for event in events}, {IMAGE})
        self.assertForwarded()


class EditTests(OpenAITestCase):
    """Image to image, by what a text says."""

    def test_edit(self) -> None:
        """Several images arrive with their mask, and what becomes of them with its usage."""
        answer = self.client.images.edit(
            model="gpt-image", image=[PICTURE, PICTURE], mask=PICTURE, prompt=PROMPT, n=1
        )
        assert answer.data is not None
        assert answer.usage is not None
        self.assertEqual([image.b64_json for image in answer.data], [IMAGE])
        self.assertEqual(answer.usage.total_tokens, 14)
        self.assertIn(b'name="image[]"', self.exchange().content)
        self.assertForwarded()

    def test_edit_stream(self) -> None:
        """One image is enough, and images that are not yet complete arrive before the last."""
        with self.client.images.edit(
            model="gpt-image", image=PICTURE, prompt=PROMPT, stream=True, partial_images=1
        ) as stream:
            events = list(stream)
        self.assertEqual(
            [event.type for event in events], ["image_edit.partial_image", "image_edit.completed"]
        )
        self.assertEqual({event.b64_json for event in events}, {IMAGE})
        self.assertForwarded()


class VariationTests(OpenAITestCase):
    """Image to image."""

    suppress = (ADVICE,)

    def test_plain(self) -> None:
        """An image arrives, and so does another one like it."""
        answer = self.client.images.create_variation(
            model="gpt-image", image=PICTURE, n=1, response_format="b64_json"
        )
        assert answer.data is not None
        self.assertEqual([image.b64_json for image in answer.data], [IMAGE])
        self.assertForwarded()
