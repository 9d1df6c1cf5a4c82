from random import Random

import trio
import trio.testing

from cardroom.money import Krw
from node.tables.tempo import PACE_TURNS, POTS, QUIET_SECONDS, RHYTHM_HANDS, Rhythm, Tempo
from tests.node.tables.house import open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle


def played(*seconds: float) -> Rhythm:
    """Play a hand at 1000, and others so long after the one before."""
    rhythm, now = Rhythm().after_hand(1000.0), 1000.0
    for one in seconds:
        now += one
        rhythm = rhythm.after_hand(now)
    return rhythm


def test_hands_an_hour_are_known_from_the_second_hand_on() -> None:
    assert Rhythm().hands_per_hour(5.0) == 0
    assert played().hands_per_hour(1001.0) == 0
    assert played(60.0).hands_per_hour(1061.0) == 60
    assert played(*[48.0] * 9).hands_per_hour(played(*[48.0] * 9).last_at) == 75


def test_hands_an_hour_follow_the_last_hands_and_are_rounded() -> None:
    faster = played(*[60.0] * 20, *[30.0] * RHYTHM_HANDS)
    assert 80 <= faster.hands_per_hour(faster.last_at) <= 105
    assert [played(3600 / rate).hands_per_hour(0.0) for rate in (13, 57, 184, 1234, 98_765)] == [
        13, 55, 185, 1200, 99_000,
    ]  # fmt: skip


def test_hands_an_hour_fall_by_themselves_and_end() -> None:
    rhythm = played(*[60.0] * 9)
    told = [rhythm.hands_per_hour(rhythm.last_at + seconds) for seconds in (0, 60, 120, 300, QUIET_SECONDS)]
    assert told == [60, 60, 30, 12, 6]
    assert rhythm.hands_per_hour(rhythm.last_at + QUIET_SECONDS + 1) == 0


def test_a_quiet_time_is_no_part_of_the_rhythm() -> None:
    rhythm = played(60.0, QUIET_SECONDS + 1)
    assert rhythm.hands_per_hour(rhythm.last_at) == 0
    rhythm = played(60.0, QUIET_SECONDS + 1, 30.0)
    assert rhythm.hands_per_hour(rhythm.last_at) == 120


def test_the_average_pot_is_that_of_the_newest_settled_hands() -> None:
    tempo = Tempo()
    tempo.hand_ended(1, Krw(1_000), 1.0)
    tempo.hand_ended(2, Krw(2_001), 2.0)
    assert tempo.average_pot == 0
    tempo.settled_up_to(1)
    assert tempo.average_pot == 1_000
    tempo.settled_up_to(2)
    tempo.settled_up_to(2)
    assert tempo.average_pot == 1_500
    for number in range(3, 3 + POTS):
        tempo.hand_ended(number, Krw(700), float(number))
    tempo.settled_up_to(2 + POTS)
    assert tempo.average_pot == 700


def test_the_pace_is_the_mean_time_for_a_turn() -> None:
    tempo = Tempo()
    assert tempo.pace_ms == 0
    tempo.turn_ended(1.0)
    tempo.turn_ended(2.02)
    assert tempo.pace_ms == 1_600
    for _ in range(8 * PACE_TURNS):
        tempo.turn_ended(4.0)
    assert tempo.pace_ms == 4_000


async def test_a_table_that_plays_shows_its_tempo(autojump_clock: trio.testing.MockClock) -> None:
    draw = Random(5)
    async with open_house(shuffle=RecordingShuffle(draw)) as house:
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 5)]
        for player in players:
            player.sit()
        await settle()
        before = house.table.entry.summary
        assert (before.average_pot, before.hands_per_hour, before.pace_ms) == (0, 0, 0)
        began = trio.current_time()
        await RandomPlay(house, players, draw).play(12)
        await settle()
        now = house.table.entry.summary
        assert now.hand_no >= 12
        assert now.average_pot >= house.table.seats.game.rules.small_blind
        hours = (trio.current_time() - began) / 3600
        assert 0.2 * now.hand_no / hours < now.hands_per_hour < 5 * now.hand_no / hours
        assert 0 <= now.pace_ms <= house.table.seats.game.turn_seconds * 1000
