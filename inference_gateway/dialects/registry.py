"""Which dialect a provider speaks, by its ``type``."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.dialects.anthropic import Anthropic
from inference_gateway.dialects.azure import DEFAULT_API_VERSION, AzureOpenAI
from inference_gateway.dialects.llamacpp import LlamaCpp
from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.dialects.vllm import VLLM
from inference_gateway.interfaces import IDialect

#: ``echo`` is not among them, because it speaks to nobody.
_DIALECTS: Mapping[str, Callable[[ProviderSettings], IDialect]] = MappingProxyType(
    {
        "openai": lambda settings: OpenAICompatible(),
        "azure": lambda settings: AzureOpenAI(settings.api_version or DEFAULT_API_VERSION),
        "llamacpp": lambda settings: LlamaCpp(),
        "vllm": lambda settings: VLLM(),
        "anthropic": lambda settings: Anthropic(),
    }
)


def dialect_for(settings: ProviderSettings) -> IDialect:
    """Return a dialect for one provider.

    Raises `KeyError` for a type that is not reached over HTTP.
    """
    return _DIALECTS[settings.type](settings)
