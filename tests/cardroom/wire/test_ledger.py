"""Commands and replies of the ledger as bytes that stay the same."""

from uuid import UUID

import pytest
from attrs import evolve

from cardroom.ids import BootNonce, CommandId, Epoch, HandId, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire import ledger
from cardroom.wire.codec import Malformed
from cardroom.wire.refusals import Refusal

ID = CommandId(UUID(int=1))
HAND = HandId(UUID(int=2))

COMMANDS: list[ledger.CommandBody] = [
    ledger.OpenShard(NodeId("node-1"), Epoch(3)),
    ledger.HoldBuyIn(UserId(5), TableId(6), SeatIndex(0), Krw(80_000)),
    ledger.SettleHand(
        TableId(6),
        HAND,
        1,
        None,
        1_700_000_000_000,
        (
            ledger.SeatResult(UserId(5), SeatIndex(0), Krw(-2_000), Krw(50)),
            ledger.SeatResult(UserId(7), SeatIndex(1), Krw(1_900), Krw(50)),
        ),
        Krw(100),
        b"record",
    ),
    ledger.CashOut(UserId(5), TableId(6), SeatIndex(0), Krw(78_000)),
    ledger.ReopenTable(TableId(6)),
    ledger.MakeTable("Seoul 2", "low", 6, True, "Main", True, "keeper", "seats are wanted"),
    ledger.SwitchTable(TableId(6), ledger.TableMode.CLOSING, "kim", "it is late"),
    ledger.EndTable(TableId(6)),
]

TABLE = ledger.LedgerTable(
    TableId(6),
    "Seoul",
    "low",
    6,
    False,
    HAND,
    1,
    (ledger.SeatEscrow(UserId(5), "dealer", SeatIndex(0), Krw(78_000)),),
    "ABCDEFGH23",
    (ledger.Departure(UserId(9), Krw(91_000), 1_700_000_000_000),),
    is_paused=True,
    switch_no=3,
)

REPLIES: list[ledger.ReplyBody] = [
    ledger.ShardOpened(Epoch(4), (TABLE,)),
    ledger.BuyInHeld(TableId(6), SeatIndex(0), Krw(80_000), Krw(80_000)),
    ledger.HandSettled(TableId(6), HAND, 1),
    ledger.CashedOut(TableId(6), SeatIndex(0), Krw(78_000)),
    ledger.CommandRefused(Refusal.INSUFFICIENT_FUNDS),
    ledger.StaleEpoch(Epoch(9)),
    ledger.OutOfOrder(None, 0),
    ledger.TableReopened(TABLE),
    ledger.TableReleased(TableId(6), 7),
    ledger.TableMade(TableId(7), "ABCDEFGH23"),
    ledger.TableSwitched(TableId(6), ledger.TableMode.PAUSED, 3),
    ledger.TableEnded(TableId(6)),
]


@pytest.mark.parametrize("body", COMMANDS, ids=lambda body: type(body).__name__)
def test_commands_come_back(body: ledger.CommandBody) -> None:
    command = ledger.LedgerCommand(ID, ShardId(1), Epoch(4), BootNonce("b" * 32), body)
    codec = ledger.command_codec()
    assert codec.decode(codec.encode(command)) == command


@pytest.mark.parametrize("body", REPLIES, ids=lambda body: type(body).__name__)
def test_replies_come_back(body: ledger.ReplyBody) -> None:
    codec = ledger.reply_codec()
    assert codec.decode(codec.encode(ledger.LedgerReply(ID, body))) == ledger.LedgerReply(ID, body)


def test_every_body_has_a_tag() -> None:
    assert {type(body) for body in COMMANDS} == set(ledger.COMMAND_TAGS.values())
    assert {type(body) for body in REPLIES} == set(ledger.REPLY_TAGS.values())


def test_golden_bytes_of_a_cash_out() -> None:
    command = ledger.LedgerCommand(ID, ShardId(1), Epoch(4), BootNonce("b"), COMMANDS[3])
    expected = b"\x95\xc4\x10" + UUID(int=1).bytes + b"\x01\x04\xa1b\x95\x04\x05\x06\x00\xce\x00\x01\x30\xb0"
    assert ledger.command_codec().encode(command) == expected


