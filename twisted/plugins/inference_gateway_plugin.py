"""Tells ``twistd`` about the ``inference-gateway`` command.

Every start of ``twistd`` imports this module, so it names the code of the command and imports none
of it.
"""

from twisted.application.service import ServiceMaker

inference_gateway = ServiceMaker(
    "Inference Gateway",
    "inference_gateway.tap",
    "An OpenAI-compatible gateway in front of language-model servers.",
    "inference-gateway",
)
