"""Random histories of two workers that crash, sleep and take over, and of a node that repeats and reorders.

The oracle is a sheet of paper: whatever the node was told, each command once, is where the money is.
"""

from collections import defaultdict
from random import Random
from uuid import UUID

import trio
from attrs import define, evolve, field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardroom.ids import CommandId, Epoch, ShardId
from cardroom.service.postgres import Postgres, PostgresAway, open_postgres
from cardroom.service.settings import PostgresSettings
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CashOut,
    CommandBody,
    HandSettled,
    HoldBuyIn,
    LedgerCommand,
    OpenShard,
    OutOfOrder,
    ReopenTable,
    ReplyBody,
    SettleHand,
    ShardOpened,
    StaleEpoch,
)
from tests.wallet_worker.house import PURSE, REPLIES, House, again, hand_of, hold, leave, open_by, open_house
from tests.wallet_worker.letters import retry_of, void_of
from wallet_worker.ledger.batch import Answer, BatchTools, apply_batch, bury_entry
from wallet_worker.ledger.deadletter import StillFails, retry_letter, void_letter
from wallet_worker.ledger.entries import Entry, Letter, runs_of
from wallet_worker.rules.denials import BooksDisagree
from wallet_worker.store.list_letters import list_letters
from wallet_worker.store.lock_shard import TermLost
from wallet_worker.store.terms import take_term

_NUMBERS = iter(range(20_000, 30_000))
_ESCROW = "SELECT user_id, balance FROM account WHERE kind = 'escrow' AND balance > 0 AND user_id = ANY($1)"
_BUG_CHANCE = 0.04
_CRASHES = ("before its lock", "in its transaction", "between commit and answer", "never", "never", "never")


@define
class Worker:
    """One worker: the term it believes in, and what it has read and not yet answered."""

    name: str
    database: Postgres
    term: int | None = None
    asleep_with: tuple[Entry, ...] = ()


@define
class World:
    """The stream (Redis forgets), what the node has sent, and what it was told first."""

    house: House
    chance: Random
    workers: tuple[Worker, ...]
    stream: list[Letter] = field(factory=list)
    sent: dict[CommandId, LedgerCommand] = field(factory=dict)
    told: dict[CommandId, bytes] = field(factory=dict)
    last_hand: dict[int, SettleHand] = field(factory=dict)

    def send(self, body: CommandBody) -> None:
        command = self.house.command(body)
        self.sent[command.id] = command
        self.append(command)

    def append(self, command: LedgerCommand) -> None:
        letter = self.house.entry(again(command, epoch=self.house.epoch))
        assert isinstance(letter, Letter)
        self.stream.append(letter)

    def hear(self, answers: list[Answer]) -> None:
        """Take replies as the node does: the first that is final counts, and any other must be the same."""
        for answer in answers:
            reply = REPLIES.decode(answer.reply)
            if isinstance(reply.body, ShardOpened):
                self.house.epoch = max(self.house.epoch, reply.body.epoch)
            if not isinstance(reply.body, StaleEpoch | OutOfOrder):
                assert self.told.setdefault(reply.id, answer.reply) == answer.reply

    def outcome(self, command_id: CommandId) -> ReplyBody | None:
        data = self.told.get(command_id)
        return None if data is None else REPLIES.decode(data).body


@frozen
class Sheet:
    """What everybody has, by adding up what was told."""

    wallets: dict[int, int]
    escrow: dict[int, int]

    def apply(self, body: CommandBody) -> None:
        match body:
            case HoldBuyIn(user_id, _, _, amount):
                self.wallets[user_id] -= amount
                self.escrow[user_id] += amount
            case CashOut(user_id, _, _, stack):
                self.wallets[user_id] += stack
                self.escrow[user_id] -= stack
            case SettleHand(results=results):
                for result in results:
                    self.escrow[result.user_id] += result.net


async def _ask(world: World) -> None:
    """Send something about the one table, that may be right or wrong."""
    house, chance = world.house, world.chance
    player, table = chance.randrange(4), house.tables[0]
    user, seat = house.players[player], chance.choice([player, player, player, 0])
    kind = chance.randrange(7)
    if kind < 3:
        world.send(hold(user, table, seat, chance.choice([1, 500, 60_000])))
    elif kind == 3:
        lying = (await house.escrow(0)).get(player, 0)
        world.send(leave(user, table, player, lying + chance.choice([0, 0, 0, 1])))
    else:
        await _deal(world, sorted(await house.escrow(0)))


