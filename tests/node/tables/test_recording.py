"""The record of a hand, read and played again, gives the same result: whatever was played."""

import re
from collections import Counter
from pathlib import Path
from random import Random

import attrs
import pytest
import trio
from pokerkit import HandHistory
from trio.testing import MockClock

from cardroom.money import Krw
from cardroom.wire.ledger import MAX_RECORD_BYTES
from node.replay import read_hands, replay
from node.settings import AnteSettings, StakeSettings
from tests.node.tables.house import STAKE, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

BIG_BLIND_ANTE = attrs.evolve(
    STAKE, ante=AnteSettings("big_blind", Krw(2_000)), straddle=True, run_it_twice=True
)
PER_SEAT_ANTE = attrs.evolve(STAKE, ante=AnteSettings("per_seat", Krw(300)), run_it_twice=True)


async def played_records(guests: int, hands: int, stake: StakeSettings) -> list[str]:
    """Play at random; players sit out, come back with debts or wait, leave and come again."""
    draw = Random(guests)
    async with open_house(seats=9, shuffle=RecordingShuffle(Random(guests)), stake=stake) as house:
        players = [house.guest(user, DEEP_PURSE) for user in range(1, guests + 1)]
        for player in players:
            player.sit()
            player.straddle(straddles=draw.random() < 0.5)
        await settle()
        play = RandomPlay(house, players, draw)
        for _ in range(hands):
            await come_and_go(house, play)
            await play.play(1)
        assert not house.table.has_crashed
        return [hand.record.decode() for hand in house.ledger.settled]


async def come_and_go(house: House, play: RandomPlay) -> None:
    """Let some players sit out and others come back, now and then one time out."""
    for player in play.players:
        roll = play.draw.random()
        if roll < 0.08:
            player.sit_out()
        elif roll < 0.3:
            player.sit_in(posts_blind=play.draw.random() < 0.7)
        elif roll < 0.32:
            player.leave()
    await settle()
    if play.draw.random() < 0.1:
        await trio.sleep(16)
    for _ in range(20):  # a hand that has begun meanwhile ends by time-outs
        if play.turn() is None:
            return
        await trio.sleep(16)


def what_is_in(record: str) -> set[str]:
    """Name what makes a record more than the simplest."""
    kinds = set(re.findall(r"p\d (\w+) \d+", record))
    kinds |= {"no small blind"} if "small_blind" not in kinds else set()
    return kinds | ({"second board"} if "_second_board = ''" not in record else set())


@pytest.mark.parametrize(
    ("guests", "stake", "has"),
    [
        (2, STAKE, set()),
        (4, STAKE, {"no small blind", "live_blind", "dead_blind"}),
        (6, BIG_BLIND_ANTE, {"big_blind_ante", "straddle", "second board", "live_blind", "dead_blind"}),
        (9, PER_SEAT_ANTE, {"ante", "second board", "no small blind", "live_blind", "dead_blind"}),
    ],
)
async def test_every_record_replays_to_the_same_result(
    autojump_clock: MockClock, tmp_path: Path, guests: int, stake: StakeSettings, has: set[str]
) -> None:
    records = await played_records(guests, 90, stake)
    found, seen = [], Counter[str]()
    for number, record in enumerate(records):
        path = tmp_path / f"{number}.phh"
        path.write_text(record, encoding="utf-8")
        found += [(record, one) for one in replay(list(read_hands(path))).mismatches]
        seen.update(what_is_in(record))
        assert len(record) < MAX_RECORD_BYTES
        HandHistory.loads(record)
    assert found == [], found[0]
    assert len(records) > 40
    assert has <= set(seen), f"not played: {has - set(seen)}"


async def test_a_changed_record_does_not_replay(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Other stacks, a missing action, a bet above the stack: each is found."""
    records = await played_records(6, 12, BIG_BLIND_ANTE)
    path = tmp_path / "hand.phh"
    tried = 0
    for record in records:
        for changed in changes(record):
            path.write_text(changed, encoding="utf-8")
            assert replay(list(read_hands(path))).mismatches, changed
            tried += 1
    assert tried > len(records) * 2


def changes(record: str) -> list[str]:
    """Change what decides money in a record."""
    first_final = re.search(r"finishing_stacks = \[(\d+)", record)
    assert first_final is not None
    more = str(int(first_final[1]) + 1)
    without_last = re.sub(r", 'p\d (f|cc|cbr \d+)'(?!.*'p\d (f|cc|cbr \d+)')", "", record, count=1)
    found = [
        record.replace(f"finishing_stacks = [{first_final[1]}", f"finishing_stacks = [{more}"),
        without_last,
    ]
    found.append(re.sub(r"cbr \d+", "cbr 90000000", record, count=1))
    return [one for one in found if one != record]
