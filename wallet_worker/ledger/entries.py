"""Entries of a command stream: read strictly, identified by their body, put into runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, assert_never

import attrs
from attrs import frozen

from cardroom.ids import BootNonce, CommandId, Epoch, ShardId, TableId, UserId
from cardroom.wire import keys
from cardroom.wire.codec import Codec, Malformed
from cardroom.wire.ledger import (
    CashOut,
    EndTable,
    HoldBuyIn,
    LedgerCommand,
    MakeTable,
    OpenShard,
    ReopenTable,
    SeatResult,
    SettleHand,
    SwitchTable,
)

_INT64: Final = range(-(2**63), 2**63)
_SEATS: Final = range(2**15)
_UNIX_MS: Final = range(253_402_300_800_000)  # before the year 10000
_MAX_PAYLOAD_BYTES: Final = 64 * 1024
_TABLE_SEATS: Final = range(2, 10)
_LONGEST_REASON: Final = 200

Barrier = OpenShard | ReopenTable | MakeTable | SwitchTable | EndTable
"""What is alone in its transaction: all that stands before it in the stream is decided before."""


@frozen
class Letter:
    """A well-formed command as it stands in the stream; ``body_hash`` identifies what it asks for."""

    stream_id: bytes
    payload: bytes
    command: LedgerCommand
    body_hash: bytes

    @property
    def table_id(self) -> TableId | None:
        """The table it concerns, if it concerns one."""
        match self.command.body:
            case OpenShard() | MakeTable():
                return None
            case HoldBuyIn(table_id=table_id) | SettleHand(table_id=table_id) | CashOut(table_id=table_id):
                return table_id
            case ReopenTable(table_id) | SwitchTable(table_id=table_id) | EndTable(table_id):
                return table_id
            case _ as unreachable:
                assert_never(unreachable)


@frozen
class Garbage:
    """An entry that is no command of this shard, cut to what can be stored."""

    stream_id: bytes
    payload: bytes
    reason: str


Entry = Letter | Garbage


class EntryReader:
    """Reads entries of one shard's stream."""

    def __init__(self, shard: ShardId, codec: Codec[LedgerCommand]) -> None:
        self._shard = shard
        self._codec = codec

    def read(self, stream_id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
        """Give a command, or the garbage that stands in its place; never raises."""
        payload = fields.get(keys.COMMAND_FIELD)
        if payload is None or len(fields) != 1:
            seen = b" ".join(part for pair in fields.items() for part in pair)
            return Garbage(stream_id, seen[:_MAX_PAYLOAD_BYTES], "not one field of this version")
        try:
            command = self._codec.decode(payload)
        except Malformed as fault:
            return Garbage(stream_id, payload[:_MAX_PAYLOAD_BYTES], fault.code.value)
        if command.shard != self._shard:
            return Garbage(stream_id, payload, "of another shard")
        if not _fits(command):
            return Garbage(stream_id, payload, "a number or text that cannot be stored")
        return Letter(stream_id, payload, command, self._hash_of(command))

    def _hash_of(self, command: LedgerCommand) -> bytes:
        """Hash shard and body. Epoch and node start change when a command is sent again."""
        body = attrs.evolve(command, epoch=Epoch(0), boot=BootNonce(""))
        return sha256(self._codec.encode(body)).digest()


def runs_of(entries: Iterable[Entry], limit: int) -> Iterator[Sequence[Entry]]:
    """Split into batches: at most ``limit`` each, and a barrier alone."""
    run: list[Entry] = []
    for entry in entries:
        is_barrier = isinstance(entry, Letter) and isinstance(entry.command.body, Barrier)
        if run and (is_barrier or len(run) == limit):
            yield run
            run = []
        run.append(entry)
        if is_barrier:
            yield run
            run = []
    if run:
        yield run


def users_of(command: LedgerCommand) -> Sequence[UserId]:
    """Give the players whose money a command may touch."""
    match command.body:
        case OpenShard() | ReopenTable() | MakeTable() | SwitchTable() | EndTable():
            return ()
        case HoldBuyIn(user_id=user_id) | CashOut(user_id=user_id):
            return (user_id,)
        case SettleHand(results=results):
            return [result.user_id for result in results]
        case _ as unreachable:
            assert_never(unreachable)


def command_ids(entries: Iterable[Entry]) -> list[CommandId]:
    """Give the ids of the commands among entries."""
    return [entry.command.id for entry in entries if isinstance(entry, Letter)]


def _fits(command: LedgerCommand) -> bool:
    """Say whether everything can be stored: no number above its column, no NUL in a text."""
    if command.epoch not in _INT64 or not _is_text(command.boot):
        return False
    match command.body:
        case OpenShard(node, from_epoch):
            return from_epoch in _INT64 and _is_text(node)
        case ReopenTable(table_id) | EndTable(table_id):
            return table_id in _INT64
        case MakeTable() as table:
            texts = (table.name, table.stake, table.room, table.by)
            return all(map(_is_text, texts)) and _is_reason(table.reason) and table.seat_count in _TABLE_SEATS
        case SwitchTable(table_id, _, by, reason):
            return table_id in _INT64 and _is_text(by) and _is_reason(reason)
        case HoldBuyIn(user_id, table_id, seat, amount) | CashOut(user_id, table_id, seat, amount):
            return all(number in _INT64 for number in (user_id, table_id, amount)) and seat in _SEATS
        case SettleHand() as hand:
            numbers = (hand.table_id, hand.hand_no, hand.rake)
            return (
                all(number in _INT64 for number in numbers)
                and hand.started_unix_ms in _UNIX_MS
                and all(map(_result_fits, hand.results))
            )
        case _ as unreachable:
            assert_never(unreachable)


def _result_fits(result: SeatResult) -> bool:
    numbers = (result.user_id, result.net, result.contributed_rake)
    return all(number in _INT64 for number in numbers) and result.seat in _SEATS


def _is_text(text: str) -> bool:
    return 0 < len(text) <= 64 and "\0" not in text


def _is_reason(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_REASON and "\0" not in text
