"""Chat, mutes, announcements and proofs as players meet them: real sockets, real HTTP, both encodings."""

import httpx
import trio

from cardroom.handrecord.deck_proof import Opening, is_proved
from cardroom.ids import UserId
from cardroom.local.servers import EmbeddedValkey, free_port
from cardroom.money import Krw
from cardroom.service.http import serve_http
from cardroom.service.settings import Bind
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.chat import Emote, Emoted, Said
from cardroom.wire.codec import Encoding
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal
from node.admin.http import AdminServices, make_admin_app
from tests.cardroom.service.people import open_book
from tests.node.admin.pages import unread_actions
from tests.node.sessions.door import Player, open_door
from tests.node.shards.stand_in import desk_over
from tests.node.tables.house import BUY_IN, LOG, TABLE

ANSWER = wire.Done | wire.Refused


async def _sit(*players: Player) -> None:
    for player in players:
        await player.send(asks.SitDown(1, TABLE, None, BUY_IN, posts_blind=True))
        assert await player.hear_until(ANSWER) == wire.Done(1)


async def test_talk_is_heard_across_encodings_and_muted_for_one(valkey: EmbeddedValkey) -> None:
    async with (
        open_door(valkey.settings) as door,
        door.enter(1, Encoding.JSON) as one,
        door.enter(2, Encoding.MSGPACK) as two,
        door.enter(3, Encoding.JSON) as watcher,
    ):
        await _sit(one, two)
        await one.send(asks.Chat(2, TABLE, " 안녕하세요 👋 "))
        for player in (one, two, watcher):
            said = await player.hear_until(Said)
            assert isinstance(said, Said)
            assert (said.user_id, said.text) == (1, "안녕하세요 👋")
        await two.send(asks.Mute(2, TABLE, UserId(1), is_muted=True))
        assert await two.hear_until(ANSWER) == wire.Done(2)
        await one.send(asks.ShowEmote(3, TABLE, Emote.LAUGH))
        assert await watcher.hear_until(Emoted) == Emoted(TABLE, UserId(1), Emote.LAUGH)
        await two.send(asks.Chat(3, TABLE, "quiet, isn't it"))
        heard = await two.hear_until(Said | Emoted)
        assert isinstance(heard, Said)
        assert heard.user_id == 2
        await watcher.send(asks.Chat(4, TABLE, "hey"))
        assert await watcher.hear_until(ANSWER) == wire.Refused(4, Refusal.NOT_SEATED)