async def _deal(world: World, seats: list[int]) -> None:
    """Send a hand; now and then of somebody without money there, or after one that is not settled."""
    house, chance = world.house, world.chance
    if len(seats) < 2:
        if chance.random() < 0.95:
            return
        seats = [0, 3]
    loser, winner = chance.sample(seats, 2)
    lost = chance.choice([0, 1, 1, 7])
    nets = [(house.players[loser], loser, -lost), (house.players[winner], winner, lost)]
    before = world.last_hand.get(0)
    if chance.random() < 0.7:
        before = await _last_settled(world)
    world.last_hand[0] = hand_of(house.tables[0], nets, before)
    world.send(world.last_hand[0])


async def _last_settled(world: World) -> SettleHand | None:
    """Give the hand at which the ledger stands, as the node that was told everything knows it."""
    sql = "SELECT last_hand_id FROM game_table WHERE id = $1"
    (row,) = await world.house.rows(sql, world.house.tables[0])
    bodies = [one.body for one in world.sent.values() if isinstance(one.body, SettleHand)]
    return next((body for body in bodies if body.hand_id == row["last_hand_id"]), None)


async def _work(world: World) -> None:
    """Let a worker read and commit, as far as it comes."""
    chance = world.chance
    worker = chance.choice(world.workers)
    if worker.term is None or chance.random() < 0.2:
        await _take_term(world, worker)
    head = tuple(world.stream[: chance.randint(1, 6)])
    run = tuple(next(iter(runs_of(head, 6)), ()))
    if worker.asleep_with and chance.random() < 0.5:
        run, worker.asleep_with = worker.asleep_with, ()
    crash = chance.choice(_CRASHES)
    if not run or crash == "before its lock":
        worker.asleep_with = run
        return
    try:
        answers = await _commit(world, worker, run, crash)
    except (TermLost, PostgresAway):
        worker.term = None
        return
    run = run[: len(answers or ())]
    if answers is not None and crash != "between commit and answer":
        _finish(world, run, answers)


async def _take_term(world: World, worker: Worker) -> None:
    shard = world.house.shard
    await world.house.change(f"UPDATE shard SET term_heartbeat = now() - interval '9 s' WHERE id = {shard}")
    worker.term = await take_term(worker.database, shard, worker.name, 2.0)


async def _commit(world: World, worker: Worker, run: tuple[Entry, ...], crash: str) -> list[Answer] | None:
    tools = evolve(world.house.tools, postgres=worker.database)
    assert worker.term is not None
    cut_after = world.chance.uniform(0.0, 0.02) if crash == "in its transaction" else 30.0
    with trio.move_on_after(cut_after):
        if isinstance(run[0], Letter) and world.chance.random() < _BUG_CHANCE:
            return await bury_entry(tools, world.house.shard, worker.term, run[0], "a bug")
        try:
            return await apply_batch(tools, world.house.shard, worker.term, run)
        except (BooksDisagree, AssertionError):
            return await _serve_singly(tools, world.house.shard, worker.term, run)
    return None


async def _serve_singly(tools: BatchTools, shard: ShardId, term: int, run: tuple[Entry, ...]) -> list[Answer]:
    """Do as the consumer does once its tries are used up."""
    answers: list[Answer] = []
    for letter in run:
        assert isinstance(letter, Letter)
        try:
            answers += await apply_batch(tools, shard, term, [letter])
        except (BooksDisagree, AssertionError) as trouble:
            answers += await bury_entry(tools, shard, term, letter, repr(trouble))
    return answers


def _finish(world: World, run: tuple[Entry, ...], answers: list[Answer]) -> None:
    done = {entry.stream_id for entry in run}
    world.stream = [entry for entry in world.stream if entry.stream_id not in done]
    if world.chance.random() < 0.9:  # else Redis has lost the replies
        world.hear(answers)


