"""One batch as one line of JSON, the same in the file and in the Redis copy.

What the batch did stands last in it, the text that was sealed: whoever reads the JSON can hash it. See
``docs/audit.md`` for the format, which outsiders rely on.
"""

import json
import re
from hashlib import sha256
from typing import Final

from attrs import frozen

from cardroom.ids import ShardId

VERSION: Final = 1
"""Stands first in each line; another number means another format."""

_LINE: Final = re.compile(
    rb'\{"v":1,"shard":(-1|0|[1-9][0-9]{0,9}),"batch":([1-9][0-9]{0,18}),"committed_unix_us":([0-9]{1,18}),'
    rb'"digest":"([0-9a-f]{64})","mac":"([0-9a-f]{64})","transfers":("[^\n]*")\}'
)


class BadLine(Exception):
    """Bytes that are no line of this format: torn by a crash, or written by somebody else."""


@frozen
class AuditLine:
    """A sealed batch: what it did (``content``, a line per transfer), and its place in the shard's chain.

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
    head = (
        f'{{"v":{VERSION},"shard":{line.shard},"batch":{line.number},'
        f'"committed_unix_us":{line.committed_unix_us},'
        f'"digest":"{line.digest.hex()}","mac":"{line.mac.hex()}","transfers":'
    )
    content = json.dumps(line.content.decode(), ensure_ascii=False)
    return f"{head}{content}}}".encode()


def read_line(data: bytes) -> AuditLine:
    """Read a line without its newline; raises ``BadLine``."""
    found = _LINE.fullmatch(data)
    if found is None:
        raise BadLine(f"{data[:60]!r} ...")
    shard, number, committed, digest, mac, text = found.groups()
    try:
        content = json.loads(text).encode()
    except ValueError as error:
        raise BadLine(f"{data[:60]!r} ... has no text") from error
    return AuditLine(
        shard=ShardId(int(shard)),
        number=int(number),
        committed_unix_us=int(committed),
        digest=bytes.fromhex(digest.decode()),
        mac=bytes.fromhex(mac.decode()),
        content=content,
    )
