"""Random histories against a simple model: money is where the model says, and the ledger is sound."""

from random import Random

import trio
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardroom.ids import ShardId
from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings
from cardroom.wire.ledger import BuyInHeld, CashedOut, HandSettled, LedgerCommand, ReplyBody, SettleHand
from tests.wallet_worker.house import PURSE, House, again, hand_of, hold, leave, open_by, open_house
from wallet_worker.store.terms import take_term

_NUMBERS = iter(range(10_000))


@define
class Model:
    """What every player has, as somebody keeps it on a sheet of paper."""

    wallets: list[int] = field(factory=lambda: [PURSE] * 4)
    stacks: dict[int, int] = field(factory=dict)
    rake: int = 0
    last: SettleHand | None = None


async def _step(house: House, model: Model, chance: Random) -> list[LedgerCommand]:
    """Do one thing and give the commands that did it; the model follows the answer."""
    player = chance.randrange(4)
    user, table, stack = house.players[player], house.tables[0], model.stacks.get(player, 0)
    if chance.random() < 0.4:
        amount = chance.choice([1, 500, 60_000])
        command = house.command(hold(user, table, player, amount))
        (reply,) = await house.send(command)
        assert isinstance(reply, BuyInHeld) is (amount <= model.wallets[player])
        if isinstance(reply, BuyInHeld):
            model.wallets[player] -= amount
            model.stacks[player] = stack + amount
    elif chance.random() < 0.3:
        claimed = stack + chance.choice([0, 0, 1])
        command = house.command(leave(user, table, player, claimed))
        (reply,) = await house.send(command)
        if isinstance(reply, CashedOut):
            assert claimed == stack
            model.wallets[player] += stack
            model.stacks.pop(player, None)
    else:
        return await _deal(house, model, chance)
    return [command]


async def _deal(house: House, model: Model, chance: Random) -> list[LedgerCommand]:
    seated = [player for player, stack in model.stacks.items() if stack > 0]
    if len(seated) < 2:
        return []
    loser, winner = chance.sample(seated, 2)
    lost = chance.randint(1, model.stacks[loser])
    rake = min(lost, chance.randint(0, 3))
    nets = [(house.players[loser], loser, -lost), (house.players[winner], winner, lost - rake)]
    hand = hand_of(house.tables[0], nets, model.last)
    command = house.command(hand)
    assert isinstance((await house.send(command))[0], HandSettled)
    model.stacks[loser] -= lost
    model.stacks[winner] += lost - rake
    model.rake += rake
    model.last = hand
    return [command]


async def _play(house: House, chance: Random) -> None:
    model = Model()
    answered: list[tuple[LedgerCommand, ReplyBody]] = []
    for _ in range(25):
        for command in await _step(house, model, chance):
            (first,) = await house.send(command)
            answered.append((command, first))
        if answered and chance.random() < 0.3:
            await _repeat_some(house, answered, chance)
        if chance.random() < 0.15:
            await _restart(house, chance)
    assert [await house.wallet(player) for player in range(4)] == model.wallets
    assert await house.escrow(0) == {seat: stack for seat, stack in model.stacks.items() if stack}
    rake = "SELECT coalesce(sum(balance), 0) FROM account WHERE kind = 'rake' AND shard = $1"
    assert await house.number(rake, house.shard) == model.rake
    await house.assert_sound()


async def _repeat_some(house: House, answered: list[tuple[LedgerCommand, ReplyBody]], chance: Random) -> None:
    """Send old commands again, in any order, in one batch: each gets its first answer."""
    chosen = chance.choices(answered, k=5)
    replies = await house.send(*[again(command, epoch=house.epoch) for command, _ in chosen])
    assert replies == [reply for _, reply in chosen]


async def _restart(house: House, chance: Random) -> None:
    """Let another worker, or another owner of the shard, go on."""
    if chance.random() < 0.5:
        house.term = await take_term(house.database, house.shard, "test", 60.0) or 0
    else:
        await house.ask(open_by(house.epoch))
        house.epoch += 1  # type: ignore[assignment]


async def _history(owner: PostgresSettings, wallet: PostgresSettings, seed: int) -> None:
    async with open_postgres(owner) as as_owner, open_postgres(wallet) as as_wallet:
        await _play(await open_house(as_wallet, as_owner, ShardId(next(_NUMBERS))), Random(seed))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_history_keeps_every_won(
    owner_settings: PostgresSettings, wallet_settings: PostgresSettings, seed: int
) -> None:
    trio.run(_history, owner_settings, wallet_settings, seed)
