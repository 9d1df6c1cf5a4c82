"""Dead letters are ended by a person: carried out after all, or given up with the table's money paid out."""

import pytest
import trio
from attrs import evolve

from cardroom.ids import BootNonce, Epoch
from cardroom.wire.ledger import (
    BuyInHeld,
    CommandRefused,
    HandSettled,
    OutOfOrder,
    ReopenTable,
    ShardOpened,
    TableReopened,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import PURSE, House, again, hand_of, hold, leave, open_by
from tests.wallet_worker.letters import bury, bury_hand, retry_of, void_of
from wallet_worker.ledger.deadletter import ResolvedOtherwise, StillFails, retry_letter, void_letter
from wallet_worker.store.resolve_letter import LetterKeyReused, NoSuchLetter

HALTED = CommandRefused(Refusal.TABLE_HALTED)


async def test_a_hand_is_settled_after_all_and_its_table_opened_anew_by_its_owner(house: House) -> None:
    number, hand = await bury_hand(house)
    done = await retry_letter(house.tools, retry_of(number))
    assert done.document["answer"] == "hand_settled"
    assert done.document["transfers"]
    assert done.owner == "a" * 32
    assert done.release is not None
    assert await house.escrow(0) == {0: 900, 1: 1095}
    assert await house.is_halted(0), "its owner still believes in the old table"
    assert await house.ask(hold(house.players[0], house.tables[0], 0, 1)) == [HALTED]
    (reopened,) = await house.ask(ReopenTable(house.tables[0]))
    assert isinstance(reopened, TableReopened)
    assert (reopened.table.is_halted, reopened.table.last_hand_id) == (False, hand.hand_id)
    assert [one.amount for one in reopened.table.escrow] == [900, 1095]
    follows = hand_of(house.tables[0], [(house.players[0], 0, 5), (house.players[1], 1, -5)], hand)
    assert await house.ask(follows) == [HandSettled(house.tables[0], follows.hand_id, 2)]
    await house.assert_sound()


async def test_the_old_command_keeps_its_refusal_and_the_hand_under_a_new_one_is_known(house: House) -> None:
    number, hand = await bury_hand(house)
    await retry_letter(house.tools, retry_of(number))
    await house.ask(ReopenTable(house.tables[0]))
    (letter,) = await house.rows("SELECT command_id FROM dead_letter")
    assert await house.send(house.command(hand, id_=letter["command_id"])) == [HALTED]
    assert await house.ask(hand) == [HandSettled(hand.table_id, hand.hand_id, 1)]
    assert await house.escrow(0) == {0: 900, 1: 1095}


async def test_a_retry_that_is_repeated_answers_the_same_and_moves_nothing(house: House) -> None:
    number, _ = await bury_hand(house)
    first = await retry_letter(house.tools, retry_of(number))
    batches = await house.number("SELECT count(*) FROM batch")
    assert await retry_letter(house.tools, retry_of(number, key="another")) == first
    await house.ask(ReopenTable(house.tables[0]))
    later = await retry_letter(house.tools, retry_of(number))
    assert (later.document, later.release) == (first.document, None)
    assert await house.number("SELECT count(*) FROM batch") == batches


async def test_voiding_pays_every_seat_out_and_the_next_hand_follows_the_last_settled(house: House) -> None:
    await house.seat(0, 1000, 1000, 500)
    first = hand_of(house.tables[0], [(house.players[0], 0, -100), (house.players[1], 1, 100)])
    await house.ask(first)
    number, _ = await bury(house, hand_of(house.tables[0], [(house.players[2], 2, -1)], first))
    done = await void_letter(house.tools, void_of(number))
    assert [(seat["seat"], seat["amount"]) for seat in done.document["paid"]] == [
        (0, 900),
        (1, 1100),
        (2, 500),
    ]
    assert await house.escrow(0) == {}
    assert [await house.wallet(player) for player in range(3)] == [PURSE - 100, PURSE + 100, PURSE]
    assert await void_letter(house.tools, void_of(number)) == done
    (reopened,) = await house.ask(ReopenTable(house.tables[0]))
    assert isinstance(reopened, TableReopened)
    assert (reopened.table.last_hand_no, reopened.table.escrow) == (2, ())
    assert reopened.table.last_hand_id not in {None, first.hand_id}
    assert {(left.user_id, left.stack) for left in reopened.table.departures} == {
        (house.players[0], 900), (house.players[1], 1100), (house.players[2], 500),
    }  # fmt: skip
    await house.seat(0, 1000, 1000)
    closing = evolve(first, hand_id=reopened.table.last_hand_id, hand_no=2)
    third = hand_of(house.tables[0], [(house.players[0], 0, -1), (house.players[1], 1, 1)], closing)
    assert await house.ask(third) == [HandSettled(house.tables[0], third.hand_id, 3)]
    reasons = await house.rows("SELECT DISTINCT reason FROM transfer WHERE kind = 'cash_out'")
    assert [row["reason"] for row in reasons] == [f"letter {number} voided by kim: nobody knows the hand"]
    await house.assert_sound()


@pytest.mark.parametrize("hands_before", [0, 1])
async def test_a_hand_that_is_void_is_never_settled_whoever_sends_it_again(
    house: House, hands_before: int
) -> None:
    """A journal, or a node that wakes up late, may still hold it, and the same players sit there again."""
    await house.seat(0, 1000, 1000)
    nets = [(house.players[0], 0, -100), (house.players[1], 1, 100)]
    first = hand_of(house.tables[0], nets)
    if hands_before:
        await house.ask(first)
    before = first if hands_before else None
    played = hand_of(house.tables[0], nets, before)
    number, _ = await bury(house, hold(house.players[2], house.tables[0], 2, 700))
    await void_letter(house.tools, void_of(number))
    await house.ask(ReopenTable(house.tables[0]))
    await house.seat(0, 1000, 1000)
    (answer,) = await house.ask(played)
    assert isinstance(answer, OutOfOrder)
    assert answer.last_hand_no == hands_before + 1
    assert await house.escrow(0) == {0: 1000, 1: 1000}
    await house.assert_sound()


async def test_a_table_opens_when_the_last_of_its_letters_is_resolved(house: House) -> None:
    number, _ = await bury_hand(house)
    other, _ = await bury(house, hold(house.players[2], house.tables[0], 2, 700))
    assert (await retry_letter(house.tools, retry_of(number))).release is None
    (still,) = await house.ask(ReopenTable(house.tables[0]))
    assert isinstance(still, TableReopened)
    assert still.table.is_halted
    done = await retry_letter(house.tools, retry_of(other))
    assert (done.document["answer"], done.release is None) == ("buy_in_held", False)
    (reopened,) = await house.ask(ReopenTable(house.tables[0]))
    assert isinstance(reopened, TableReopened)
    assert (reopened.table.is_halted, len(reopened.table.escrow)) == (False, 3)
    await house.assert_sound()


async def test_the_next_opening_of_the_shard_opens_released_tables_too(house: House) -> None:
    number, _ = await bury_hand(house)
    await retry_letter(house.tools, retry_of(number))
    (opened,) = await house.send(again(house.command(open_by(1)), boot=BootNonce("b" * 32)))
    assert isinstance(opened, ShardOpened)
    assert [table.is_halted for table in opened.tables] == [False, False]


async def test_who_opens_again_what_it_had_is_told_of_released_tables_as_halted(house: House) -> None:
    """It may go on from memory, where the table is as it was before the letter was resolved."""
    number, _ = await bury_hand(house)
    await retry_letter(house.tools, retry_of(number))
    (opened,) = await house.ask(open_by(1))
    assert isinstance(opened, ShardOpened)
    assert [table.is_halted for table in opened.tables] == [True, False]
    house.epoch = opened.epoch
    (reopened,) = await house.ask(ReopenTable(house.tables[0]))
    assert isinstance(reopened, TableReopened)
    assert not reopened.table.is_halted


async def test_a_table_that_is_halted_again_after_its_release_stays_halted(house: House) -> None:
    number, _ = await bury_hand(house)
    await retry_letter(house.tools, retry_of(number))
    await bury(house, hold(house.players[2], house.tables[0], 2, 700))
    (opened,) = await house.ask(open_by(1))
    assert isinstance(opened, ShardOpened)
    assert [table.is_halted for table in opened.tables] == [True, False]


async def test_a_retry_that_fails_again_moves_nothing_and_notes_why(house: House) -> None:
    number, _ = await bury(house, hold(house.players[0], house.tables[0], 0, PURSE + 1))
    for _ in range(2):
        with pytest.raises(StillFails, match="insufficient_funds"):
            await retry_letter(house.tools, retry_of(number))
    (letter,) = await house.rows("SELECT resolved_at, failure FROM dead_letter")
    assert (letter["resolved_at"], letter["failure"]) == (None, "insufficient_funds")
    await void_letter(house.tools, void_of(number))
    with pytest.raises(ResolvedOtherwise):
        await retry_letter(house.tools, retry_of(number))


async def test_a_hand_that_the_books_deny_fails_again_and_can_be_voided(house: House) -> None:
    await house.seat(0, 1000)
    poison = hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[3], 3, 10)])
    number, _ = await bury(house, poison)
    with pytest.raises(StillFails, match="no escrow at seat 3"):
        await retry_letter(house.tools, retry_of(number))
    await void_letter(house.tools, void_of(number))
    assert await house.wallet(0) == PURSE
    await house.assert_sound()


