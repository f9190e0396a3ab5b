"""What a provider that refuses a request finds wrong: its length, its content, or our credential.

Statuses do not tell, codes do where there are any, and else only the words. What is made of it is
the concern of `wire.told_errors`.
"""

import enum
import re

from inference_gateway.wire.error_body import ProviderMessage


class Subject(enum.Enum):
    """What a refusal is about."""

    CREDENTIAL = enum.auto()
    #: The model is not among those that the credential is good for.
    ACCESS = enum.auto()
    LENGTH = enum.auto()
    CONTENT = enum.auto()
    OTHER = enum.auto()


_CODES = {
    # a key that is wrong, or whose account is empty: OpenAI under 429 and for images 400
    "invalid_api_key": Subject.CREDENTIAL,
    "insufficient_quota": Subject.CREDENTIAL,
    "billing_hard_limit_reached": Subject.CREDENTIAL,
    "billing_not_active": Subject.CREDENTIAL,
    # OpenAI under 403
    "model_not_found": Subject.ACCESS,
    # OpenAI and most others; llama.cpp; GitHub and its Copilot; OpenRouter
    "context_length_exceeded": Subject.LENGTH,
    "exceed_context_size_error": Subject.LENGTH,
    "tokens_limit_reached": Subject.LENGTH,
    "model_max_prompt_tokens_exceeded": Subject.LENGTH,
    "token_limit_exceeded": Subject.LENGTH,
    # Azure's two names, OpenAI's three for images, Alibaba's two
    "content_filter": Subject.CONTENT,
    "contentFilter": Subject.CONTENT,
    "content_policy_violation": Subject.CONTENT,
    "moderation_blocked": Subject.CONTENT,
    "image_content_policy_violation": Subject.CONTENT,
    "data_inspection_failed": Subject.CONTENT,
    "DataInspectionFailed": Subject.CONTENT,
}

#: Only how a message begins counts, because what a client wrote may be quoted in it: nobody is to
#: put a credential out of use that way. xAI and Google; Anthropic.
_OF_CREDENTIAL = re.compile(
    r"incorrect api key provided|api key not valid|your credit balance is too low", re.IGNORECASE
)
_OF_LENGTH = re.compile(
    "|".join(
        (
            # vLLM, DeepSeek, OpenRouter, SGLang with its output; and with the prompt alone
            r"maximum context length (?:is|of)",
            r"longer than the model's context length",
            r"longer than the maximum model length",
            # OpenAI's Responses API, llama-cpp-python, MiniMax
            r"exceeds? (?:the )?context window",
            r"context window exceeds limit",
            # llama.cpp: a prompt, an answer, an embedding
            r"exceeds the available context size",
            r"context size has been exceeded",
            r"too large to process. increase the physical batch size",
            # Anthropic
            r"prompt is too long",
            r"exceed context limit",
            # Bedrock, Gemini, xAI, Mistral, Copilot, Kimi, Cohere
            r"input is too long for requested model",
            r"input token count.{1,40}exceeds the maximum",
            r"maximum prompt length is \d",
            r"too large for model with \d+ maximum context",
            r"prompt token count of \d+ exceeds",
            r"exceeded model token limit",
            r"too many tokens: ",
            # LM Studio, Alibaba
            r"greater than the context length",
            r"does not fit in context length",
            r"range of input length should be",
            # text-generation-inference, text-embeddings-inference
            r"`inputs` tokens \+ `max_new_tokens` must be",
            r"`inputs` must have less than \d+ tokens",
        )
    ),
    re.IGNORECASE,
)
_OF_CONTENT = re.compile(
    "|".join(
        (
            # Azure, DeepSeek, Alibaba
            r"content management policy",
            r"content exists risk",
            r"may contain inappropriate content",
            # Anthropic, OpenAI, OpenRouter
            r"blocked by content filtering policy",
            r"flagged as potentially violating",
            r"input was flagged",
        )
    ),
    re.IGNORECASE,
)


def subject_of(said: ProviderMessage) -> Subject:
    """Return what a refusal is about, by its code and, where that says nothing, its words."""
    subject = _CODES.get(said.code or "") or _CODES.get(said.type or "")
    if subject is not None:
        return subject
    if _OF_CREDENTIAL.match(said.message):
        return Subject.CREDENTIAL
    if _OF_LENGTH.search(said.message):
        return Subject.LENGTH
    return Subject.CONTENT if _OF_CONTENT.search(said.message) else Subject.OTHER
