"""What the answers of the echo provider have in common: tokens, frames, and how much it says."""

import re
from typing import Any

from inference_gateway.provider_errors import ProviderRejected

#: What one event of a stream says: a word or a punctuation mark, with the blanks before it. Long
#: runs are cut at sixteen characters, so that no text makes an event of unusual size.
TOKEN = re.compile(r"\s{0,16}(?:\w{1,16}|[^\w\s])|\s{1,16}")

#: The bytes before and after the JSON string that is the content.
Frame = tuple[bytes, bytes]

MOST_CHOICES = 2048
#: In all choices together; what is longer as a whole answer, the gateway does not take.
MOST_CHARACTERS = 32 * 1024 * 1024


def echo_of(text: str, most: int | None) -> tuple[str, str]:
    """Return what is said to ``text`` in at most ``most`` tokens, and why it ends there."""
    said = f"Echo: {text}"
    if most is None:
        return said, "stop"
    words = said.split(" ", most)
    if len(words) <= most:
        return said, "stop"
    return said[: max(0, len(said) - len(words[most]) - 1)], "length"


def count_tokens(text: str) -> int:
    """Count the tokens of ``text``: a long text must not hold up the process, so by its blanks."""
    return text.count(" ") + 1 if text else 0


def text_of(prompt: Any) -> str:
    """Return a prompt as a text; token ids are the words of theirs."""
    return prompt if type(prompt) is str else " ".join(map(str, prompt))


def frame(encoded: bytes, empty: bytes) -> Frame:
    """Cut ``encoded`` where ``empty``, a member that is an empty string, has its value.

    No string in JSON contains such a member, because its quotes would be escaped.
    """
    before, found, after = encoded.partition(empty)
    return before + found[:-2], after


def check_size(choices: int, characters: int) -> None:
    """Refuse to say more than is good for the process; raises `ProviderRejected`."""
    if choices > MOST_CHOICES or characters > MOST_CHARACTERS:
        raise ProviderRejected(
            f"echo says at most {MOST_CHARACTERS} characters in at most {MOST_CHOICES} choices",
            status=400,
        )