async def test_a_hand_whose_predecessor_is_missing_says_so(house: House) -> None:
    _, hand = await bury_hand(house)
    late, _ = await bury(house, hand_of(house.tables[0], [(house.players[0], 0, -1)], hand))
    with pytest.raises(StillFails, match="out_of_order"):
        await retry_letter(house.tools, retry_of(late))


async def test_a_cash_out_is_paid_after_all(house: House) -> None:
    await house.seat(0, 1000)
    number, _ = await bury(house, leave(house.players[0], house.tables[0], 0, 1000))
    done = await retry_letter(house.tools, retry_of(number))
    assert done.document["answer"] == "cashed_out"
    assert await house.wallet(0) == PURSE
    await house.assert_sound()


async def test_garbage_can_only_be_voided_and_pays_nobody(house: House) -> None:
    await house.seat(0, 1000)
    await house.send_raw(b"\xc1garbage")
    number = await house.number("SELECT max(id) FROM dead_letter")
    with pytest.raises(StillFails, match="only be voided"):
        await retry_letter(house.tools, retry_of(number))
    done = await void_letter(house.tools, void_of(number))
    assert (done.document["paid"], done.table_id, done.release) == ([], None, None)
    assert await house.escrow(0) == {0: 1000}


async def test_unknown_letters_other_ways_and_used_keys_are_refused(house: House) -> None:
    number, _ = await bury_hand(house)
    other, _ = await bury(house, hold(house.players[2], house.tables[1], 2, 700))
    with pytest.raises(NoSuchLetter):
        await retry_letter(house.tools, retry_of(number + 1000))
    await retry_letter(house.tools, retry_of(number, key="k"))
    with pytest.raises(LetterKeyReused):
        await void_letter(house.tools, void_of(other, key="k"))
    with pytest.raises(ResolvedOtherwise):
        await void_letter(house.tools, void_of(number))
    assert await house.escrow(0) == {0: 900, 1: 1095}


