"""Azure's dialect is OpenAI's, but for addresses, the key, and what a filter adds."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.dialects.azure import DEFAULT_API_VERSION, AzureOpenAI
from inference_gateway.errors import ModelNotFound
from inference_gateway.provider_errors import ProviderAuthFailed, ProviderRejected
from inference_gateway.wire.inspect import Kind, StreamInspector
from inference_gateway.wire.operations import CHAT, OPERATIONS
from inference_gateway.wire.sse import SSEParser
from tests.dialects.requests import asked

SAFE = b'{"hate":{"filtered":false,"severity":"safe"}}'
#: What comes first in a stream.
PROMPT = (
    b'{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":'
    b'[{"prompt_index":0,"content_filter_results":%b}]%%b}' % SAFE
)
#: What an asynchronous filter says of text that was sent before.
ANNOTATION = (
    b'{"id":"","object":"","created":0,"model":"","choices":[{"index":0,"finish_reason":%%b,'
    b'"content_filter_results":%b,"content_filter_offsets":{"check_offset":44}}],"usage":null}'
    % SAFE
)
TEXT = b'{"model":"gpt-4o","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}'
STOP = b'{"model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
REFUSAL = (
    b'{"error":{"message":"The response was filtered, see https://go.microsoft.com/x","type":null,'
    b'"param":"prompt","code":"content_filter","status":400,"innererror":{"code":'
    b'"ResponsibleAIPolicyViolation","content_filter_result":%b}}}' % SAFE
)


class AddressTests(SynchronousTestCase):
    """Where requests go, and with what credential."""

    def test_deployment(self) -> None:
        """A model is a deployment, named in the path."""
        dialect = AzureOpenAI("2099-01-01")
        for name, path in (
            ("chat", b"/chat/completions"),
            ("completions", b"/completions"),
            ("embeddings", b"/embeddings"),
            ("speech", b"/audio/speech"),
            ("transcriptions", b"/audio/transcriptions"),
            ("translations", b"/audio/translations"),
            ("images", b"/images/generations"),
            ("image_edits", b"/images/edits"),
        ):
            self.assertIn(name, dialect.endpoints)
            self.assertEqual(
                dialect.target(b"/proxy/openai", OPERATIONS[name], "d"),
                b"/proxy/openai/deployments/d%b?api-version=2099-01-01" % path,
            )

    def test_name(self) -> None:
        """A name stays one segment of the path, whatever is in it."""
        for model, segment in (
            ("gpt-4.1_a~", b"gpt-4.1_a~"),
            ("a/b", b"a%2Fb"),
            ("../x?y#z", b"..%2Fx%3Fy%23z"),
            ("a b%\r\n", b"a%20b%25%0D%0A"),
            ("é", b"%C3%A9"),
        ):
            self.assertEqual(
                AzureOpenAI().target(b"/openai", CHAT, model),
                b"/openai/deployments/%b/chat/completions?api-version=2024-10-21" % segment,
            )

    def test_dots(self) -> None:
        """A name that would lead elsewhere is that of no model."""
        for model in (".", ".."):
            request = asked(b'{"model":"%b"}' % model.encode())
            for stream in (False, True):
                with self.assertRaises(ModelNotFound):
                    AzureOpenAI().encode(request, model, stream=stream, ask_usage=True)

    def test_responses(self) -> None:
        """Responses are no part of the versions."""
        target = AzureOpenAI().target(b"/openai", OPERATIONS["responses"], "d")
        self.assertEqual(target, b"/openai/v1/responses")

    def test_listing(self) -> None:
        """The models are listed beside the deployments, by the version there is by default."""
        self.assertEqual(DEFAULT_API_VERSION, "2024-10-21")
        self.assertEqual(
            AzureOpenAI().listing(b"/openai"), b"/openai/models?api-version=2024-10-21"
        )

    def test_credential(self) -> None:
        """The key has a header of its own."""
        self.assertEqual(AzureOpenAI().credential("k"), ("api-key", "k"))


class RequestTests(SynchronousTestCase):
    """What is sent."""

    def test_body(self) -> None:
        """It is OpenAI's, asks for the deployment, and is the client's otherwise."""
        request = asked(b'{"model" : "m", "data_sources":[{"type":"azure_search"}]}')
        sent = AzureOpenAI().encode(request, "d", stream=False, ask_usage=True)
        self.assertEqual(sent, request.body.replace(b'"m"', b'"d"'))


class ErrorTests(SynchronousTestCase):
    """What its error bodies become."""

    def test_filtered(self) -> None:
        """A prompt that the filter refuses is blamed on the request."""
        error = AzureOpenAI().error(400, REFUSAL, None)
        self.assertIsInstance(error, ProviderRejected)
        self.assertEqual(
            (error.status, error.type, error.code, error.param),
            (400, "invalid_request_error", "content_filter", "prompt"),
        )
        self.assertEqual(error.message, "The response was filtered, see [address]")
        self.assertFalse(error.may_fail_over)

    def test_unknown_deployment(self) -> None:
        """What is not deployed here may be served elsewhere."""
        body = b'{"error":{"code":"DeploymentNotFound","message":"does not exist"}}'
        error = AzureOpenAI().error(404, body, None)
        self.assertEqual((error.status, error.message), (404, "does not exist"))
        self.assertTrue(error.may_fail_over)

    def test_credential(self) -> None:
        """A refused key is never the client's."""
        body = b'{"statusCode":401,"message":"Unauthorized. Access token is missing"}'
        self.assertIsInstance(AzureOpenAI().error(401, body, None), ProviderAuthFailed)


class StreamTests(SynchronousTestCase):
    """What its streams say, the filter's words among them."""

    def kinds(self, *data: bytes) -> list[Kind]:
        """Return what events are, and keep what they said."""
        self.inspector = StreamInspector()
        events = SSEParser().feed(b"".join(b"data: %b\n\n" % line for line in data))
        return [self.inspector.inspect(event) for event in events]

    def test_prompt(self) -> None:
        """What the filter says of the prompt is neither content nor usage nor malformed."""
        for usage in (b"", b',"usage":null'):
            self.assertEqual(
                self.kinds(PROMPT % usage, TEXT, STOP), [Kind.EMPTY, Kind.CONTENT, Kind.FINISH]
            )
            self.assertEqual((self.inspector.usage, self.inspector.model), (None, "gpt-4o"))
            self.assertTrue(self.inspector.complete)

    def test_annotations(self) -> None:
        """What an asynchronous filter says of text is no content, and opens no choice again."""
        said = ANNOTATION % b"null"
        self.assertEqual(
            self.kinds(TEXT, said, STOP, said), [Kind.CONTENT, Kind.EMPTY, Kind.FINISH, Kind.EMPTY]
        )
        self.assertTrue(self.inspector.complete)

    def test_filtered_text(self) -> None:
        """A filter that cuts an answer short is the end of it."""
        self.assertEqual(
            self.kinds(TEXT, ANNOTATION % b'"content_filter"'), [Kind.CONTENT, Kind.FINISH]
        )
        self.assertEqual(self.inspector.finish_reason, "content_filter")
        self.assertTrue(self.inspector.complete)
