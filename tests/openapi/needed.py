"""Packages that only this environment has."""

import importlib
import importlib.util
import os
from typing import Any

from twisted.trial.unittest import SkipTest


def need(*names: str) -> None:
    """Skip the test where one of these packages is missing; with ``CI`` in the environment, fail.

    Those who run all tests in an environment of their own need not have them.
    """
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        reason = f"the description is not tested: {missing[0]} is not installed"
        raise AssertionError(reason) if os.environ.get("CI") else SkipTest(reason)


def needed(name: str) -> Any:
    """Import one of them; not an import that type checkers follow, for they do not have it."""
    need(name)
    return importlib.import_module(name)