async def test_a_retry_waits_for_the_batch_under_way_and_the_next_batch_for_the_retry(house: House) -> None:
    number, _ = await bury_hand(house)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(retry_letter, house.tools, retry_of(number))
        for player in (2, 3):
            nursery.start_soon(house.ask, hold(house.players[player], house.tables[1], player, 10))
    assert await house.escrow(1) == {2: 10, 3: 10}
    numbers = [row["number"] for row in await house.rows("SELECT number FROM batch ORDER BY number")]
    assert numbers[-1] == await house.number("SELECT last_batch FROM shard WHERE id = $1", house.shard)
    await house.assert_sound()


async def test_two_who_resolve_one_letter_at_once_resolve_it_once(house: House) -> None:
    number, _ = await bury_hand(house)
    refused = []

    async def order(how: str) -> None:
        try:
            await (retry_letter(house.tools, retry_of(number)) if how == "retry"
                   else void_letter(house.tools, void_of(number)))  # fmt: skip
        except ResolvedOtherwise:
            refused.append(how)

    async with trio.open_nursery() as nursery:
        for how in ("retry", "void", "retry", "void"):
            nursery.start_soon(order, how)
    assert len(refused) == 2
    assert len(set(refused)) == 1
    await house.assert_sound()


async def test_opening_a_table_anew_is_a_barrier_and_may_be_repeated(house: House) -> None:
    number, _ = await bury_hand(house)
    await retry_letter(house.tools, retry_of(number))
    before = house.command(hold(house.players[2], house.tables[0], 2, 1))
    reopen = house.command(ReopenTable(house.tables[0]))
    assert await house.send(before) == [HALTED]
    first = await house.send(reopen)
    assert isinstance((await house.ask(hold(house.players[2], house.tables[0], 2, 1)))[0], BuyInHeld)
    assert await house.send(reopen) == first
    assert await house.send(before) == [HALTED]
    stale = again(house.command(ReopenTable(house.tables[0])), epoch=Epoch(9))
    assert type((await house.send(stale))[0]).__name__ == "StaleEpoch"
    assert await house.ask(ReopenTable(10**9)) == [CommandRefused(Refusal.NO_SUCH_TABLE)]  # type: ignore[arg-type]
