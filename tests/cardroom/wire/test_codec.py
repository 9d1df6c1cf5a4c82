"""Both encodings: the same message comes back, and nothing else is taken for one."""

import contextlib
import json
from typing import Any
from uuid import UUID

import attrs
import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Emote, Emoted, Said
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.notices import DepositNotice, DepositState, WithdrawalNotice, WithdrawalState
from cardroom.wire.player import (
    PLAYER_TAGS,
    Act,
    ActionKind,
    Chat,
    Hello,
    Mute,
    PlayerMessage,
    Prove,
    ShowEmote,
    SitDown,
    player_codec,
)
from cardroom.wire.proof import CardOpening, Openings
from cardroom.wire.protection import RealityCheck
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import TABLE_TAGS, Refused, TableMessage, WaitingListChanged, table_codec
from tests.cardroom.wire.messages import any_of

BINARY = player_codec(Encoding.MSGPACK)
TEXT = player_codec(Encoding.JSON)

ACT = Act(7, TableId(3), 12, 4, ActionKind.RAISE_TO, Krw(6_000))
ACT_BINARY = bytes([0x97, 7, 7, 3, 12, 4, 3, 0xCD, 0x17, 0x70])
ACT_TEXT = b'{"type":"act","action_id":7,"table_id":3,"hand_no":12,"turn":4,"kind":"raise_to","amount":6000}'


def test_golden_bytes_of_an_action() -> None:
    assert BINARY.encode(ACT) == ACT_BINARY
    assert TEXT.encode(ACT) == ACT_TEXT
    assert BINARY.decode(ACT_BINARY) == ACT
    assert TEXT.decode(ACT_TEXT) == ACT
    assert TEXT.decode(ACT_TEXT.decode()) == ACT


def test_golden_bytes_of_a_refusal() -> None:
    refused = Refused(None, Refusal.STALE_TURN)
    assert table_codec(Encoding.JSON).encode(refused) == (
        b'{"type":"refused","request_id":null,"code":"stale_turn"}'
    )
    position = tuple(Refusal).index(Refusal.STALE_TURN)
    assert table_codec(Encoding.MSGPACK).encode(refused) == bytes([0x93, 4, 0xC0, position])


HAND = HandId(UUID(int=5))
OPENING = CardOpening(3, CardCode(51), bytes(16), (bytes(range(32)),))
OPENINGS = Openings(7, TableId(3), 12, HAND, bytes(32), (OPENING,))


