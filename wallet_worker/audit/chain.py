"""The integrity chain of a shard: each batch's MAC covers its digest and the MAC before it."""

import hmac
from collections.abc import Callable
from hashlib import sha256

from cardroom.ids import ShardId
from cardroom.service.settings import Secret

Link = Callable[[bytes | None, ShardId, int, bytes], bytes]


def chain_link(key: bytes, previous: bytes | None, shard: ShardId, number: int, digest: bytes) -> bytes:
    """Give a batch's MAC (HMAC-SHA256); ``previous`` is None for the first batch of a shard."""
    before = previous if previous is not None else bytes(sha256().digest_size)
    place = shard.to_bytes(4, "big", signed=True) + number.to_bytes(8, "big")
    return hmac.digest(key, before + place + digest, "sha256")


def chain_linker(key: Secret) -> Link:
    """Give ``chain_link`` under a key."""
    secret = key.value.encode()
    return lambda previous, shard, number, digest: chain_link(secret, previous, shard, number, digest)
