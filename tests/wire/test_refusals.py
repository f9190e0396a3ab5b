"""What refusals are about, in the words of the servers that send them."""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.dialects.anthropic import Anthropic
from inference_gateway.dialects.llamacpp import LlamaCpp
from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
)
from inference_gateway.wire.error_body import ProviderMessage
from inference_gateway.wire.refusals import Subject, subject_of


def body(message: str, code: object = None, kind: str | None = None) -> bytes:
    """Return OpenAI's object."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


#: Who says it, with what status and in what words.
TOO_LONG: list[tuple[str, int, bytes]] = [
    (
        "OpenAI",
        400,
        body(
            "This model's maximum context length is 4097 tokens. However, your messages resulted in"
            " 4301 tokens. Please reduce the length of the messages.",
            "context_length_exceeded",
        ),
    ),
    ("OpenAI, Responses", 400, body("Your input exceeds the context window of this model.")),
    (
        "Azure",
        400,
        body("This model's maximum context length is 16385 tokens.", "context_length_exceeded"),
    ),
    (
        "vLLM",
        400,
        orjson.dumps(
            {
                "object": "error",
                "message": "This model's maximum context length is 131072 tokens. However, you"
                " requested 351430 tokens.",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            }
        ),
    ),
    (
        "vLLM, engine",
        400,
        body("The decoder prompt (length 2136) is longer than the maximum model length of 2048."),
    ),
    (
        "Xinference",
        500,
        b'{"detail":"[pid=1] The decoder prompt (length 66501) is longer than the maximum model'
        b' length of 65536."}',
    ),
    (
        "SGLang",
        400,
        b'{"object":"error","message":"The input (61709 tokens) is longer than the model\'s context'
        b' length (40960 tokens).","type":"BadRequestError","param":null,"code":400}',
    ),
    (
        "SGLang, with its output",
        400,
        body("Requested token count exceeds the model's maximum context length of 4096 tokens."),
    ),
    (
        "llama.cpp",
        400,
        body(
            "request (4390 tokens) exceeds the available context size (4096 tokens), try"
            " increasing it",
            400,
            "exceed_context_size_error",
        ),
    ),
    ("llama.cpp, older", 500, body("the request is too large", 500, "exceed_context_size_error")),
    ("llama.cpp, full", 500, body("Context size has been exceeded.", 500, "server_error")),
    (
        "llama.cpp, embeddings",
        500,
        body(
            "input (900 tokens) is too large to process. increase the physical batch size",
            500,
            "server_error",
        ),
    ),
    ("llama-cpp-python", 400, body("Requested tokens (2285) exceed context window of 2048")),
    (
        "Anthropic",
        400,
        b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long:'
        b' 208310 tokens > 200000 maximum"},"request_id":"r"}',
    ),
    (
        "Anthropic, with its output",
        400,
        b'{"type":"error","error":{"type":"invalid_request_error","message":"input length and'
        b' `max_tokens` exceed context limit: 178959 + 64000 > 200000"}}',
    ),
    ("Anthropic, bytes", 413, body("Request exceeds the maximum size", kind="request_too_large")),
    (
        "Groq, a limit of the account",
        413,
        body(
            "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 9",
            "rate_limit_exceeded",
            "tokens",
        ),
    ),
    (
        "GitHub Models",
        413,
        body("Request body too large for gpt-4.1 model. Max size: 8000 tokens.", "x"),
    ),
    ("GitHub Models", 400, body("too large", "tokens_limit_reached")),
    ("Copilot", 400, body("prompt token count of 9000 exceeds the limit of 8000")),
    ("Cerebras, a proxy", 413, b""),
    (
        "Gemini",
        400,
        body("The input token count (1196265) exceeds the maximum number of tokens allowed (9)."),
    ),
    ("xAI", 400, body("This model's maximum prompt length is 131072 but the request contains 9")),
    ("Mistral", 400, body("Prompt contains 9 tokens, too large for model with 8 maximum context")),
    ("Kimi", 400, body("Your request exceeded model token limit: 262144 (requested: 291351)")),
    ("Cohere", 400, b'{"message":"too many tokens: the prompt cannot exceed 4081"}'),
    ("MiniMax", 400, body("invalid params, context window exceeds limit")),
    ("Bedrock", 400, b'{"message":"Input is too long for requested model."}'),
    ("Alibaba", 400, body("Range of input length should be [1, 30720]", "invalid_parameter_error")),
    (
        "Alibaba, newer",
        400,
        body("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 9]"),
    ),
    (
        "Gemini, for clients of OpenAI",
        400,
        b'[{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number'
        b' of tokens allowed (8).","status":"INVALID_ARGUMENT"}}]',
    ),
    (
        "OpenRouter",
        400,
        b'{"error":{"message":"Provider returned error","code":400,"metadata":{"provider_name":"A",'
        b'"raw":"{\\"type\\":\\"error\\",\\"error\\":{\\"type\\":\\"invalid_request_error\\",'
        b'\\"message\\":\\"prompt is too long: 9 tokens > 8 maximum\\"}}"}},"user_id":"u"}',
    ),
    (
        "LM Studio",
        400,
        b'{"error":"The number of tokens to keep from the initial prompt is greater than the'
        b' context length."}',
    ),
    (
        "LM Studio, newer",
        400,
        b'{"error":{"message":"Input does not fit in context length. The input has 9 tokens."},'
        b'"message":"Input does not fit in context length. The input has 9 tokens."}',
    ),
    (
        "text-generation-inference",
        422,
        b'{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048.'
        b' Given: 3474 `inputs` tokens and 60 `max_new_tokens`","error_type":"validation"}',
    ),
    (
        "text-embeddings-inference",
        413,
        b'{"error":"`inputs` must have less than 512 tokens. Given: 600","error_type":"T"}',
    ),
]
FILTERED: list[tuple[str, int, bytes]] = [
    (
        "Azure",
        400,
        body(
            "The response was filtered due to the prompt triggering Azure OpenAI's content"
            " management policy.",
            "content_filter",
        ),
    ),
    ("a gateway before Azure", 400, body("... Azure OpenAI's content management policy.", "400")),
    ("Azure, images", 400, body("no", "contentFilter")),
    ("OpenAI, images", 400, body("no", "content_policy_violation")),
    ("OpenAI, newer images", 400, body("no", "moderation_blocked")),
    ("OpenAI, images as responses", 400, body("no", "image_content_policy_violation")),
    ("a proxy that has only types", 400, body("no", kind="content_filter")),
    (
        "OpenAI, reasoning",
        400,
        body("Your prompt was flagged as potentially violating our usage policy", "invalid_prompt"),
    ),
    (
        "Anthropic",
        400,
        b'{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by'
        b' content filtering policy"}}',
    ),
    ("DeepSeek", 400, b'{"detail":"Content Exists Risk"}'),
    ("DeepSeek, newer", 400, body("Content Exists Risk", "invalid_request_error")),
    ("Alibaba", 400, body("Input data may be inappropriate", "data_inspection_failed")),
    ("Alibaba, its own API", 400, b'{"code":"DataInspectionFailed","message":"no"}'),
    ("Alibaba, in words", 400, body("Input text data may contain inappropriate content.")),
    (
        "OpenRouter",
        403,
        body('m requires moderation on p. Your input was flagged for "violence"', 403),
    ),
]
CREDENTIAL: list[tuple[str, int, bytes]] = [
    ("anybody", 401, b""),
    ("DeepSeek", 402, body("Insufficient Balance")),
    ("Anthropic", 403, body("no", kind="permission_error")),
    ("OpenAI", 429, body("You exceeded your current quota", "insufficient_quota")),
    (
        "OpenAI, images",
        400,
        body("Billing hard limit has been reached", "billing_hard_limit_reached"),
    ),
    (
        "Anthropic",
        400,
        b'{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is'
        b' too low to access the Anthropic API."}}',
    ),
    (
        "xAI",
        400,
        b'{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa"}',
    ),
    ("Gemini", 400, body("API key not valid. Please pass a valid API key.", 400, "x")),
]


class RefusalTests(SynchronousTestCase):
    """What is made of what servers say."""

    def error(self, status: int, said: bytes) -> ProviderError:
        """Return what every dialect makes of an answer."""
        error, *others = [
            dialect.error(status, said, None)
            for dialect in (OpenAICompatible(), LlamaCpp(), Anthropic())
        ]
        for other in others:
            self.assertEqual((type(other), other.message), (type(error), error.message))
        return error

    def test_too_long(self) -> None:
        """A prompt that is too long is the client's, and a model with more context may help."""
        for who, status, said in TOO_LONG:
            error = self.error(status, said)
            self.assertIsInstance(error, ProviderRejected, who)
            self.assertEqual(
                (error.fallback_cause, error.status, error.code, error.is_outage),
                (
                    "context_length",
                    400 if status == 500 else status,
                    "provider_invalid_request",
                    False,
                ),
                who,
            )

    def test_filtered(self) -> None:
        """A prompt that a filter refuses has a code of its own, and another model may take it."""
        for who, status, said in FILTERED:
            error = self.error(status, said)
            self.assertIsInstance(error, ProviderRejected, who)
            self.assertEqual(
                (error.fallback_cause, error.status, error.code),
                ("content_filter", 400, "content_filter"),
                who,
            )

    def test_credential(self) -> None:
        """Trouble with our credential or our account is not the client's, nor told to it."""
        for who, status, said in CREDENTIAL:
            error = self.error(status, said)
            self.assertIsInstance(error, ProviderAuthFailed, who)
            self.assertEqual(
                error.message, "the provider did not accept the gateway's credential", who
            )

    def test_no_access(self) -> None:
        """A model that a credential may not use says nothing against the credential."""
        said = body("Project `proj_1` does not have access to model `m`", "model_not_found")
        error = self.error(403, said)
        self.assertIsInstance(error, ProviderRejected)
        self.assertEqual((error.status, error.may_fail_over), (404, True))
        self.assertNotIn("proj_1", error.message)

    def test_limit_of_account(self) -> None:
        """A request too large for one account may be small enough for another provider's."""
        limited = body("Request too large for model", "rate_limit_exceeded", "tokens")
        self.assertTrue(self.error(413, limited).may_fail_over)
        self.assertFalse(self.error(413, body("too large")).may_fail_over)

    def test_other(self) -> None:
        """What is about nothing of all this has no cause, and other statuses stay what they are."""
        error = self.error(400, body("unknown field max_token", "unknown_parameter"))
        self.assertIsNone(error.fallback_cause)
        self.assertEqual(error.code, "provider_invalid_request")
        self.assertIsInstance(
            self.error(429, body("maximum context length is")), ProviderRateLimited
        )
        for status in (405, 500, 503):
            self.assertNotIsInstance(self.error(status, body("no")), ProviderRejected)
        self.assertEqual(self.error(404, body("no model m")).fallback_cause, "error")

    def test_quoted(self) -> None:
        """A client cannot have our credential blamed by having its own words quoted."""
        said = "Invalid value: 'Incorrect API key provided'. Supported values are: 'auto'"
        self.assertIs(subject_of(ProviderMessage(said)), Subject.OTHER)