async def _disturb(world: World) -> None:
    """Repeat, reorder, lose, or let another start of the node take the shard."""
    chance = world.chance
    match chance.randrange(4):
        case 0:
            for command in chance.sample(list(world.sent.values()), min(3, len(world.sent))):
                world.append(command)
        case 1:
            chance.shuffle(world.stream)
        case 2:
            world.stream = [entry for entry in world.stream if chance.random() < 0.7]
        case 3:
            world.send(open_by(chance.choice([world.house.epoch, world.house.epoch, 0])))


async def _resolve(world: World, sheet: Sheet) -> None:
    """Let an operator end each letter in one way or the other, and the owner begin anew."""
    page = await list_letters(world.house.database, None, 50, with_resolved=False)
    letters = [one for one in page.letters if one["shard"] == world.house.shard]
    for letter in letters:
        number, command = letter["id"], world.sent[CommandId(UUID(letter["command_id"]))]
        try:
            if world.chance.random() < 0.5:
                await retry_letter(world.house.tools, retry_of(number))
                sheet.apply(command.body)
                continue
        except StillFails:
            pass
        paid = (await void_letter(world.house.tools, void_of(number))).document["paid"]
        for seat in paid:
            sheet.apply(leave(seat["user_id"], world.house.tables[0], seat["seat"], seat["amount"]))
    if letters:
        world.last_hand.clear()
        world.send(ReopenTable(world.house.tables[0]))


async def _drain(world: World) -> None:
    """Let a worker that does not crash answer all that has no answer yet."""
    worker = world.workers[0]
    await _take_term(world, worker)
    for _ in range(2):
        row = await world.house.rows("SELECT epoch FROM shard WHERE id = $1", world.house.shard)
        world.house.epoch = Epoch(row[0]["epoch"])
        world.stream.clear()
        for command in world.sent.values():
            if command.id not in world.told and not isinstance(command.body, OpenShard):
                world.append(command)
        while world.stream:
            run = tuple(next(iter(runs_of(world.stream, 6))))
            answers = await _commit(world, worker, run, "never")
            assert answers, "nobody disturbs the last worker"
            world.stream = world.stream[len(answers) :]
            world.hear(answers)


async def _live(world: World, steps: list[int]) -> None:
    sheet = Sheet(defaultdict(int), defaultdict(int))
    for step in steps:
        if step < 5:
            await _ask(world)
        elif step < 12:
            await _work(world)
        elif step < 15:
            await _disturb(world)
        else:
            await _resolve(world, sheet)
    await _drain(world)
    hands: set[object] = set()
    for command in world.sent.values():
        reply = world.outcome(command.id)
        if isinstance(command.body, SettleHand) and command.body.hand_id in hands:
            continue
        if isinstance(reply, BuyInHeld | CashedOut | HandSettled):
            sheet.apply(command.body)
            hands.add(getattr(command.body, "hand_id", None))
    await _compare(world.house, sheet)


async def _compare(house: House, sheet: Sheet) -> None:
    has = {
        user: PURSE - await house.wallet(player) + sheet.wallets[user]
        for player, user in enumerate(house.players)
    }
    assert has == dict.fromkeys(house.players, 0)
    rows = await house.rows(_ESCROW, house.players)
    assert {row["user_id"]: row["balance"] for row in rows} == {
        user: amount for user, amount in sheet.escrow.items() if amount
    }
    await house.assert_sound()


async def _history(owner: PostgresSettings, wallet: PostgresSettings, steps: list[int], seed: int) -> None:
    async with (
        open_postgres(evolve(owner, connections=2)) as as_owner,
        open_postgres(evolve(wallet, connections=2)) as one,
        open_postgres(evolve(wallet, connections=2)) as two,
    ):
        house = await open_house(one, as_owner, ShardId(next(_NUMBERS)))
        await _live(World(house, Random(seed), (Worker("one", one), Worker("two", two))), steps)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(0, 15), min_size=30, max_size=80), seed=st.integers(0, 2**32))
def test_whatever_the_node_was_told_once_is_where_the_money_is(
    owner_settings: PostgresSettings, wallet_settings: PostgresSettings, steps: list[int], seed: int
) -> None:
    trio.run(_history, owner_settings, wallet_settings, steps, seed)
