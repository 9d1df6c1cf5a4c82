"""The record of a hand, read and played again, gives the same result: whatever was played."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from uuid import UUID

import attrs
import pytest
import trio
from attrs import define, field
from pokerkit import HandHistory
from trio.testing import MockClock

from cardroom.handrecord.deck_proof import HASH_BYTES, SALTS_BYTES
from cardroom.handrecord.reading import UnreadableError
from cardroom.handrecord.record import write_phh
from cardroom.ids import HandId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import BasisPoints, Krw
from cardroom.wire.ledger import MAX_RECORD_BYTES, LedgerTable
from node.replay import RecordedHand, read_hands, replay
from node.rules.actions import Action, AllIn, Call, Check, Fold, RaiseTo
from node.rules.blinds import AnteKind, Deal, HandRules
from node.rules.cards import FULL_DECK
from node.rules.events import ActionTaken, Event, HandEnded, Posted, RunItTwiceDecided
from node.rules.hand import Hand, Step, agree_run_twice, apply, mark_leaving, settlement, start, time_out
from node.rules.rake import NO_RAKE, rake_rule
from node.rules.seating import (
    Seating,
    add_chips,
    after_hand,
    empty_table,
    next_deal,
    remove_player,
    seat_player,
    set_straddle,
    sit_in,
    sit_out,
)
from node.settings import AnteSettings, StakeSettings, TableLimits
from node.tables.deck import CommittedDeck
from node.tables.game import make_game
from node.tables.hand_in_play import HandInPlay
from node.tables.recording import record_hand
from tests.node.tables.house import STAKE, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

BIG_BLIND_ANTE = attrs.evolve(
    STAKE, ante=AnteSettings("big_blind", Krw(2_000)), straddle=True, run_it_twice=True
)
PER_SEAT_ANTE = attrs.evolve(STAKE, ante=AnteSettings("per_seat", Krw(300)), run_it_twice=True)
LEDGER_TABLE = LedgerTable(TableId(1), "Han", "1000/2000", 9, False, None, 0, (), "", ())


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


def what_is_said(record: str) -> set[str]:
    """Name what makes a record more than the simplest."""
    kinds = set(re.findall(r"p\d (\w+) \d+", record))
    kinds |= {"no small blind"} if "small_blind" not in kinds else set()
    return kinds | ({"second board"} if "_second_board" in record else set())


@pytest.mark.parametrize(
    ("guests", "stake", "has"),
    [
        (2, STAKE, set()),
        (4, STAKE, {"live_blind"}),
        (6, BIG_BLIND_ANTE, {"big_blind_ante", "straddle", "second board", "live_blind"}),
        (9, PER_SEAT_ANTE, {"ante", "second board", "live_blind"}),
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
        seen.update(what_is_said(record))
        assert len(record) < MAX_RECORD_BYTES
        HandHistory.loads(record)
    assert found == [], found[0]
    assert len(records) > 40
    assert has <= set(seen), f"not played: {has - set(seen)}"


BLINDS = ((1_000, 2_000), (1, 2), (500, 500), (300, 1_000))
DEEP = (1, 3, 12, 60, 300)


@define
class RandomTable:
    """A table without tasks: the real rules between hands and within them, and everything that players do."""

    draw: Random
    rules: HandRules
    seating: Seating
    records: list[str] = field(factory=list)
    deals: list[Deal] = field(factory=list)
    seen: Counter[str] = field(factory=Counter)

    def play(self, hands: int) -> None:
        for _ in range(hands):
            for seat in range(len(self.seating.seats)):
                self.seating = self.come_and_go(SeatIndex(seat))
            deal = next_deal(self.seating, self.rules)
            if deal is not None:
                self.play_hand(deal)

    def come_and_go(self, seat: SeatIndex) -> Seating:
        """Let a seat be taken, left, sat out or in, topped up, or let it be."""
        roll, posts = self.draw.random(), self.draw.random() < 0.7
        if self.seating.seats[seat] is None:
            return seat_player(self.seating, seat, self.stack(), posts=posts) if roll < 0.5 else self.seating
        if roll < 0.05:
            return remove_player(self.seating, seat)
        if roll < 0.18:
            return sit_out(self.seating, seat)
        if roll < 0.5:
            return sit_in(self.seating, seat, posts=posts)
        if roll < 0.6 or self.seating.occupant(seat).stack == 0:
            return add_chips(self.seating, seat, self.stack())
        return set_straddle(self.seating, seat, straddles=roll < 0.9)

    def stack(self) -> Krw:
        return Krw(self.draw.randint(1, self.rules.big_blind * self.draw.choice(DEEP)))

    def play_hand(self, deal: Deal) -> None:
        hand, events = start(self.rules, deal, tuple(self.draw.sample(FULL_DECK, len(FULL_DECK))))
        happened = list(events)
        while not hand.is_over:
            hand, events = self.step(hand)
            happened += events
        self.records.append(write(deal, hand, happened, len(self.records) + 1))
        self.deals.append(attrs.evolve(deal, missed_big_blind=(), missed_small_blind=()))
        self.seen.update(what_is_in(deal, happened))
        self.seating = after_hand(self.seating, deal, settlement(hand))
        for seat in hand.leaving:
            self.seating = remove_player(self.seating, seat)

    def step(self, hand: Hand) -> Step:
        """Do anything that can come now."""
        seat, roll = hand.seat_to_act, self.draw.random()
        if roll < 0.02:
            return mark_leaving(hand, self.draw.choice(hand.players).seat)
        if seat is None:
            return agree_run_twice(hand, roll < 0.7)
        if roll < 0.08:
            return time_out(hand, seat)
        return apply(hand, seat, self.action(hand))

    def action(self, hand: Hand) -> Action:
        legal = hand.legal
        assert legal is not None
        actions: list[Action] = [Check() if legal.can_check else Call()] * 6
        actions += [Fold()] * (1 if legal.can_check else 2)
        if legal.min_raise_to is not None and legal.max_raise_to is not None:
            amount = self.draw.randint(legal.min_raise_to, legal.max_raise_to)
            actions += [RaiseTo(legal.min_raise_to), RaiseTo(Krw(amount)), AllIn()]
        return self.draw.choice(actions)


def write(deal: Deal, hand: Hand, happened: list[Event], number: int) -> str:
    """Write a hand's record as the table does."""
    players = {player.seat: UserId(player.seat + 100) for player in deal.players}
    rules, deck = hand.setup.rules, bytes(hand.setup.deck)
    play = HandInPlay(
        hand_no=number,
        deck=CommittedDeck(HandId(UUID(int=number)), deck, bytes(SALTS_BYTES), bytes(HASH_BYTES)),
        started_unix_ms=1_700_000_000_000,
        deal=deal,
        players=players,
        hand=hand,
        events=happened,
    )
    game = attrs.evolve(make_game(LEDGER_TABLE, ShardId(0), STAKE, TableLimits()), rules=rules)
    return write_phh(record_hand(play, game, settlement(hand)))


