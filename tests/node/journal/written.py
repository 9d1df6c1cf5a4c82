"""Deals, memories and talk as a journal may have them: examples with every field, and any at all."""

from enum import Enum
from hashlib import sha256
from typing import Any
from uuid import UUID

import attrs
from attrs import evolve
from hypothesis import strategies as st

from cardroom.ids import CommandId, HandId, SeatIndex, TableId, UserId
from cardroom.money import BasisPoints, Krw
from cardroom.wire.chat import Said
from cardroom.wire.player import SitDown, TopUp
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import LeaveReason
from node.journal.deals import DealEntry, DealtPlayer
from node.journal.memory import (
    AnsweredRequest,
    BuyInUnderWay,
    ChipsUnderWay,
    MutedMemory,
    OfferMemory,
    PlayerMemory,
    SilencedMemory,
    SpareMemory,
    TableMemory,
    TalkMemory,
)
from node.rules.blinds import AnteKind, Deal, DealtSeat, HandRules, Post, PostKind
from node.rules.rake import RakeRule
from node.rules.seating import Occupant, Seating
from tests.cardroom.wire.messages import any_of

TABLE = TableId(3)
FIRST, SECOND = SeatIndex(0), SeatIndex(1)
HAND, BEFORE = HandId(UUID(int=5)), HandId(UUID(int=4))

RULES = HandRules(
    small_blind=Krw(1_000),
    big_blind=Krw(2_000),
    ante=Krw(200),
    ante_kind=AnteKind.PER_SEAT,
    straddle=True,
    rake=RakeRule(BasisPoints(500), Krw(6_000)),
    heads_up_rake=RakeRule(BasisPoints(250), Krw(2_000)),
    run_it_twice=True,
)
DEAL = DealEntry(
    hand_id=HAND,
    hand_no=8,
    previous_hand_id=BEFORE,
    started_unix_ms=1_700_000_000_000,
    rules=RULES,
    deal=Deal(
        FIRST,
        None,
        SECOND,
        (DealtSeat(SECOND, Krw(90_000)), DealtSeat(FIRST, Krw(80_000))),
        (Post(SECOND, PostKind.ANTE, Krw(200)), Post(SECOND, PostKind.BIG_BLIND, Krw(2_000))),
        missed_big_blind=(SeatIndex(4),),
        missed_small_blind=(SeatIndex(5),),
    ),
    players=(DealtPlayer(SECOND, UserId(12)), DealtPlayer(FIRST, UserId(11))),
    sealed_deck=b"sealed",
)
TOP_UP = TopUp(9, TABLE, Krw(10_000))
PLAYER = PlayerMemory(
    user_id=UserId(11),
    nickname="김",
    seat=FIRST,
    escrow=Krw(80_000),
    arriving=Krw(1),
    buy_in=BuyInUnderWay(SitDown(1, TABLE, FIRST, Krw(80_000), posts_blind=True), CommandId(UUID(int=1))),
    top_up=ChipsUnderWay(Krw(10_000), TOP_UP, CommandId(UUID(int=2))),
    paying_out=CommandId(UUID(int=3)),
    answered=(AnsweredRequest(TOP_UP, Refusal.INSUFFICIENT_FUNDS), AnsweredRequest(TOP_UP, None)),
    sits_out_at_first=True,
    straddles=False,
    posts_blind=True,
    sits_out_at_big_blind=False,
    leaves_after_hand=True,
    is_leaving=False,
    leave_reason=LeaveReason.MISSED_BLINDS,
    auto_top_up_to=Krw(200_000),
    address="192.0.2.1",
    spare=SpareMemory(bank_ms=30_000, breaks=1, used_in_hand=7, hands=20),
    time_outs=1,
    ends_for=Refusal.SESSION_LIMIT,
    sat_unix_ms=1_700_000_000_000,
    brought=Krw(90_000),
)
OCCUPANT = Occupant(
    Krw(80_000),
    is_sitting_out=True,
    posts_to_enter=False,
    owes_big_blind=True,
    owes_small_blind=False,
    missed_big_blinds=2,
    straddles=True,
)
MEMORY = TableMemory(
    run="0123abcd",
    seating=Seating((OCCUPANT, None), FIRST, SECOND, None),
    players=(PLAYER,),
    settled_hand_id=BEFORE,
    settled_hand_no=7,
    waiting=(UserId(21), UserId(22)),
    offers=(OfferMemory(SECOND, UserId(21), 4_500),),
    invited=(UserId(31),),
)
TALK = TalkMemory(
    lines=(Said(TABLE, UserId(11), "김", "gg", 1_700_000_000_000),),
    muted=(MutedMemory(UserId(11), (UserId(12),)),),
    silenced=(SilencedMemory(UserId(12), 60_000),),
)


@st.composite
def stakes(draw: st.DrawFn) -> HandRules:
    """Any stake that can be."""
    small = draw(st.integers(1, 2**40))
    kind = draw(st.sampled_from(AnteKind))
    return HandRules(
        small_blind=Krw(small),
        big_blind=Krw(small + draw(st.integers(0, 2**40))),
        ante=Krw(0 if kind is AnteKind.NONE else draw(st.integers(1, 2**40))),
        ante_kind=kind,
        straddle=draw(st.booleans()),
        rake=draw(any_of(RakeRule)),
        heads_up_rake=draw(any_of(RakeRule)),
        run_it_twice=draw(st.booleans()),
    )


@st.composite
def deals(draw: st.DrawFn) -> DealEntry:
    """Any deal, also one that no table would make."""
    return evolve(
        DEAL,
        hand_id=HandId(draw(st.uuids())),
        hand_no=draw(st.integers(1, 2**40)),
        previous_hand_id=draw(any_of(HandId | None)),
        started_unix_ms=draw(st.integers(0, 2**50)),
        rules=draw(stakes()),
        deal=draw(any_of(Deal)),
        players=draw(any_of(tuple[DealtPlayer, ...])),
        sealed_deck=draw(st.binary(max_size=2_000)),
    )


def shape_of(kind: Any, found: dict[str, str] | None = None) -> dict[str, str]:
    """Give what a class of the journal is made of, and the classes in it: fields in order, words in order.

    ``Refusal`` is left out: its words are only ever appended, which another test watches.
    """
    found = {} if found is None else found
    for part in getattr(kind, "__args__", ()):
        shape_of(part, found)
    if not isinstance(kind, type) or kind.__name__ in found:
        return found
    if attrs.has(kind):
        found[kind.__name__] = ", ".join(f"{one.name}: {_word(one.type)}" for one in attrs.fields(kind))
        for one in attrs.fields(kind):
            shape_of(one.type, found)
    elif issubclass(kind, Enum) and kind is not Refusal:
        found[kind.__name__] = ", ".join(str(one.value) for one in kind)
    return found


def _word(kind: Any) -> str:
    parts = getattr(kind, "__args__", ())
    if parts:
        return f"({' '.join(map(_word, parts))})"
    return "..." if kind is Ellipsis else str(kind.__name__)


def fingerprint(*kinds: Any) -> str:
    """Give a number that is another one when anything of these classes is."""
    shapes = [f"{name}({made_of})" for kind in kinds for name, made_of in sorted(shape_of(kind).items())]
    return sha256("\n".join(shapes).encode()).hexdigest()[:16]
