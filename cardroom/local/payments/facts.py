"""What has happened at the gateway and on its chains, one line of a file for each.

What follows from these and from the clock (blocks, confirmations, what was paid out) is not kept.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from cardroom.wire.codec import Codec, Encoding, Malformed

_MAX_LINE_BYTES: Final = 4096


@frozen
class PaceSet:
    """From ``since_unix_ms`` on, when ``height`` blocks were there, one more comes every ``block_ms``."""

    since_unix_ms: int
    height: int
    block_ms: int


@frozen
class AddressGiven:
    """The gateway gave an address for ``external_id``; without one it is a wallet of somebody outside."""

    coin: str
    address: str
    external_id: str


@frozen
class Paid:
    """``amount`` whole coins are sent to an address, in block ``height``."""

    coin: str
    tx_hash: str
    output_index: int
    address: str
    amount: str
    height: int
    payer: str


@frozen
class Moved:
    """A transaction is in another block now; None: in none, and never will be."""

    tx_hash: str
    height: int | None


@frozen
class PayoutOrdered:
    """The gateway took an order to pay out; it is sent, or has failed, when block ``height`` is there."""

    external_id: str
    task_id: str
    coin: str
    address: str
    amount: str
    tx_hash: str
    height: int
    fails: bool


@frozen
class Told:
    """The house has taken the last message about an output."""

    tx_hash: str
    output_index: int


Fact = PaceSet | AddressGiven | Paid | Moved | PayoutOrdered | Told

_TAGS: Final[dict[int, type]] = dict(enumerate((PaceSet, AddressGiven, Paid, Moved, PayoutOrdered, Told)))
_CODEC: Final[Codec[Any]] = Codec(Fact, Encoding.JSON, _MAX_LINE_BYTES, {Fact: _TAGS})


class FactFile:
    """The file of all facts. A last line that a killed process left unfinished is cut off."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file

    def read(self) -> Iterator[Fact]:
        """Give all facts from the first on; raises ``ValueError`` for a line that is none."""
        if not self._file.exists():
            return
        whole = self._file.read_bytes().rpartition(b"\n")[0]
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                yield _CODEC.decode(line)
            except Malformed as error:
                raise ValueError(f"{self._file}: line {number} is no fact; remove the file") from error
        os.truncate(self._file, len(whole) + 1 if whole else 0)

    def add(self, fact: Fact) -> None:
        """Write one; it is with the system when this returns, so that it outlives the process."""
        with self._file.open("ab") as opened:
            opened.write(_CODEC.encode(fact) + b"\n")
