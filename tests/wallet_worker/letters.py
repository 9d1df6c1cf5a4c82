"""Dead letters to test with: commands that are buried as if there had been a bug."""

from cardroom.wire.ledger import CommandBody, LedgerCommand, SettleHand
from tests.wallet_worker.house import House, hand_of
from wallet_worker.ledger.batch import bury_entry
from wallet_worker.ledger.deadletter import RETRIED, VOIDED
from wallet_worker.ledger.entries import Letter
from wallet_worker.store.resolve_letter import Resolution


async def bury(house: House, body: CommandBody) -> tuple[int, LedgerCommand]:
    """Make a command a dead letter; gives the letter's number and the command."""
    command = house.command(body)
    letter = house.entry(command)
    assert isinstance(letter, Letter)
    await bury_entry(house.tools, house.shard, house.term, letter, "AssertionError('a bug')")
    return await house.number("SELECT max(id) FROM dead_letter"), command


async def bury_hand(house: House) -> tuple[int, SettleHand]:
    """Seat two players with 1,000 won each, and bury the hand in which the first lost 100 to the second."""
    await house.seat(0, 1000, 1000)
    hand = hand_of(house.tables[0], [(house.players[0], 0, -100), (house.players[1], 1, 95)])
    number, _ = await bury(house, hand)
    return number, hand


def retry_of(letter: int, *, key: str | None = None) -> Resolution:
    return Resolution(letter, RETRIED, "kim", "the bug is gone", key)


def void_of(letter: int, *, key: str | None = None) -> Resolution:
    return Resolution(letter, VOIDED, "kim", "nobody knows the hand", key)
