"""A private table over real sockets: the code opens it, everybody else is told so and closed."""

import pytest
import trio

from cardroom.ids import SeatIndex, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import SeatEscrow
from cardroom.wire.lobby import sign_ticket
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import Hello, SitDown
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CloseCode, Done, Refused, Snapshot, Welcome
from tests.node.sessions.door import KEY, Door, Player, open_door
from tests.node.tables.house import BUY_IN, PURSE, TABLE

CODE = "ABCDEFGH23"
BOTH = pytest.mark.parametrize("encoding", list(Encoding))
NEEDED = Refused(None, Refusal.INVITATION_NEEDED)


async def _assert_turned_away(player: Player) -> None:
    assert isinstance(await player.hear(), Welcome)
    assert await player.hear() == NEEDED
    assert await player.hear_close() == CloseCode.NOT_AUTHENTICATED.value


async def _assert_stranger_stays_out(door: Door, invitation: str, encoding: Encoding) -> None:
    async with door.knock(encoding) as stranger:
        await stranger.send(Hello(sign_ticket(door.ticket(8), KEY), invitation))
        await _assert_turned_away(stranger)


@BOTH
async def test_without_the_code_nobody_comes_in(valkey: EmbeddedValkey, encoding: Encoding) -> None:
    async with open_door(valkey.settings, invitation=CODE) as door:
        for wrong in ("", "ABCDEFGH24", CODE.lower(), CODE + " ", "딜러", "x" * 3000):
            await _assert_stranger_stays_out(door, wrong, encoding)
        assert door.house.table.audience.viewers == ()
        with trio.fail_after(5):
            while len(door.connections):
                await trio.lowlevel.checkpoint()


@BOTH
async def test_with_the_code_a_player_comes_in_and_later_comes_back_without_it(
    valkey: EmbeddedValkey, encoding: Encoding
) -> None:
    async with open_door(valkey.settings, invitation=CODE) as door:
        async with door.knock(encoding) as player:
            await player.send(Hello(sign_ticket(door.ticket(1), KEY), CODE))
            assert isinstance(await player.hear(), Welcome)
            snapshot = await player.hear()
            assert isinstance(snapshot, Snapshot)
            assert snapshot.is_private
            await player.send(SitDown(1, TABLE, None, BUY_IN, posts_blind=True))
            assert await player.hear_until(Done) == Done(1)
        async with door.enter(2, encoding, invitation=CODE):
            pass
        for user in (1, 2):
            async with door.enter(user, encoding):
                pass
        await _assert_stranger_stays_out(door, "", encoding)


@BOTH
async def test_the_token_of_who_was_turned_away_opens_nothing(
    valkey: EmbeddedValkey, encoding: Encoding
) -> None:
    """The welcome, and the token in it, comes before the table has asked for the code."""
    async with open_door(valkey.settings, invitation=CODE) as door:
        async with door.knock(encoding) as stranger:
            await stranger.send(Hello(sign_ticket(door.ticket(8), KEY), "ABCDEFGH24"))
            await _assert_turned_away(stranger)
        assert stranger.token
        for last_seq in (None, 0):
            async with door.come_back(stranger.token, last_seq, encoding) as back:
                assert await back.hear() == NEEDED
                assert await back.hear_close() == CloseCode.NOT_AUTHENTICATED.value
        assert door.house.table.audience.viewers == ()
        async with door.enter(2, encoding, invitation=CODE) as invited:
            await invited.cut()
            async with door.come_back(invited.token, invited.last_seq, encoding) as back:
                assert isinstance(await back.hear(), PlaceChanged)


@BOTH
async def test_who_holds_a_seat_comes_in_without_the_code(valkey: EmbeddedValkey, encoding: Encoding) -> None:
    escrow = (SeatEscrow(UserId(1), "player-1", SeatIndex(4), BUY_IN),)
    async with open_door(valkey.settings, invitation=CODE, escrow=escrow) as door:
        async with door.enter(1, encoding):
            pass
        await _assert_stranger_stays_out(door, "", encoding)


async def test_a_request_right_behind_the_hello_takes_no_seat(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, invitation=CODE) as door:
        async with door.knock() as stranger:
            await stranger.send(Hello(sign_ticket(door.ticket(8), KEY), "ABCDEFGH24"))
            for number in range(3):
                await stranger.send(SitDown(number, TABLE, SeatIndex(number), BUY_IN, posts_blind=True))
            assert await stranger.hear_close() == CloseCode.NOT_AUTHENTICATED.value
        await _assert_stranger_stays_out(door, "", Encoding.MSGPACK)
        assert door.house.table.seats.holders == {}
        assert door.house.ledger.wallets[UserId(8)] == PURSE