async def test_a_flood_of_chat_is_refused_and_the_connection_stays(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door, door.enter(1) as one:
        await _sit(one)
        for number in range(10, 20):
            await one.send(asks.Chat(number, TABLE, "spam"))
        answers = [await one.hear_until(ANSWER) for _ in range(10)]
        assert answers == [
            *[wire.Done(number) for number in range(10, 15)],
            *[wire.Refused(number, Refusal.RATE_LIMITED) for number in range(15, 20)],
        ]
        await one.send(asks.Ping(1))
        assert await one.hear_until(wire.Pong) == wire.Pong(1)


async def test_who_connects_again_hears_the_last_lines_but_of_those_who_are_muted(
    valkey: EmbeddedValkey,
) -> None:
    async with open_door(valkey.settings) as door, door.enter(1) as one:
        async with door.enter(2) as two:
            await _sit(one, two)
            await two.send(asks.Mute(2, TABLE, UserId(1), is_muted=True))
            await two.hear_until(wire.Done)
        await one.send(asks.Chat(2, TABLE, "are you gone?"))
        await one.hear_until(Said)
        async with door.enter(3) as stranger:
            said = await stranger.hear()
            assert isinstance(said, Said)
            assert said.text == "are you gone?"
        async with door.enter(2) as again:
            await again.send(asks.Chat(3, TABLE, "I am back"))
            said = await again.hear_until(Said)
            assert isinstance(said, Said)
            assert said.text == "I am back"


async def test_an_administrator_speaks_and_silences_over_http(valkey: EmbeddedValkey) -> None:
    async with (
        open_door(valkey.settings) as door,
        door.enter(1, Encoding.JSON) as one,
        door.enter(2) as two,
        trio.open_nursery() as nursery,
    ):
        await _sit(one, two)
        stopping, port = trio.Event(), free_port()
        services = AdminServices(
            door.services.directory,
            dict,
            desk_over(None),
            dict,
            open_book(),
            unread_actions(),
            LOG,
        )
        await nursery.start(serve_http, make_admin_app(services), Bind("127.0.0.1", port), stopping)
        url, headers = f"http://127.0.0.1:{port}/admin", {"Authorization": "Bearer the-token"}
        async with httpx.AsyncClient(headers=headers, trust_env=False) as admin:
            words = {"text": "문 닫습니다 at six", "reason": "closing time"}
            for path in (f"/tables/{TABLE}/announce", "/announce"):
                told = await admin.post(url + path, json=words)
                assert told.status_code == 200
                for player in (one, two):
                    announced = await player.hear_until(wire.Announced)
                    assert isinstance(announced, wire.Announced)
                    assert announced.text == words["text"]
            order = {"user_id": 1, "seconds": 600, "reason": "insults"}
            assert (await admin.post(f"{url}/tables/{TABLE}/silence", json=order)).status_code == 200
            await one.send(asks.Chat(2, TABLE, "hm"))
            assert await one.hear_until(ANSWER) == wire.Refused(2, Refusal.SILENCED)
            admin.headers["Authorization"] = "Bearer another"
            assert (await admin.post(url + "/announce", json=words)).status_code == 401
        stopping.set()


async def test_a_hand_is_proved_by_the_connection_that_asks(valkey: EmbeddedValkey) -> None:
    async with (
        open_door(valkey.settings) as door,
        door.enter(1, Encoding.JSON) as one,
        door.enter(2) as two,
        door.enter(3, Encoding.JSON) as watcher,
        door.enter(4) as director,
    ):
        await _sit(one, two)
        started = await watcher.hear_until(wire.HandStarted)
        assert isinstance(started, wire.HandStarted)
        own = await one.hear_until(wire.CardsDealt)
        assert isinstance(own, wire.CardsDealt)
        openings = await _prove(one, started)
        assert [opening.card for opening in openings.openings] == list(own.cards)
        assert (await _prove(watcher, started)).openings == ()
        await watcher.send(asks.Prove(9, TABLE, started.hand_no + 1))
        assert await watcher.hear_until(ANSWER) == wire.Refused(9, Refusal.NO_HAND)
        await _call_down(director, (one, two))
        await watcher.hear_until(wire.HandEnded)
        assert len((await _prove(watcher, started)).openings) >= 5 + 2


async def _call_down(director: Player, players: tuple[Player, Player]) -> None:
    """Let who is to act check or call until the hand is over; seats are those of the players' order."""
    while not isinstance(message := await director.hear(), wire.HandEnded):
        if isinstance(message, wire.TurnBegan):
            turn = message.turn
            kind = asks.ActionKind.CHECK if turn.legal.can_check else asks.ActionKind.CALL
            act = asks.Act(100 + turn.turn, TABLE, message.hand_no, turn.turn, kind, Krw(0))
            await players[turn.seat].send(act)


async def _prove(player: Player, started: wire.HandStarted) -> Openings:
    await player.send(asks.Prove(8, TABLE, started.hand_no))
    answer = await player.hear_until(Openings)
    assert isinstance(answer, Openings)
    assert (answer.request_id, answer.hand_id) == (8, started.hand_id)
    for one in answer.openings:
        opening = Opening(one.position, one.card, one.salt, one.path)
        assert is_proved(started.hand_id, started.commitment, opening)
    return answer
