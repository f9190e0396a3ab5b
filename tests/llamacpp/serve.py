"""Serves the tests' model with llama.cpp: run by ``python -m``, as a process of its own.

Its argument is the file to make the model in. It writes its address to the standard output, one
line, and ends when its standard input does.
"""

import importlib
import sys
from pathlib import Path

from tests.llamacpp.model import CONTEXT, make

#: Requests that are answered at the same time.
SLOTS = 4


def serve(model: Path) -> None:
    """Make the model in that file and serve it on a port that the system chooses."""
    make(model)
    # not an import that type checkers follow: the package has no types, nor is it everywhere
    llama = importlib.import_module("xllamacpp")
    params = llama.CommonParams()
    params.model.path = str(model)
    params.model_alias = {"markov"}
    params.n_ctx = CONTEXT * SLOTS
    params.n_parallel = SLOTS
    params.cpuparams.n_threads = 1
    params.port = 0
    params.endpoint_slots = True
    params.ui = False
    # embeddings, too: of each token, and the mean of them for a text
    params.embedding = True
    params.pooling_type = llama.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = llama.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
