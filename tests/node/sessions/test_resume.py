"""Coming back with the token of a broken connection: same seat, same cards, same clock, over real sockets."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest
import trio
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.service.settings import Secret
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import sign_ticket
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import Act, ActionKind, Hello, Resume
from cardroom.wire.refusals import Refusal
from node.sessions.admission import Admitted, NotAdmitted
from node.sessions.resume import Resumption
from node.settings import SessionLimits, TableLimits, TimeBank
from tests.node.sessions.door import KEY, Door, Player, open_door
from tests.node.tables.house import STAKE, TABLE, until

NOW = 1_000_000
ONE = Admitted(UserId(1), "player-1", TABLE)
BOTH = pytest.mark.parametrize("encoding", list(Encoding))
SLOW_DEAL = TableLimits(between_hands_seconds=0.3)


def resumption(key: str = KEY, seconds: float = 60.0, now_ms: int = NOW) -> Resumption:
    return Resumption((Secret(key),), seconds, lambda: now_ms)


def test_while_the_key_is_changed_tokens_of_both_are_good() -> None:
    before, meanwhile, after = (
        Resumption(tuple(map(Secret, keys)), 60.0, lambda: NOW) for keys in (["old"], ["new", "old"], ["new"])
    )
    assert meanwhile.admit(Resume(before.issue(ONE, "run"), 3)).user_id == ONE.user_id
    assert after.admit(Resume(meanwhile.issue(ONE, "run"), 3)).user_id == ONE.user_id
    with pytest.raises(NotAdmitted) as refused:
        after.admit(Resume(before.issue(ONE, "run"), 3))
    assert refused.value.code is Refusal.TICKET_INVALID


def test_a_token_says_who_may_come_back_and_what_was_followed() -> None:
    token = resumption().issue(ONE, "0a0b0c0d")
    for now_ms in (NOW, NOW + 60_000):
        admitted = resumption(now_ms=now_ms).admit(Resume(token, 17))
        assert admitted == evolve(ONE, run="0a0b0c0d", last_seq=17, expires_unix_ms=NOW + 60_000)


def test_coming_back_again_and_again_does_not_make_it_longer() -> None:
    token = resumption().issue(ONE, "run")
    for now_ms in range(NOW, NOW + 60_001, 20_000):
        then = resumption(now_ms=now_ms)
        token = then.issue(then.admit(Resume(token, None)), "run")
    with pytest.raises(NotAdmitted) as refused:
        resumption(now_ms=NOW + 60_001).admit(Resume(token, None))
    assert refused.value.code is Refusal.TICKET_EXPIRED


@pytest.mark.parametrize(
    ("reader", "code"),
    [
        (resumption(now_ms=NOW + 60_001), Refusal.TICKET_EXPIRED),
        (resumption(key="another key"), Refusal.TICKET_INVALID),
    ],
)
def test_a_token_is_refused_after_its_time_and_under_another_key(reader: Resumption, code: Refusal) -> None:
    with pytest.raises(NotAdmitted) as refused:
        reader.admit(Resume(resumption().issue(ONE, "run"), None))
    assert refused.value.code is code


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_=-]{0,80}\.[A-Za-z0-9_-]{27}"))
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(NotAdmitted) as refused:
        resumption().admit(Resume(text, None))
    assert refused.value.code is Refusal.TICKET_INVALID


async def test_a_ticket_is_no_token_and_a_token_no_ticket(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        with pytest.raises(NotAdmitted):
            door.services.resumption.admit(Resume(sign_ticket(door.ticket(), KEY), None))
        with pytest.raises(NotAdmitted):
            await door.services.admission.admit(Hello(door.services.resumption.issue(ONE, "run"), ""))


async def _assert_refused(door: Door, token: str, code: Refusal, close: wire.CloseCode) -> None:
    async with door.knock() as player:
        await player.send(Resume(token, 0))
        assert await player.hear() == wire.Refused(None, code)
        assert await player.hear_close() == close.value


async def test_refused_tokens_close_with_their_code(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        issue = door.services.resumption.issue
        late = Resumption((Secret(KEY),), -1.0).issue(ONE, "run")
        elsewhere = issue(evolve(ONE, table_id=TableId(77)), "run")
        closed = wire.CloseCode.NOT_AUTHENTICATED
        await _assert_refused(door, "no token", Refusal.TICKET_INVALID, closed)
        await _assert_refused(door, late, Refusal.TICKET_EXPIRED, closed)
        await _assert_refused(door, elsewhere, Refusal.NO_SUCH_TABLE, wire.CloseCode.RESTART)
        good = issue(ONE, "run")
        door.services.directory.remove_shard(ShardId(1))
        await _assert_refused(door, good, Refusal.NO_SUCH_TABLE, wire.CloseCode.RESTART)


async def test_coming_back_asks_no_redis(valkey: EmbeddedValkey) -> None:
    gone = evolve(valkey.settings, port=1, connect_seconds=0.2)
    async with open_door(gone) as door:
        token = door.services.resumption.issue(ONE, "another run")
        async with door.come_back(token, 0) as player:
            assert isinstance(await player.hear(), wire.Snapshot)


async def test_a_token_is_good_many_times_and_three_connections_stay(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door, AsyncExitStack() as stack:
        oldest = await stack.enter_async_context(door.enter())
        for _ in range(3):
            back = await stack.enter_async_context(door.come_back(oldest.token, None))
            assert isinstance(await back.hear(), wire.Snapshot)
            assert back.token
        assert await oldest.hear_close() == wire.CloseCode.REPLACED.value
        await until(lambda: len(door.connections) == 3)


async def test_who_comes_back_to_a_full_node_takes_the_place_of_the_broken_connection(
    valkey: EmbeddedValkey,
) -> None:
    limits = SessionLimits(connections=2)
    async with (
        open_door(valkey.settings, limits) as door,
        door.enter(1) as broken,
        door.enter(2),
        door.come_back(broken.token, None) as back,
    ):
        assert isinstance(await back.hear(), wire.Snapshot)
        assert await broken.hear_close() == wire.CloseCode.REPLACED.value
        stranger = door.services.resumption.issue(evolve(ONE, user_id=UserId(3)), "run")
        await _assert_refused(door, stranger, Refusal.NODE_FULL, wire.CloseCode.TRY_AGAIN_LATER)


async def test_who_holds_a_seat_comes_back_to_a_node_that_has_filled_up(valkey: EmbeddedValkey) -> None:
    async with (
        open_door(valkey.settings, SessionLimits(connections=3)) as door,
        door.enter(2),
        door.enter(3),
        AsyncExitStack() as stack,
    ):
        async with door.enter(1) as player:
            await player.sit(2)
        await until(lambda: len(door.connections) == 2)
        await stack.enter_async_context(door.enter(4))
        back = await stack.enter_async_context(door.come_back(player.token, None))
        assert isinstance(await back.hear(), wire.Snapshot)
        stranger = door.services.resumption.issue(evolve(ONE, user_id=UserId(5)), "run")
        await _assert_refused(door, stranger, Refusal.NODE_FULL, wire.CloseCode.TRY_AGAIN_LATER)


@pytest.mark.parametrize("last_seq", [None, -1, 10**6])
async def test_what_is_not_known_is_answered_with_a_snapshot(
    valkey: EmbeddedValkey, last_seq: int | None
) -> None:
    async with open_door(valkey.settings) as door, door.enter() as player:
        await player.cut()
        async with door.come_back(player.token, last_seq) as back:
            assert isinstance(await back.hear(), wire.Snapshot)


async def test_after_a_restart_the_token_is_good_and_brings_a_snapshot(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door, door.enter() as player:
        await player.sit(2)
    async with open_door(valkey.settings) as door, door.enter(5) as other:
        await other.sit(0)  # the numbers of the new run reach as far as those of the old one
        assert door.house.table.history.table_seq >= player.last_seq
        async with door.come_back(player.token, player.last_seq) as back:
            assert isinstance(await back.hear(), wire.Snapshot)


@define
class Deal:
    """Two players, each with what was told of the first hand up to its first turn."""

    players: Sequence[Player]
    heard: list[list[wire.TableMessage]] = field(factory=lambda: [[], []])

    async def hear_turn(self) -> wire.TurnBegan:
        """Let both hear until the first turn."""
        for player, heard in zip(self.players, self.heard, strict=True):
            while not isinstance(message := await player.hear(), wire.TurnBegan):
                heard.append(message)
            heard.append(message)
        assert isinstance(message, wire.TurnBegan)
        return message

    def cards(self, place: int) -> Sequence[int]:
        """Give the hole cards that a player was told."""
        return next(one.cards for one in self.heard[place] if isinstance(one, wire.CardsDealt))


def act(turn: wire.TurnBegan, action_id: int, kind: ActionKind = ActionKind.CALL) -> Act:
    return Act(action_id, TABLE, turn.hand_no, turn.turn.turn, kind, Krw(0))


def is_left(told_ms: int, first_ms: int, began: tuple[float, float], asked: tuple[float, float]) -> bool:
    """Say whether a clock that showed ``first_ms`` went on: both moments are known as earliest and latest."""
    most = first_ms - (asked[0] - began[1]) * 1000
    least = first_ms - (asked[1] - began[0]) * 1000
    return least - 2 <= told_ms <= most + 2


@BOTH
async def test_both_come_back_in_the_middle_of_a_turn_and_play_on(
    valkey: EmbeddedValkey, encoding: Encoding
) -> None:
    async with open_door(valkey.settings, tables=SLOW_DEAL) as door, AsyncExitStack() as stack:
        stayed = await stack.enter_async_context(door.enter(9))
        gone = [await stack.enter_async_context(door.enter(user, encoding)) for user in (1, 2)]
        for seat, player in enumerate(gone):
            await player.sit(seat)
        earliest = trio.current_time()
        for player in gone:
            await player.cut()
        watched = await stayed.hear_until(wire.TurnBegan)
        assert isinstance(watched, wire.TurnBegan)
        began = (earliest, trio.current_time())
        await trio.sleep(0.2)  # the clock runs
        asked = trio.current_time()
        back = [
            await stack.enter_async_context(door.come_back(player.token, player.last_seq, encoding))
            for player in gone
        ]
        deal = Deal(back)
        told = await deal.hear_turn()
        left_ms = told.turn.left_ms
        assert is_left(left_ms, watched.turn.left_ms, began, (asked, trio.current_time()))
        assert evolve(told, turn=evolve(told.turn, left_ms=watched.turn.left_ms)) == watched
        numbers = [one.table_seq for one in deal.heard[0] if isinstance(one, wire.TableEvent)]
        assert numbers == list(range(gone[0].last_seq + 1, watched.table_seq + 1))
        assert len({*deal.cards(0), *deal.cards(1)}) == 4
        seat = told.turn.seat
        await back[seat].send(act(told, 5))
        assert await back[seat].hear_until(wire.Done) == wire.Done(5)
        acted = await stayed.hear_until(wire.Acted)
        assert isinstance(acted, wire.Acted)
        assert (acted.seat, acted.cause) == (seat, wire.MoveCause.PLAYER)


async def test_what_a_watcher_missed_has_nobodys_cards(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, tables=SLOW_DEAL) as door, AsyncExitStack() as stack:
        watcher, *players = [await stack.enter_async_context(door.enter(user)) for user in (9, 1, 2)]
        await watcher.cut()
        for seat, player in enumerate(players):
            await player.sit(seat)
        await Deal(players).hear_turn()
        back = await stack.enter_async_context(door.come_back(watcher.token, watcher.last_seq))
        dealt = await back.hear_until(wire.CardsDealt)
        assert isinstance(dealt, wire.CardsDealt)
        assert dealt.cards == ()


async def test_the_own_turn_goes_on_inside_the_time_bank(valkey: EmbeddedValkey) -> None:
    bank = evolve(STAKE, turn_seconds=0.3, time_bank=TimeBank(first_seconds=30.0))
    async with open_door(valkey.settings, stake=bank, tables=SLOW_DEAL) as door, AsyncExitStack() as stack:
        players = [await stack.enter_async_context(door.enter(user)) for user in (1, 2)]
        for seat, player in enumerate(players):
            await player.sit(seat)
        deal = Deal(players)
        turn = await deal.hear_turn()
        seat = turn.turn.seat
        actor, other = players[seat], players[1 - seat]
        earliest = trio.current_time()
        await actor.cut()
        extended = await other.hear_until(wire.TimeExtended)
        assert isinstance(extended, wire.TimeExtended)
        began = (earliest, trio.current_time())
        await trio.sleep(0.2)  # the time bank runs
        asked = trio.current_time()
        back = await stack.enter_async_context(door.come_back(actor.token, actor.last_seq))
        told = await back.hear()
        assert isinstance(told, wire.TimeExtended)
        assert (told.table_seq, told.phase) == (extended.table_seq, wire.ClockPhase.TIME_BANK)
        assert is_left(told.left_ms, extended.left_ms, began, (asked, trio.current_time()))
        whole = await stack.enter_async_context(door.come_back(back.token, None))
        snapshot = await whole.hear()
        assert isinstance(snapshot, wire.Snapshot)
        own = next(one for one in snapshot.seats if one.user_id == seat + 1)
        assert (own.seat, own.cards) == (seat, deal.cards(seat))
        await back.send(act(turn, 5))
        assert await back.hear_until(wire.Done) == wire.Done(5)


async def test_both_devices_of_a_player_see_the_cards_and_one_acts(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, tables=SLOW_DEAL) as door, AsyncExitStack() as stack:
        first = [await stack.enter_async_context(door.enter(user)) for user in (1, 2)]
        second = [
            await stack.enter_async_context(door.come_back(player.token, player.last_seq)) for player in first
        ]
        for seat, player in enumerate(first):
            await player.sit(seat)
        here, there = Deal(first), Deal(second)
        turn = await here.hear_turn()
        assert await there.hear_turn() == turn
        assert [here.cards(0), here.cards(1)] == [there.cards(0), there.cards(1)]
        seat = turn.turn.seat
        for place, device in enumerate((first[seat], second[seat])):
            await device.send(act(turn, place))
        answers = [
            await device.hear_until(wire.Done | wire.Refused) for device in (first[seat], second[seat])
        ]
        refused = [one for one in answers if isinstance(one, wire.Refused)]
        assert [one.code for one in refused] == [Refusal.OUT_OF_TURN]
        assert len(answers) == 2
        moved = await first[1 - seat].hear_until(wire.Acted | wire.TurnBegan)
        assert isinstance(moved, wire.Acted)
        assert isinstance(await first[1 - seat].hear(), wire.TurnBegan)


@BOTH
async def test_an_action_that_is_repeated_after_coming_back_has_its_first_answer(
    valkey: EmbeddedValkey, encoding: Encoding
) -> None:
    async with open_door(valkey.settings, tables=SLOW_DEAL) as door, AsyncExitStack() as stack:
        players = [await stack.enter_async_context(door.enter(user, encoding)) for user in (1, 2)]
        for seat, player in enumerate(players):
            await player.sit(seat)
        turn = await Deal(players).hear_turn()
        seat = turn.turn.seat
        await players[seat].send(act(turn, 7))
        await players[1 - seat].hear_until(wire.Acted)
        await players[seat].cut()  # before it has read whether it acted
        back = await stack.enter_async_context(
            door.come_back(players[seat].token, players[seat].last_seq, encoding)
        )
        acted = await back.hear()
        assert isinstance(acted, wire.Acted)
        assert acted.seat == seat
        assert isinstance(await back.hear(), wire.TurnBegan)
        assert isinstance(await back.hear(), PlaceChanged)
        for repeated, answer in (
            (act(turn, 7), wire.Done(7)),
            (act(turn, 7, ActionKind.FOLD), wire.Refused(7, Refusal.ACTION_ID_REUSED)),
            (act(turn, 8), wire.Refused(8, Refusal.OUT_OF_TURN)),
        ):
            await back.send(repeated)
            assert await back.hear() == answer, "and nothing else has happened"
