"""One hand as a player's connection hears it, played by a real table with a fixed deck and fixed ids."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final
from uuid import UUID

import attrs
import trio
from attrs import define, field, frozen
from trio.testing import MockClock

from cardroom.handrecord.deck_proof import DeckProof, commit_deck
from cardroom.ids import BootNonce, Epoch, HandId, NodeId, SeatIndex, ShardId, UserId
from cardroom.money import Krw
from cardroom.service.settings import Secret
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import TableTicket, sign_ticket
from cardroom.wire.player import (
    Act,
    ActionKind,
    Hello,
    Ping,
    PlayerMessage,
    Prove,
    SitDown,
    TableRequest,
    player_codec,
)
from cardroom.wire.proof import CardOpening, Openings
from cardroom.wire.table import TableMessage, table_codec
from node.sessions.admission import Admitted
from node.sessions.resume import Resumption
from node.settings import SessionLimits
from tests.node.tables.house import BUY_IN, TABLE, Guest, House, open_house, settle
from tests.node.tables.random_play import RecordingShuffle

USER: Final = UserId(1041)
NODE: Final = NodeId("node-1")
HAND_ID: Final = HandId(UUID("8c2f5d1e-3b0a-4f57-9d64-27a1c0e4b583"))
SALTS: Final = bytes(range(256)) * 4
"""A table draws new ones for each hand."""
KEY: Final = "the key of an example"
NOW_MS: Final = 1_767_225_600_000
SEED: Final = 20
TURNS: Final = 100
"""More turns than this hand has."""
FOLDS: Final = SeatIndex(1)


@frozen
class Line:
    """One message; ``is_sent`` by the player, else by the node."""

    is_sent: bool
    message: PlayerMessage | TableMessage

    def encoded(self, encoding: Encoding) -> bytes:
        """Give the bytes that cross the wire."""
        codec: Codec[Any] = player_codec(encoding) if self.is_sent else table_codec(encoding)
        return codec.encode(self.message)


@define
class Witness:
    """A guest, and what it asked for: each request with how many messages were heard before it."""

    guest: Guest
    shuffle: RecordingShuffle
    asked: list[tuple[int, TableRequest]] = field(factory=list)

    def ask(self, request: TableRequest) -> None:
        self.asked.append((len(self.guest.heard), request))
        self.guest.ask(request)

    def lines(self) -> Iterator[Line]:
        """Give requests and what was heard in the order in which they came."""
        proof = commit_deck(HAND_ID, self.shuffle.decks[0], SALTS)
        asked = iter([*self.asked, (len(self.guest.heard), None)])
        place, request = next(asked)
        for at, message in enumerate(self.guest.heard):
            while request is not None and place == at:
                yield Line(True, request)
                place, request = next(asked)
            yield Line(False, _with_fixed_proof(message, proof))


def _with_fixed_proof(message: TableMessage, proof: DeckProof) -> TableMessage:
    """A table draws the id of a hand and the salts of its deck; the record shows always the same."""
    match message:
        case wire.HandStarted():
            return attrs.evolve(message, hand_id=HAND_ID, commitment=proof.commitment)
        case wire.HandEnded():
            return attrs.evolve(message, hand_id=HAND_ID)
        case Openings():
            openings = tuple(_opening(proof, one.position) for one in message.openings)
            return attrs.evolve(message, hand_id=HAND_ID, commitment=proof.commitment, openings=openings)
        case _:
            return message


def _opening(proof: DeckProof, position: int) -> CardOpening:
    opened = proof.open(position)
    return CardOpening(opened.position, CardCode(opened.card), opened.salt, opened.path)


def record_hand() -> tuple[Line, ...]:
    """Play the hand; the same lines whenever it is played."""
    return trio.run(_record, clock=MockClock(autojump_threshold=0))


async def _record() -> tuple[Line, ...]:
    shuffle = RecordingShuffle(Random(SEED))
    async with open_house(shuffle=shuffle) as house:
        for seat, user in enumerate((1007, 1029), start=1):
            house.guest(user).sit(seat)
        await trio.sleep(0.5)
        witness = Witness(house.guest(USER), shuffle)
        await settle()
        witness.ask(SitDown(witness.guest.next_id(), TABLE, None, BUY_IN, posts_blind=True))
        await trio.sleep(1)
        await settle()
        await _play(house, witness)
        witness.ask(Prove(witness.guest.next_id(), TABLE, witness.guest.last(wire.HandEnded).hand_no))
        await settle()
        return (*_greeting(witness.guest), *witness.lines())


def _greeting(guest: Guest) -> tuple[Line, ...]:
    """What a connection says before its table is heard, and a sign of life."""
    ticket = TableTicket(
        "5f0c" * 8, USER, guest.nickname, TABLE, NODE, BootNonce("b7" * 16), NOW_MS, ShardId(0), Epoch(1)
    )
    heartbeat = int(SessionLimits().silence_seconds)
    resumption = Resumption((Secret(KEY),), SessionLimits().resume_seconds, lambda: NOW_MS)
    resume = resumption.issue(Admitted(USER, guest.nickname, TABLE), "5f0c9a1e")
    return (
        Line(True, Hello(sign_ticket(ticket, KEY), "")),
        Line(False, wire.Welcome(USER, guest.nickname, NODE, heartbeat, resume)),
        Line(True, Ping(1)),
        Line(False, wire.Pong(1)),
    )


async def _play(house: House, witness: Witness) -> None:
    """The witness raises before the flop, seat 1 folds then, all else is called or checked to the end."""
    has_raised = False
    for _ in range(TURNS):
        if witness.guest.all(wire.HandEnded):
            return
        player, began = house.to_act(), witness.guest.last(wire.TurnBegan)
        legal = began.turn.legal
        kind, amount = ActionKind.CHECK if legal.can_check else ActionKind.CALL, Krw(0)
        if player is witness.guest:
            if not has_raised:
                kind, amount, has_raised = ActionKind.RAISE_TO, legal.min_raise_to or amount, True
            number = witness.guest.next_id()
            witness.ask(Act(number, TABLE, began.hand_no, began.turn.turn, kind, amount))
        elif began.turn.seat == FOLDS and has_raised and not legal.can_check:
            player.act(ActionKind.FOLD)
        else:
            player.act(kind)
        await settle()
    raise AssertionError("the hand does not end")
