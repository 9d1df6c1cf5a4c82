"""One batch as one line of JSON, the same in the file and in the Redis copy.

The batch's transfers stand last in it, byte by byte as they were sealed: whoever cuts them out can hash them.
See ``docs/audit.md`` for the format, which outsiders rely on.
"""

import re
from hashlib import sha256
from typing import Final

from attrs import frozen

from cardroom.ids import ShardId

VERSION: Final = 1
"""Stands first in each line; another number means another format."""

_LINE: Final = re.compile(
    rb'\{"v":1,"shard":(-1|0|[1-9][0-9]{0,9}),"batch":([1-9][0-9]{0,18}),"committed_unix_us":([0-9]{1,18}),'
    rb'"digest":"([0-9a-f]{64})","mac":"([0-9a-f]{64})","transfers":(\[[^\n]*\])\}'
)


class BadLine(Exception):
    """Bytes that are no line of this format: torn by a crash, or written by somebody else."""


@frozen
class AuditLine:
    """A sealed batch: what it did (``content``, in UTF-8), and its place in the shard's chain.

    ``digest`` is what was sealed; in a whole copy it is the SHA-256 of ``content``.
    """

    shard: ShardId
    number: int
    committed_unix_us: int
    digest: bytes
    mac: bytes
    content: bytes

    @property
    def content_digest(self) -> bytes:
        """The SHA-256 of what stands here."""
        return sha256(self.content).digest()


def write_line(line: AuditLine) -> bytes:
    """Give the line's bytes, without the newline that ends it in a file."""
    assert b"\n" not in line.content, "a batch is one line"
    head = (
        f'{{"v":{VERSION},"shard":{line.shard},"batch":{line.number},'
        f'"committed_unix_us":{line.committed_unix_us},'
        f'"digest":"{line.digest.hex()}","mac":"{line.mac.hex()}","transfers":'
    )
    return b"".join((head.encode("ascii"), line.content, b"}"))


def read_line(data: bytes) -> AuditLine:
    """Read a line without its newline, written exactly so; raises ``BadLine``."""
    found = _LINE.fullmatch(data)
    if found is None:
        raise BadLine(f"{data[:60]!r} ...")
    shard, number, committed, digest, mac, content = found.groups()
    return AuditLine(
        shard=ShardId(int(shard)),
        number=int(number),
        committed_unix_us=int(committed),
        digest=bytes.fromhex(digest.decode()),
        mac=bytes.fromhex(mac.decode()),
        content=content,
    )
