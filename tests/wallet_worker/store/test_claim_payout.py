"""A claim fixes what is sent; who replaces a silent sender sends the same; only one sender gives it back."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from cardroom.money import Krw
from cardroom.service.postgres import PostgresRefused, Transaction
from tests.wallet_worker.house import LINK, House
from tests.wallet_worker.outside import BTC
from tests.wallet_worker.terms import HERE
from tests.wallet_worker.withdrawals import requested, row_of
from wallet_worker.rules.coins import Rate, coins_for
from wallet_worker.rules.withdrawal_steps import State
from wallet_worker.store.claim_payout import Claim, NotNow, SendingRules, claim_payout, give_back, take_over
from wallet_worker.store.end_payout import confirm_payout, fail_payout, mark_doubtful, mark_taken
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal

RULES = SendingRules(Krw(10**9), HERE.time_zone, 90.0, 60.0)
SOON = datetime.now(UTC) + timedelta(hours=1)


async def note_nothing(transaction: Transaction) -> None:
    """No price is compared here."""


async def claimed(house: House, sender: str = "one") -> FollowedWithdrawal:
    number = await requested(house)
    await house.change(
        "UPDATE withdrawal SET state = 'approved', approved_at = now(), approved_by = 'limit'"
        f" WHERE payment_id = {number}"
    )
    row = await claim_payout(house.database, Claim(number, sender, BTC, note_nothing, SOON), RULES, LINK)
    assert isinstance(row, FollowedWithdrawal)
    return row


async def test_a_claim_fixes_amount_rate_and_attempt_and_nobody_claims_it_again(house: House) -> None:
    row = await claimed(house)
    assert (row.state, row.attempt, row.sender, row.rate) == (State.SENDING, 1, "one", BTC)
    assert row.coin_amount == coins_for(row.krw_amount, BTC)
    again = await claim_payout(
        house.database, Claim(row.number, "two", Rate(1, 8), note_nothing, SOON), RULES, LINK
    )
    assert isinstance(again, NotNow)
    assert (await row_of(house, row.number))["sender"] == "one"


async def test_who_replaces_a_sender_has_the_same_attempt_and_amount(house: House) -> None:
    row = await claimed(house)
    taken = await take_over(house.database, row, "two", RULES, LINK)
    assert taken is not None
    same = ("attempt", "coin_amount", "rate", "state")
    assert [getattr(taken, name) for name in same] == [getattr(row, name) for name in same]
    assert taken.sender == "two"
    assert await take_over(house.database, row, "three", RULES, LINK) is None


async def test_nobody_replaces_a_sender_while_withdrawals_are_frozen(house: House) -> None:
    row = await claimed(house)
    await house.change("UPDATE house_freeze SET frozen_at = now(), frozen_by = 'kim', reason = 'x'")
    assert await take_over(house.database, row, "two", RULES, LINK) is None
    assert (await row_of(house, row.number))["reason"] == "withdrawals_frozen"


async def test_only_its_one_sender_gives_an_attempt_back(house: House) -> None:
    row = await claimed(house)
    assert await give_back(house.database, evolve(row, sender="two"), "late", 0.0, LINK) is None
    taken = await take_over(house.database, row, "two", RULES, LINK)
    assert taken is not None
    assert await give_back(house.database, row, "late", 0.0, LINK) is None
    assert (await row_of(house, row.number))["state"] == "sending"
    given = await give_back(house.database, taken, "late", 0.0, LINK)
    assert given is not None
    assert (given.state, given.coin_amount, given.sender, given.attempt) == (State.APPROVED, None, None, 1)
    assert await give_back(house.database, taken, "late", 0.0, LINK) is None


@pytest.mark.parametrize("step", ["doubtful", "failed"])
async def test_who_was_replaced_says_nothing_of_the_payout_but_that_it_was_taken(
    house: House, step: str
) -> None:
    row = await claimed(house)
    assert await take_over(house.database, row, "two", RULES, LINK) is not None
    if step == "doubtful":
        assert await mark_doubtful(house.database, row, "no_answer", 60.0, LINK) is None
    else:
        assert await fail_payout(house.database, row, "payout_refused", LINK) is None
    assert (await row_of(house, row.number))["state"] == "sending"
    sent = await mark_taken(house.database, row, "task", 60.0, LINK)
    assert sent is not None
    assert (sent.state, sent.task_id) == (State.SENT, "task")


async def test_an_older_attempt_books_and_takes_nothing(house: House) -> None:
    row = await claimed(house)
    await give_back(house.database, row, "late", 0.0, LINK)
    second = await claim_payout(
        house.database, Claim(row.number, "one", BTC, note_nothing, SOON), RULES, LINK
    )
    assert isinstance(second, FollowedWithdrawal)
    assert second.attempt == 2
    assert await mark_taken(house.database, row, "task", 60.0, LINK) is None
    assert await confirm_payout(house.database, row, "ab" * 32, LINK) is None
    assert await take_over(house.database, row, "two", RULES, LINK) is None
    await house.assert_sound()


async def test_the_database_lets_nothing_that_was_sent_become_approved(house: House) -> None:
    row = await claimed(house)
    await mark_taken(house.database, row, "task", 60.0, LINK)
    for state in ("approved", "sending", "cancelled", "rejected", "waiting", "review"):
        with pytest.raises(PostgresRefused):
            async with house.database.transaction() as transaction:
                await transaction.execute("UPDATE withdrawal SET state = $1", state)
