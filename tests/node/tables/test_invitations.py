"""A private table: its code lets a player in, once and for good; who does not have it gets nothing there."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import SeatIndex, UserId
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.ledger import SeatEscrow
from cardroom.wire.refusals import Refusal
from node.tables.commands import Watch
from node.tables.metrics import REFUSALS
from tests.node.tables.house import BUY_IN, PURSE, TABLE, Guest, House, open_house, settle

CODE = "ABCDEFGH23"
NEEDED = wire.Refused(None, Refusal.INVITATION_NEEDED)
ESCROW = tuple(SeatEscrow(UserId(user), f"player-{user}", SeatIndex(user), BUY_IN) for user in (1, 2))


def is_in(guest: Guest) -> bool:
    """Say whether a guest follows the table; who does not was told why, closed, and told nothing else."""
    if guest.kicked is None:
        return isinstance(guest.heard[0], wire.Snapshot)
    assert guest.kicked is wire.CloseCode.NOT_AUTHENTICATED
    assert guest.heard == [NEEDED]
    return False


def watch(house: House, user: int, invitation: str = "") -> Guest:
    """Let another connection of a player come."""
    guest = Guest(UserId(user), house.table)
    house.table.entry.inbox.deliver(Watch(guest, invitation=invitation))
    return guest


@pytest.mark.parametrize(
    "wrong",
    ["", "ABCDEFGH2", "ABCDEFGH234", "abcdefgh23", " ABCDEFGH23", "ABCDEFGH24", "딜러", "é", "A" * 3000],
)
async def test_only_the_code_itself_opens_a_private_table(wrong: str) -> None:
    async with open_house(invitation=CODE) as house:
        refused = REFUSALS.labels(code=Refusal.INVITATION_NEEDED.value)
        before = refused._value.get()
        stranger, friend = house.guest(8, invitation=wrong), house.guest(9, invitation=CODE)
        await settle()
        assert (is_in(stranger), is_in(friend)) == (False, True)
        assert house.table.audience.viewers == (friend,)
        assert friend.last(wire.Snapshot).is_private
        assert refused._value.get() == before + 1


@pytest.mark.parametrize("code", ["", CODE, "anything"])
async def test_a_public_table_asks_for_no_code(code: str) -> None:
    async with open_house() as house:
        guest = house.guest(1, invitation=code)
        await settle()
        assert is_in(guest)
        assert not guest.last(wire.Snapshot).is_private
        guest.sit()
        await settle()
        assert guest.last(wire.Done) == wire.Done(1)


async def test_who_was_let_in_comes_back_without_the_code_and_nobody_else_does() -> None:
    async with open_house(invitation=CODE) as house:
        friend = house.guest(9, invitation=CODE)
        await settle()
        house.goes(friend)
        again, stranger = watch(house, 9), watch(house, 8)
        await settle()
        assert (is_in(again), is_in(stranger)) == (True, False)


async def test_who_holds_a_seat_needs_no_code_now_and_after_leaving() -> None:
    """As after a restart of the node: it knows the seats from the ledger, and nobody else."""
    async with open_house(invitation=CODE, escrow=ESCROW) as house:
        holder, stranger = house.guest(1), house.guest(3)
        await settle()
        assert (is_in(holder), is_in(stranger)) == (True, False)
        holder.leave()
        await settle()
        assert holder.last(wire.SeatLeft).user_id == holder.user_id
        house.goes(holder)
        again = watch(house, 1)
        await settle()
        assert is_in(again)


async def test_whom_a_table_has_let_in_it_still_knows_after_a_crash(autojump_clock: MockClock) -> None:
    async with open_house(invitation=CODE, shuffle=lambda: ()) as house:
        one, two = [house.guest(user, invitation=CODE) for user in (1, 2)]
        watcher = house.guest(9, invitation=CODE)
        for guest in (one, two):
            guest.sit()
        await trio.sleep(1.5)
        assert house.table.has_crashed
        again, stranger = watch(house, watcher.user_id), watch(house, 8)
        await settle()
        assert (is_in(again), is_in(stranger)) == (True, False)


REQUESTS: list[asks.TableRequest] = [
    asks.SitDown(7, TABLE, None, BUY_IN, posts_blind=True),
    asks.SitIn(7, TABLE, posts_blind=True),
    asks.SitOut(7, TABLE, at_big_blind=False),
    asks.Leave(7, TABLE, after_hand=False),
    asks.Act(7, TABLE, 1, 1, asks.ActionKind.FOLD, BUY_IN),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: type(one).__name__)
async def test_requests_of_who_is_turned_away_are_refused_too(request_: asks.TableRequest) -> None:
    """They may stand in the inbox behind the hello: no seat is taken by them, and no money moves."""
    async with open_house(invitation=CODE) as house:
        stranger = house.guest(8, invitation="ABCDEFGH99")
        stranger.ask(request_)
        await settle()
        assert stranger.heard == [NEEDED, wire.Refused(7, Refusal.INVITATION_NEEDED)]
        assert house.table.seats.holders == {}
        assert house.ledger.wallets[stranger.user_id] == PURSE
        again = watch(house, 8)
        await settle()
        assert not is_in(again)


async def test_the_code_is_in_no_text_that_could_be_logged() -> None:
    async with open_house(invitation=CODE) as house:
        guest = house.guest(9, invitation=CODE)
        await settle()
        watch = Watch(guest, invitation=CODE)
        told = (house.table.invitations, house.table.entry.summary, watch, asks.Hello("", CODE))
        assert [one for one in told if CODE in repr(one)] == []
        assert CODE not in repr(guest.heard)
        assert house.table.entry.summary.is_private
