"""A hand's record is TOML that other programs read."""

import tomllib
from uuid import UUID

import attrs

from cardroom.handrecord.record import HandRecord, RecordedPlayer, RecordedRake, checksum_of, write_phh
from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.money import BasisPoints, Krw

RECORD = HandRecord(
    table_id=TableId(3),
    hand_id=HandId(UUID(int=7)),
    hand_no=12,
    started_unix_ms=1_700_000_000_000,
    button=SeatIndex(0),
    big_blind=Krw(2_000),
    players=(
        RecordedPlayer(UserId(1), SeatIndex(4), Krw(200_000), Krw(199_000)),
        RecordedPlayer(UserId(2), SeatIndex(5), Krw(90_000), Krw(91_000)),
    ),
    blinds=(Krw(1_000), Krw(2_000)),
    antes=(Krw(0), Krw(200)),
    posts=("p1 small_blind 1000", "p2 big_blind 2000", "p2 dead_blind 200"),
    actions=("d dh p1 AsKs", "d dh p2 2c7d", "p1 f"),
    runs_twice=True,
    second_board="KcQc",
    rake=RecordedRake(Krw(0), BasisPoints(500), Krw(6_000)),
    commitment=bytes(range(32)),
)


def test_it_is_toml_with_the_keys_of_phh() -> None:
    document = tomllib.loads(write_phh(RECORD))
    assert document["variant"] == "NT"
    assert document["starting_stacks"] == [200_000, 90_000]
    assert document["finishing_stacks"] == [199_000, 91_000]
    assert document["blinds_or_straddles"] == [1_000, 2_000]
    assert document["antes"] == [0, 200]
    assert document["seats"] == [5, 6]
    assert document["actions"] == ["d dh p1 AsKs", "d dh p2 2c7d", "p1 f"]
    assert document["_hand_id"] == str(UUID(int=7))
    assert document["_user_ids"] == [1, 2]
    assert document["_posts"] == ["p1 small_blind 1000", "p2 big_blind 2000", "p2 dead_blind 200"]
    assert document["_second_board"] == "KcQc"
    assert document["_run_it_twice"] is True
    assert document["_commitment"] == bytes(range(32)).hex()
    assert [document[key] for key in ("_rake", "_rake_basis_points", "_rake_cap")] == [0, 500, 6_000]


def test_who_was_not_asked_has_not_decided() -> None:
    document = tomllib.loads(write_phh(attrs.evolve(RECORD, runs_twice=None, second_board="")))
    assert "_run_it_twice" not in document
    assert "_second_board" not in document


def test_the_checksum_is_of_the_values_not_of_the_text() -> None:
    document = tomllib.loads(write_phh(RECORD))
    backwards = dict(reversed(document.items()))
    assert checksum_of(document) == checksum_of(backwards) == document["_checksum"]
    for key in document:
        if key != "_checksum":
            assert checksum_of({**document, key: "another"}) != document["_checksum"]
