"""An event-driven, OpenAI-compatible gateway for language-model inference."""

__version__ = "0.1.0"