@pytest.mark.parametrize(
    ("message", "binary", "text"),
    [
        (
            Chat(7, TableId(3), "gg 👍"),
            b"\x94\x11\x07\x03\xa7gg \xf0\x9f\x91\x8d",
            '{"type":"chat","request_id":7,"table_id":3,"text":"gg 👍"}',
        ),
        (
            ShowEmote(7, TableId(3), Emote.WOW),
            b"\x94\x12\x07\x03\x05",
            '{"type":"show_emote","request_id":7,"table_id":3,"emote":"wow"}',
        ),
        (
            Mute(7, TableId(3), UserId(9), True),
            b"\x95\x13\x07\x03\x09\xc3",
            '{"type":"mute","request_id":7,"table_id":3,"user_id":9,"is_muted":true}',
        ),
        (
            Prove(7, TableId(3), 12),
            b"\x94\x14\x07\x03\x0c",
            '{"type":"prove","request_id":7,"table_id":3,"hand_no":12}',
        ),
        (
            Said(TableId(3), UserId(9), "Kim", "gg", 1),
            b"\x96\x1b\x03\x09\xa3Kim\xa2gg\x01",
            '{"type":"said","table_id":3,"user_id":9,"nickname":"Kim","text":"gg","unix_ms":1}',
        ),
        (
            Emoted(TableId(3), UserId(9), Emote.CLAP),
            b"\x94\x1c\x03\x09\x0b",
            '{"type":"emoted","table_id":3,"user_id":9,"emote":"clap"}',
        ),
        (
            RealityCheck(TableId(3), 1800, Krw(-500)),
            b"\x94\x21\x03\xcd\x07\x08\xd1\xfe\x0c",
            '{"type":"reality_check","table_id":3,"seated_seconds":1800,"net":-500}',
        ),
        (
            DepositNotice(7, "BTC", "0.001", DepositState.CREDITED, 3, 3, Krw(150_000), None, Krw(248_500)),
            b"\x9a\x22\x07\xa3BTC\xa50.001\x02\x03\x03\xce\x00\x02\x49\xf0\xc0\xce\x00\x03\xca\xb4",
            ('{"type":"deposit_notice","deposit":7,"coin":"BTC","coin_amount":"0.001","state":"credited",'
            '"confirmations":3,"needed":3,"krw_amount":150000,"reason":null,"krw_balance":248500}'),
        ),
        (
            WithdrawalNotice(8, "ETH", WithdrawalState.SENT, Krw(50_000), "0.01", "0xab", None, None),
            b"\x99\x23\x08\xa3ETH\x04\xcd\xc3\x50\xa40.01\xa40xab\xc0\xc0",
            ('{"type":"withdrawal_notice","withdrawal":8,"coin":"ETH","state":"sent","krw_amount":50000,'
            '"coin_amount":"0.01","tx_hash":"0xab","reason":null,"krw_balance":null}'),
        ),
        (
            OPENINGS,
            b"\x97\x1d\x07\x03\x0c\xc4\x10" + HAND.bytes + b"\xc4\x20" + bytes(32)
            + b"\x91\x94\x03\x33\xc4\x10" + bytes(16) + b"\x91\xc4\x20" + bytes(range(32)),
            '{"type":"openings","request_id":7,"table_id":3,"hand_no":12,"hand_id":"' + str(HAND)
            + '","commitment":"' + "00" * 32 + '","openings":[{"position":3,"card":51,"salt":"' + "00" * 16
            + '","path":["' + bytes(range(32)).hex() + '"]}]}',
        ),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_golden_bytes_of_what_concerns_few(message: Any, binary: bytes, text: str) -> None:
    family = player_codec if type(message) in PLAYER_TAGS.values() else table_codec
    for encoding, data in ((Encoding.MSGPACK, binary), (Encoding.JSON, text.encode())):
        codec: Codec[Any] = family(encoding)
        assert codec.encode(message) == data
        assert codec.decode(data) == message


def test_golden_bytes_of_an_event_with_and_without_a_hash() -> None:
    told = WaitingListChanged(TableId(3), 40, 12, waiting=2, state_hash=bytes(range(8)))
    assert table_codec(Encoding.MSGPACK).encode(told) == bytes(
        [0x96, 24, 3, 40, 12, 0xC4, 8, 0, 1, 2, 3, 4, 5, 6, 7, 2]
    )
    assert table_codec(Encoding.JSON).encode(told) == (
        b'{"type":"waiting_list_changed","table_id":3,"table_seq":40,"hand_no":12,'
        b'"state_hash":"0001020304050607","waiting":2}'
    )
    plain = attrs.evolve(told, state_hash=None)
    assert table_codec(Encoding.MSGPACK).encode(plain) == bytes([0x96, 24, 3, 40, 12, 0xC0, 2])
    assert b'"state_hash":null' in table_codec(Encoding.JSON).encode(plain)


@pytest.mark.parametrize("tags", [PLAYER_TAGS, TABLE_TAGS])
def test_every_member_of_a_family_has_one_tag(tags: dict[int, type]) -> None:
    family = PlayerMessage if tags is PLAYER_TAGS else TableMessage
    assert set(tags.values()) == set(family.__args__)
    assert len(set(tags.values())) == len(tags)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**64, 10**400])
def test_a_number_that_nobody_could_pass_on_is_malformed(number: int) -> None:
    for field in ("action_id", "table_id", "hand_no", "turn", "amount"):
        said = json.loads(ACT_TEXT) | {field: number}
        with pytest.raises(Malformed) as malformed:
            TEXT.decode(json.dumps(said))
        assert malformed.value.code is Refusal.MALFORMED
    if 0 < number < 2**64:
        with pytest.raises(Malformed):
            BINARY.decode(msgpack.packb([7, number, 3, 12, 4, 3, 6_000]))


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_a_number_of_64_bits_comes_back(number: int) -> None:
    act = attrs.evolve(ACT, action_id=number)
    assert TEXT.decode(TEXT.encode(act)) == BINARY.decode(BINARY.encode(act)) == act


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("tags", [PLAYER_TAGS, TABLE_TAGS], ids=["player", "table"])
@given(data=st.data())
@settings(max_examples=60)
def test_every_message_comes_back(encoding: Encoding, tags: dict[int, type], data: st.DataObject) -> None:
    codec: Any = player_codec(encoding) if tags is PLAYER_TAGS else table_codec(encoding)
    kind = data.draw(st.sampled_from(sorted(tags.values(), key=lambda kind: kind.__name__)))
    message = data.draw(any_of(kind))
    assert codec.decode(codec.encode(message)) == message


