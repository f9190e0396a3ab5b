"""Which dialect a provider's ``type`` means."""

from collections.abc import Mapping
from types import MappingProxyType

from inference_gateway.dialects.llamacpp import LlamaCpp
from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.interfaces import IDialect

#: By the ``type`` in the configuration; ``echo`` is not among them, because it speaks to nobody.
DIALECTS: Mapping[str, IDialect] = MappingProxyType(
    {"openai": OpenAICompatible(), "llamacpp": LlamaCpp()}
)
