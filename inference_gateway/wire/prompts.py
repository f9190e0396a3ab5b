"""Prompts without messages: a text, token ids, or several of either.

So say text completions and embeddings what a model is to read. Token ids come by the hundred
thousand: they are walked through one by one only where something is wrong with them.
"""

from typing import Any

from inference_gateway.wire.fields import Problems, add, kind_of

_TEXTS = frozenset((str,))
_IDS = frozenset((int,))
#: Items looked at one by one around one that is bad.
_WALKED = 1024


def check_prompts(
    value: object, path: str, problems: Problems, *, most: int | None, empty_text: bool
) -> None:
    """Check for a string or an array of at most ``most`` strings, token ids or arrays of those."""
    if type(value) is str:
        if not value and not empty_text:
            add(problems, path, "must not be empty")
    elif type(value) is not list:
        expected = "must be a string or an array of strings, of token ids or of arrays of those"
        add(problems, path, f"{expected}, got {kind_of(value)}")
    elif not value:
        add(problems, path, "must not be empty")
    elif most is not None and len(value) > most:
        add(problems, path, f"must have at most {most} items, got {len(value)}")
    elif type(value[0]) is str:
        _check_texts(value, path, problems, empty_text=empty_text)
    elif type(value[0]) is list:
        _check_lists(value, path, problems)
    elif type(value[0]) in (int, float):
        if not _are_ids(value):
            _report_others(value, path, problems)
    else:
        expected = "must be a string, a token id or an array of token ids"
        add(problems, f"{path}[0]", f"{expected}, got {kind_of(value[0])}")


def prompts_in(value: Any) -> list[Any]:
    """Return the prompts, strings or arrays of token ids, of which a good ``value`` consists."""
    return value if type(value) is list and type(value[0]) is not int else [value]


def _check_texts(texts: list[Any], path: str, problems: Problems, *, empty_text: bool) -> None:
    if set(map(type, texts)) == _TEXTS and (empty_text or "" not in texts):
        return
    for index, text in enumerate(texts):
        if type(text) is not str:
            expected = "must be a string like the first item"
            add(problems, f"{path}[{index}]", f"{expected}, got {kind_of(text)}")
        elif not text and not empty_text:
            add(problems, f"{path}[{index}]", "must not be empty")


def _check_lists(lists: list[Any], path: str, problems: Problems) -> None:
    for index, tokens in enumerate(lists):
        if type(tokens) is not list:
            expected = "must be an array of token ids like the first item"
            add(problems, f"{path}[{index}]", f"{expected}, got {kind_of(tokens)}")
        elif not tokens:
            add(problems, f"{path}[{index}]", "must not be empty")
        elif not _are_ids(tokens):
            _report_others(tokens, f"{path}[{index}]", problems)


def _are_ids(tokens: list[Any]) -> bool:
    return set(map(type, tokens)) == _IDS and min(tokens) >= 0


def _report_others(tokens: list[Any], path: str, problems: Problems) -> None:
    """Add a problem for each item that is no token id."""
    for start in range(0, len(tokens), _WALKED):
        walked = tokens[start : start + _WALKED]
        if _are_ids(walked):
            continue
        for index, token in enumerate(walked, start):
            if type(token) is not int or token < 0:
                got = "a negative one" if type(token) is int else kind_of(token)
                expected = "must be a token id, an integer of at least 0"
                add(problems, f"{path}[{index}]", f"{expected}, got {got}")
