"""Makes the tiny model that llama.cpp serves in the tests: a GGUF file of two megabytes.

It is a llama whose attention and feed-forward weights are zero and whose embeddings are one-hot, so
that its output layer is the table in `tests.llamacpp.vocabulary`. The same bytes are written each
time.
"""

from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from tests.llamacpp.vocabulary import (
    BYTES,
    HARDLY,
    NEVER,
    NUMBERS,
    SPECIAL,
    TAGS,
    TEMPLATE,
    VOCABULARY,
    following,
)

Matrix = NDArray[np.float32]

#: Tokens that a context holds.
CONTEXT = 8192

_WIDTH = 512
_HEADS = 16
_FEED_FORWARD = 32
_EPSILON = 1e-6


def _table() -> Matrix:
    """Return the output weights: one row for each next token, one column for each last one."""
    logits = np.zeros((len(VOCABULARY), _WIDTH), dtype=np.float32)
    logits[:] = HARDLY
    logits[: len(SPECIAL)] = NEVER
    for last, logits_of in following().items():
        for token, logit in logits_of.items():
            logits[NUMBERS[token], NUMBERS[last]] = logit
    # what comes in was normalised: instead of 1 it is this
    table: Matrix = logits / np.sqrt(np.float32(_WIDTH))
    return table


def _kind(token: str) -> gguf.TokenType:
    if token == "<unk>":
        return gguf.TokenType.UNKNOWN
    if token in SPECIAL:
        return gguf.TokenType.CONTROL
    if token in BYTES:
        return gguf.TokenType.BYTE
    return gguf.TokenType.USER_DEFINED if token in TAGS else gguf.TokenType.NORMAL


def make(path: Path) -> None:
    """Write the model to ``path``."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("markov")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(_EPSILON)
    _add_vocabulary(writer)
    head = _WIDTH // _HEADS
    for name, rows, columns in (
        ("attn_q", _WIDTH, _WIDTH),
        ("attn_k", head, _WIDTH),
        ("attn_v", head, _WIDTH),
        ("attn_output", _WIDTH, _WIDTH),
        ("ffn_gate", _FEED_FORWARD, _WIDTH),
        ("ffn_up", _FEED_FORWARD, _WIDTH),
        ("ffn_down", _WIDTH, _FEED_FORWARD),
    ):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((rows, columns), dtype=np.float16))
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(_WIDTH, dtype=np.float32))
    one_hot = np.eye(len(VOCABULARY), _WIDTH, dtype=np.float16)
    writer.add_tensor("token_embd.weight", one_hot)
    writer.add_tensor("output.weight", _table().astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer: gguf.GGUFWriter) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.replace(" ", "\u2581") for token in VOCABULARY])
    writer.add_token_scores([0.0] * len(VOCABULARY))
    writer.add_token_types([_kind(token) for token in VOCABULARY])
    writer.add_bos_token_id(NUMBERS["<s>"])
    writer.add_eos_token_id(NUMBERS["<|im_end|>"])
    writer.add_unk_token_id(NUMBERS["<unk>"])
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)