def what_is_in(deal: Deal, happened: list[Event]) -> set[str]:
    """Name what makes a hand more than the simplest."""
    nominal = {(post.seat, post.kind): post.amount for post in deal.posts}
    found = {post.kind.value for post in deal.posts} | {f"{len(deal.players)} players"}
    found |= {"no small blind"} if deal.small_blind is None else set()
    found |= {"empty button"} if deal.button not in {player.seat for player in deal.players} else set()
    for event in happened:
        match event:
            case Posted(seat, kind, amount, _, _) if amount < nominal[seat, kind]:
                found.add(f"short {kind.value}")
            case ActionTaken(_, kind, _, _, _, _, cause):
                found.add(f"{kind.value} by {cause.value}")
            case RunItTwiceDecided(twice):
                found.add("twice" if twice else "asked, but once")
            case HandEnded(settled):
                found |= {"rake"} if settled.rake else set()
                found |= {"side pot"} if any(award.pot for award in settled.awards) else set()
            case _:
                pass
    return found


def random_table(seed: int) -> RandomTable:
    """Give a table of any stake and size."""
    draw = Random(seed)
    small, big = draw.choice(BLINDS)
    kind = draw.choice(list(AnteKind))
    rules = HandRules(
        small_blind=Krw(small),
        big_blind=Krw(big),
        ante=Krw(0 if kind is AnteKind.NONE else draw.randint(1, big)),
        ante_kind=kind,
        straddle=draw.random() < 0.5,
        run_it_twice=draw.random() < 0.6,
        rake=rake_rule(BasisPoints(draw.choice([0, 333, 500])), 3, Krw(big)),
        heads_up_rake=rake_rule(BasisPoints(250), 1, Krw(big)),
    )
    return RandomTable(draw, rules, empty_table(draw.randint(2, 9)))


def as_file(records: Sequence[str]) -> str:
    """Put several hands into one text, as PHH does."""
    return "\n".join(f"[{number}]\n{record}" for number, record in enumerate(records, start=1))


def read(folder: Path, records: Sequence[str]) -> list[RecordedHand]:
    path = folder / "hands.phhs"
    path.write_text(as_file(records), encoding="utf-8")
    return list(read_hands(path))


def test_random_tables_play_again_to_the_same_result(tmp_path: Path) -> None:
    """Hundreds of tables: positions and posts come back as they were dealt, and the same result comes out."""
    seen = Counter[str]()
    hands = 0
    for seed in range(400):
        table = random_table(seed)
        table.play(8)
        recorded = read(tmp_path, table.records) if table.records else []
        assert [hand.deal for hand in recorded] == table.deals
        assert replay(recorded).mismatches == (), f"table {seed}"
        hands += len(recorded)
        seen += table.seen
    assert hands > 2_000
    wanted = [
        *["ante", "big_blind_ante", "straddle", "live_blind", "dead_blind", "no small blind", "empty button"],
        *[f"short {kind}" for kind in ("ante", "small_blind", "big_blind", "live_blind", "dead_blind")],
        *["check by time_out", "fold by time_out", "fold by leaving", "bet by player", "raise by player"],
        *["twice", "asked, but once", "side pot", "rake", "2 players", "5 players", "8 players"],
    ]
    assert [what for what in wanted if seen[what] < 5] == []


