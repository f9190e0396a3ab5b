"""Rendezvous hashing: which providers a key belongs to, most of all first.

Every provider has a weight for every key, and the heaviest one has the key. So a provider that
leaves gives up its own keys and no others, one that joins takes its share of each, and all
processes agree without telling each other. Thaler and Ravishankar, 1998.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

from inference_gateway.routing.candidate import Candidate

_BITS = (1 << 64) - 1


def key_of(*texts: str) -> int:
    """Return a key for ``texts``, the same in every process; seldom that of others."""
    return crc32("\0".join(texts).encode("utf-8", "replace"))


def ranked(key: int, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return ``candidates`` by their weights for ``key``, the one that has it first."""
    return sorted(candidates, key=lambda each: _weight(key, each.entry.id), reverse=True)


def _weight(key: int, provider_id: str) -> int:
    # the finalizer of MurmurHash3: keys that differ in one bit must not be weighed alike
    mixed = key ^ _seed(provider_id)
    mixed = (mixed ^ mixed >> 33) * 0xFF51AFD7ED558CCD & _BITS
    mixed = (mixed ^ mixed >> 33) * 0xC4CEB9FE1A85EC53 & _BITS
    return mixed ^ mixed >> 33


@lru_cache(maxsize=1024)
def _seed(provider_id: str) -> int:
    digest = blake2b(provider_id.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
