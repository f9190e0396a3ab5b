"""Installs the ``openai`` package for Node in a directory of its own, and runs the calls there."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

#: Made absolute now, because trial changes the directory before it runs the tests.
_SOURCE = Path(__file__).absolute().with_name("node")
#: Seconds that an installation and a run may take.
_PATIENCE = 120


def _refuse(reason: str) -> Exception:
    """Return what to raise where Node cannot be had: in continuous integration it has to be."""
    reason = f"the openai package for Node is not tested: {reason}"
    return AssertionError(reason) if os.environ.get("CI") else SkipTest(reason)


@functools.cache
def _problem_or_directory() -> Exception | Path:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return _refuse(f"{program} is not installed")
    directory = Path(tempfile.mkdtemp(prefix="openai-node-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    shutil.copytree(_SOURCE, directory, dirs_exist_ok=True)
    installed = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if installed.returncode:
        said = installed.stderr.split("\n", 1)[0]
        return _refuse(f"npm could not install it ({said})")
    return directory


def run(call: str, environment: Mapping[str, str]) -> Any:
    """Make the calls of that name and return what the package saw.

    Where Node is missing the test is skipped; under continuous integration, that is with ``CI`` in
    the environment, it fails.
    """
    directory = _problem_or_directory()
    if isinstance(directory, Exception):
        raise directory
    done = subprocess.run(
        ["node", "calls.mjs", call],
        cwd=directory,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)
