"""Reads what was recorded, line by line, and says what is no record of ours (pure)."""

from collections.abc import Iterable, Iterator

from attrs import frozen

from wallet_worker.audit.line import AuditLine, BadLine, read_line


@frozen
class Record:
    """A batch as a copy has it: its place, its seal, and the digest of what stands there."""

    number: int
    committed_unix_us: int
    digest: bytes
    mac: bytes
    content_digest: bytes


@frozen
class Torn:
    """What a crash has left at the end of a file: the batch was not written again yet."""

    file: str
    data: bytes


@frozen
class Strange:
    """Something that is neither a batch nor the torn beginning of the next one; ``fault`` says where."""

    fault: str


Found = Record | Torn | Strange


def record_of(line: AuditLine) -> Record:
    """Keep of a line what can be compared."""
    return Record(line.number, line.committed_unix_us, line.digest, line.mac, line.content_digest)


def read_pieces(pieces: Iterable[tuple[str, bytes]], shard: int) -> Iterator[Found]:
    """Read the lines of a shard's files in order.

    A line that is torn is accepted if it is a strict beginning of the next whole line, at which the recorder
    went on; so is one at the very end, which is given as ``Torn``.
    """
    torn: list[tuple[str, bytes]] = []
    for file, piece in pieces:
        try:
            line = read_line(piece)
        except BadLine:
            torn.append((file, piece))
            continue
        for where, part in torn:
            if not piece.startswith(part):
                yield Strange(
                    f"{where}: what stands before batch {line.number} is no batch, nor its beginning"
                )
        torn.clear()
        if line.shard != shard:
            yield Strange(f"{file}: batch {line.number} is of shard {line.shard}")
        else:
            yield record_of(line)
    for where, part in torn:
        yield Torn(where, part)