def test_golden_bytes_of_a_table_that_is_opened_anew() -> None:
    command = ledger.LedgerCommand(ID, ShardId(1), Epoch(4), BootNonce("b"), ledger.ReopenTable(TableId(6)))
    asked = b"\x95\xc4\x10" + ID.bytes + b"\x01\x04\xa1b\x92\x05\x06"
    assert ledger.command_codec().encode(command) == asked
    codec, begin = ledger.reply_codec(), b"\x92\xc4\x10" + ID.bytes
    released = ledger.LedgerReply(ID, ledger.TableReleased(TableId(6), 7))
    assert codec.encode(released) == begin + b"\x93\x09\x06\x07"
    seat = b"\x94\x05\xa6dealer\x00\xce\x00\x01\x30\xb0"
    left = b"\x93\x09\xce\x00\x01\x63\x78\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x00"
    table = b"\x9e\x06\xa5Seoul\xa3low\x06\xc2\xc4\x10" + HAND.bytes + b"\x01\x91" + seat
    modes = b"\xc3\xc2\xc2\x03"
    reopened = ledger.LedgerReply(ID, ledger.TableReopened(TABLE))
    assert codec.encode(reopened) == begin + b"\x92\x08" + table + b"\xaaABCDEFGH23\x91" + left + modes


def test_golden_bytes_of_orders_about_tables() -> None:
    begin = b"\x95\xc4\x10" + ID.bytes + b"\x01\x04\xa1b"
    made = b"\x99\x06\xa7Seoul 2\xa3low\x06\xc3\xa4Main\xc3\xa6keeper\xb0seats are wanted"
    for body, data in zip(
        COMMANDS[5:], (made, b"\x95\x07\x06\x02\xa3kim\xaait is late", b"\x92\x08\x06"), strict=True
    ):
        command = ledger.LedgerCommand(ID, ShardId(1), Epoch(4), BootNonce("b"), body)
        assert ledger.command_codec().encode(command) == begin + data
    begin = b"\x92\xc4\x10" + ID.bytes
    told = (b"\x93\x0a\x07\xaaABCDEFGH23", b"\x94\x0b\x06\x01\x03", b"\x92\x0c\x06")
    for reply, data in zip(REPLIES[9:], told, strict=True):
        assert ledger.reply_codec().encode(ledger.LedgerReply(ID, reply)) == begin + data


def test_the_longest_opening_fits_with_all_departures_of_a_busy_hour() -> None:
    """As many departures as are told, with the largest numbers, at 200 full tables with the longest names."""
    escrow = tuple(
        ledger.SeatEscrow(UserId(2**40), "닉" * 64, SeatIndex(seat), Krw(2**40)) for seat in range(9)
    )
    departure = ledger.Departure(UserId(2**63 - 1), Krw(2**63 - 1), 2**63 - 1)
    table = ledger.LedgerTable(TableId(2**40), "강" * 64, "low", 9, False, HAND, 2**40, escrow, "A" * 10, ())
    full = evolve(table, departures=(departure,) * ledger.MAX_TABLE_DEPARTURES)
    busy = ledger.MAX_DEPARTURES // ledger.MAX_TABLE_DEPARTURES
    opened = ledger.ShardOpened(Epoch(4), (full,) * busy + (table,) * (200 - busy))
    data = ledger.reply_codec().encode(ledger.LedgerReply(ID, opened))
    bare = ledger.reply_codec().encode(ledger.LedgerReply(ID, ledger.ShardOpened(Epoch(4), (table,) * 200)))
    assert len(data) <= ledger.MAX_REPLY_BYTES
    assert len(data) - len(bare) < ledger.MAX_REPLY_BYTES / 2


def test_an_invitation_is_in_no_text_of_a_reply() -> None:
    assert "ABCDEFGH23" not in repr(REPLIES)
    assert "91000" in repr(REPLIES[0])


def test_garbage_in_the_stream_is_told_apart() -> None:
    with pytest.raises(Malformed):
        ledger.command_codec().decode(b"\x00garbage")
