"""Packaging of the inference gateway: the package, and its ``twistd`` plugin beside it."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def read_version() -> str:
    """Return ``__version__`` from the package's source, which cannot be imported yet."""
    source = (HERE / "inference_gateway" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if found is None:
        raise ValueError("inference_gateway/__init__.py has no __version__")
    return found.group(1)


setup(
    name="inference-gateway",
    version=read_version(),
    description="An event-driven, OpenAI-compatible gateway for language-model inference",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Environment :: No Input/Output (Daemon)",
        "Framework :: Twisted",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: Internet :: Proxy Servers",
        "Topic :: Internet :: WWW/HTTP :: HTTP Servers",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    # find_packages does not see twisted.plugins: neither directory may have an __init__.py, or it
    # would hide Twisted itself.
    packages=[
        *find_packages(include=["inference_gateway", "inference_gateway.*"]),
        "twisted.plugins",
    ],
    package_data={"inference_gateway": ["py.typed"], "inference_gateway.api": ["openapi.yaml"]},
    # The plugin cache and the type marker are looked for as plain files.
    zip_safe=False,
    install_requires=[
        "attrs>=25.1",
        "automat>=24.8",
        "cattrs>=24.1",
        "httptools>=0.9",
        "hyperlink>=21.0",
        "klein>=24.8",
        "orjson>=3.10",
        "prometheus-client>=0.21",
        "PyYAML>=6.0.2",
        "treq>=26.7",
        "twisted[tls]>=26.10",
        "zope.interface>=7.0",
    ],
    extras_require={
        "test": [
            "coverage>=7.10",
            "hypothesis>=6.120",
            "openai>=2.0",
        ],
    },
)