def test_other_programs_read_our_records() -> None:
    """pokerkit reads every record, and comes to our stacks where its rules are ours: heads-up antes too."""
    agreed = Counter[int]()
    for seed in range(150):
        table = random_table(seed)
        table.rules = attrs.evolve(table.rules, rake=NO_RAKE, heads_up_rake=NO_RAKE, run_it_twice=False)
        if table.rules.small_blind == table.rules.big_blind:
            continue  # pokerkit takes another player for the big blind
        table.play(4)
        for record, deal in zip(table.records, table.deals, strict=True):
            history = HandHistory.loads(record)
            assert len(history.user_defined_fields["_posts"]) == len(deal.posts)
            if min(player.stack for player in deal.players) < 10 * table.rules.big_blind:
                continue  # short posts and short all-ins are played differently
            try:
                *_, end = history
            except UserWarning:
                continue  # a fold for nothing
            assert end.stacks == history.finishing_stacks, record
            agreed[len(deal.players)] += 1
    assert min(agreed[2], agreed[3]) > 9


def test_the_longest_hands_fit_into_a_record(tmp_path: Path) -> None:
    """Nine players, the smallest raises for twice the largest buy-in with seven calls each, two boards."""
    table = random_table(0)
    table.rules = HandRules(
        small_blind=Krw(1_000_000), big_blind=Krw(2_000_000), run_it_twice=True, straddle=True
    )
    table.seating = empty_table(9)
    for seat in range(9):
        table.seating = seat_player(table.seating, SeatIndex(seat), Krw(400_000_000))
    deal = next_deal(table.seating, table.rules)
    assert deal is not None
    hand, events = start(table.rules, deal, FULL_DECK)
    happened, calls = list(events), 0
    while not hand.is_over:
        legal = hand.legal
        if legal is None:
            hand, events = agree_run_twice(hand, True)
        elif calls == 7 and legal.min_raise_to is not None:
            hand, events = apply(hand, legal.seat, RaiseTo(legal.min_raise_to))
            calls = 0
        else:
            hand, events = apply(hand, legal.seat, Call() if legal.call_amount else Check())
            calls += 1
        happened += events
    record = write(deal, hand, happened, 1)
    assert record.count("cbr") > 190
    assert "_second_board" in record
    assert len(record) < MAX_RECORD_BYTES / 2
    assert replay(read(tmp_path, [record])).mismatches == ()


def judge(folder: Path, record: str) -> bool:
    """Say whether a record is read and agrees."""
    try:
        return not replay(read(folder, [record])).mismatches
    except UnreadableError:
        return False


def test_what_decides_money_cannot_be_changed(tmp_path: Path) -> None:
    """An action left out, a post or a stack of another amount: found by the rules, without the checksum."""
    tried = 0
    for record in some_records():
        bare = re.sub(r"_checksum = \d+\n", "", record)
        assert judge(tmp_path, bare)
        for changed in [*dropped_actions(bare), *changed_posts_and_stacks(bare)]:
            assert not judge(tmp_path, changed), changed
            tried += 1
    assert tried > 500


def test_nothing_at_all_can_be_changed_unseen(tmp_path: Path) -> None:
    """Any number or card, also a folded one or a bet that nobody called: the checksum tells."""
    tried = 0
    for record in some_records():
        for found in re.finditer(r"[0-9]+|(?<=[ '2-9TJQKAcdhs])[2-9TJQKA][cdhs]", record):
            other = str(int(found[0]) + 1) if found[0].isdigit() else {"As": "Kd"}.get(found[0], "As")
            assert not judge(tmp_path, record[: found.start()] + other + record[found.end() :]), found
            tried += 1
    assert tried > 500


def some_records() -> Iterator[str]:
    for seed in range(25):
        table = random_table(seed)
        table.play(3)
        yield from table.records[-1:]


def dropped_actions(record: str) -> Iterator[str]:
    """Leave out one action after the other."""
    for found in re.finditer(r"'(p\d|d) [^']*'(, )?", record[: record.index("seats =")]):
        yield record[: found.start()] + record[found.end() :]


def changed_posts_and_stacks(record: str) -> Iterator[str]:
    """Add one to an amount after the other."""
    keys = "antes|blinds_or_straddles|min_bet|starting_stacks|finishing_stacks|_posts|_rake"
    for line in re.finditer(rf"^({keys}) = .*$", record, re.MULTILINE):
        for found in re.finditer(r"(?<=[ \[])\d+", line[0]):
            before, after = line.start() + found.start(), line.start() + found.end()
            yield record[:before] + str(int(found[0]) + 1) + record[after:]