GOOD = json.loads(ACT_TEXT)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Refusal.MALFORMED),
        (b"\xff\xfe", Refusal.MALFORMED),
        (b"[]", Refusal.MALFORMED),
        (b"null", Refusal.MALFORMED),
        (b'{"kind":"fold"}', Refusal.MALFORMED),
        (b'{"type":7}', Refusal.MALFORMED),
        (b'{"type":"win_everything"}', Refusal.UNKNOWN_MESSAGE),
        (json.dumps(GOOD | {"extra": 1}).encode(), Refusal.MALFORMED),
        (json.dumps({k: v for k, v in GOOD.items() if k != "turn"}).encode(), Refusal.MALFORMED),
        (json.dumps(GOOD | {"turn": "4"}).encode(), Refusal.MALFORMED),
        (json.dumps(GOOD | {"turn": True}).encode(), Refusal.MALFORMED),
        (json.dumps(GOOD | {"turn": 4.0}).encode(), Refusal.MALFORMED),
        (json.dumps(GOOD | {"kind": "bluff"}).encode(), Refusal.MALFORMED),
        (b'{"type":"ping","number":NaN}', Refusal.MALFORMED),
        (b'{"type":"ping","number":' + b"9" * 4300 + b"}", Refusal.TOO_LARGE),
        (b'{"type":"hello","ticket":"\\ud800","invitation":""}', Refusal.MALFORMED),
        (b'{"type":"hello","ticket":"t","invitation":"\\ud800"}', Refusal.MALFORMED),
        (b'{"type":"hello","ticket":"t"}', Refusal.MALFORMED),
        (b"[" * 4096, Refusal.MALFORMED),
        (b" " * 4097, Refusal.TOO_LARGE),
    ],
)
def test_what_is_no_json_message_is_refused_with_a_code(data: bytes, code: Refusal) -> None:
    with pytest.raises(Malformed) as refused:
        TEXT.decode(data)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Refusal.MALFORMED),
        (ACT_BINARY[:-1], Refusal.MALFORMED),
        (ACT_BINARY + b"\x00", Refusal.MALFORMED),
        (msgpack.packb([99, 1]), Refusal.UNKNOWN_MESSAGE),
        (msgpack.packb([2]), Refusal.MALFORMED),
        (msgpack.packb([2, 1, 1]), Refusal.MALFORMED),
        (msgpack.packb([True, 1]), Refusal.MALFORMED),
        (msgpack.packb([2, True]), Refusal.MALFORMED),
        (msgpack.packb([2, "1"]), Refusal.MALFORMED),
        (msgpack.packb([1, b"ticket", ""]), Refusal.MALFORMED),
        (msgpack.packb({"type": "ping"}), Refusal.MALFORMED),
        (msgpack.packb([7, 7, 3, 12, 4, 17, 6000]), Refusal.MALFORMED),
        (b"\x91" * 4096, Refusal.MALFORMED),
        (b"\xdd\xff\xff\xff\xff", Refusal.MALFORMED),
        (b"\xc0" * 4097, Refusal.TOO_LARGE),
    ],
)
def test_what_is_no_binary_message_is_refused_with_a_code(data: bytes, code: Refusal) -> None:
    with pytest.raises(Malformed) as refused:
        BINARY.decode(data)
    assert refused.value.code is code


def test_text_is_no_binary_message() -> None:
    with pytest.raises(Malformed):
        BINARY.decode("[2,1]")


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_random_bytes_never_raise_anything_else(data: bytes) -> None:
    for codec in (BINARY, TEXT):
        with contextlib.suppress(Malformed):
            codec.decode(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
@settings(max_examples=300)
def test_random_values_never_raise_anything_else(value: object) -> None:
    with contextlib.suppress(Malformed):
        TEXT.decode(json.dumps({"type": "act", "turn": value}))


def test_a_message_of_ours_over_the_limit_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="Hello has"):
        TEXT.encode(Hello("x" * 5000, ""))


def test_a_missing_value_stays_missing_and_is_not_zero() -> None:
    anywhere = SitDown(1, TableId(2), None, Krw(80_000), posts_blind=True)
    first = attrs.evolve(anywhere, seat=SeatIndex(0))
    for codec in (BINARY, TEXT):
        assert codec.decode(codec.encode(anywhere)) == anywhere
        assert codec.decode(codec.encode(first)) == first
