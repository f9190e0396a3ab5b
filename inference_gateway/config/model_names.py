"""Names of models in the configuration, and what a ``*`` in them means."""

LONGEST = 256


def is_model_name(text: str) -> bool:
    """Tell whether the text can be the name of a model, or a pattern with one ``*``."""
    return 1 <= len(text) <= LONGEST and text.isprintable() and text.count("*") <= 1


def may_map(public: str, upstream: str) -> bool:
    """Tell whether a public name may stand for a provider's own name.

    A pattern maps to a pattern, whose ``*`` then takes the text that the public one covered, or to
    one plain name; a plain name cannot map to a pattern, as there is nothing to put in.
    """
    return "*" in public or "*" not in upstream


def matches(pattern: str, name: str) -> bool:
    """Tell whether a name, or a pattern whose ``*`` is any text, covers ``name``."""
    head, star, tail = pattern.partition("*")
    if not star:
        return pattern == name
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
