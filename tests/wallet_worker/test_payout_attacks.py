"""What may go wrong with a payout long after it was decided, or while nobody can decide it."""

from collections.abc import Iterator

import pytest
from attrs import evolve

from tests.fakes.payout_gateway import NAME, Fault, HttpGateway, PayoutServer, payout_server
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.withdrawals import (
    SendingRoom,
    age,
    approved,
    coin_book,
    hurry,
    row_of,
    sending_room,
    state_of,
)
from wallet_worker.gateways.port import PayoutFound, PayoutStage
from wallet_worker.store.decide_payout import NotPaidWord, not_paid_within
from wallet_worker.store.vote_withdrawal import OwnVote


@pytest.fixture
def silent() -> Iterator[PayoutServer]:
    """A gateway that finds nothing by our numbers."""
    with payout_server(finds=False) as server:
        yield server


@pytest.fixture
def finding() -> Iterator[PayoutServer]:
    """A gateway that finds payouts, and pays each once."""
    with payout_server(finds=True) as server:
        yield server


def room_of(house: House, server: PayoutServer) -> SendingRoom:
    return sending_room(house, {NAME: HttpGateway(server.url, server.finds)})


async def lost(room: SendingRoom, server: PayoutServer, *, is_done: bool) -> int:
    """Let the answer to a payout be lost, long ago."""
    number = await approved(room)
    server.faults.append(Fault(is_cut=True, is_done=is_done))
    await room.desk.look(NAME)
    assert await state_of(room.house, number) == "doubtful"
    await age(room.house, 1000)
    return number


async def say(house: House, number: int, admin: str, *, sends_again: bool = False) -> str:
    async with house.database.transaction() as transaction:
        word = NotPaidWord(number, admin, "looked", sends_again, False, 900.0)
        return (await not_paid_within(transaction, word, LINK)).state.value


async def test_an_old_word_is_none_about_what_was_sent_again_since(
    house: House, finding: PayoutServer
) -> None:
    """Two must be sure of the same: one who looked before the very attempt was sent again is not."""
    room = room_of(house, finding)
    number = await lost(room, finding, is_done=False)
    assert await say(house, number, "kim") == "doubtful"
    finding.pays_at_once = False
    finding.faults.append(Fault(is_cut=True))
    await room.watch.look(NAME)
    assert (await state_of(house, number), len(finding.taken)) == ("doubtful", 1)
    await age(house, 1000)
    assert await say(house, number, "lee") == "doubtful"
    assert await say(house, number, "kim") == "failed"


async def test_who_has_said_again_may_say_failed(house: House, silent: PayoutServer) -> None:
    """Two administrators who began by saying different things can agree: there may be no third."""
    room = room_of(house, silent)
    number = await lost(room, silent, is_done=False)
    assert await say(house, number, "kim", sends_again=True) == "doubtful"
    assert await say(house, number, "lee", sends_again=False) == "doubtful"
    with pytest.raises(OwnVote):
        await say(house, number, "kim", sends_again=True)
    assert await say(house, number, "kim", sends_again=False) == "failed"
    assert await house.wallet(0) == PURSE
    await house.assert_sound()


@pytest.mark.parametrize("state", ["sending", "sent"])
async def test_what_is_under_way_at_a_gateway_that_is_gone_is_a_persons(
    house: House, silent: PayoutServer, state: str
) -> None:
    room = room_of(house, silent)
    silent.pays_at_once = False
    number = await approved(room)
    await room.desk.look(NAME)
    await house.change("UPDATE withdrawal SET state = 'sent'")
    if state == "sending":
        await house.change("ALTER TABLE withdrawal DISABLE TRIGGER withdrawal_step")
        await house.change("UPDATE withdrawal SET state = 'sending', task_id = NULL")
    later = sending_room(house, {"another": evolve(HttpGateway(silent.url, silent.finds), name="another")})
    await later.watch.look_unserved()
    assert await state_of(house, number) == state
    await age(house, 1000)
    await later.watch.look_unserved()
    row = await row_of(house, number)
    assert (row["state"], row["reason"]) == ("doubtful", "no_gateway")


async def test_what_is_sent_at_a_gateway_that_people_serve_now_is_a_persons(
    house: House, silent: PayoutServer
) -> None:
    room = room_of(house, silent)
    silent.pays_at_once = False
    number = await approved(room)
    await room.desk.look(NAME)
    await age(house, 1000)
    by_hand = evolve(HttpGateway(silent.url, silent.finds), is_manual=True)
    await sending_room(house, {NAME: by_hand}).watch.look_unserved()
    assert await state_of(house, number) == "doubtful"


@pytest.mark.parametrize("why", ["frozen", "closed", "gone"])
async def test_what_may_not_be_sent_again_is_a_persons(house: House, finding: PayoutServer, why: str) -> None:
    """Its sender died before the call: nobody may send it, so somebody must be able to give it back."""
    room = room_of(house, finding)
    number = await lost(room, finding, is_done=False)
    await house.change("UPDATE withdrawal SET state = 'sending'")
    book = coin_book(withdrawals_open=why != "closed")
    if why == "gone":
        book = evolve(book, coins={})
    if why == "frozen":
        await house.change("UPDATE player SET frozen_at = now()")
    later = sending_room(house, dict(room.tools.gateways), coins=book, name="later")
    await age(house, 1000)
    await later.watch.look(NAME)
    assert (await state_of(house, number), finding.taken) == ("doubtful", [])
    await age(house, 1000)
    assert await say(house, number, "kim") == "doubtful"
    assert await say(house, number, "lee") == "failed"
    await house.assert_sound()


async def test_another_days_attempt_is_sent_again_within_the_days_cap(
    house: House, finding: PayoutServer
) -> None:
    room = room_of(house, finding)
    number = await lost(room, finding, is_done=False)
    await house.change(
        "UPDATE withdrawal SET sending_at = sending_at - interval '2 days', next_try_at = now()"
    )
    capped = sending_room(house, dict(room.tools.gateways), coins=coin_book(hot_wallet_daily=30_000))
    await capped.watch.look(NAME)
    row = await row_of(house, number)
    assert (row["state"], row["reason"], finding.taken) == ("doubtful", "hot_wallet_cap", [])
    await hurry(house)
    await room.watch.look(NAME)
    assert (await state_of(house, number), len(finding.taken)) == ("sent", 1)


async def test_a_price_that_is_old_by_now_is_not_used(house: House, silent: PayoutServer) -> None:
    """The process slept between the price and the claim."""
    room = sending_room(house, {NAME: HttpGateway(silent.url, silent.finds)}, stale_seconds=-1.0)
    number = await approved(room)
    await room.desk.look(NAME)
    row = await row_of(house, number)
    assert (row["state"], row["reason"], silent.taken) == ("approved", "rate_unavailable", [])


@pytest.mark.parametrize("told", ["after_release", "earlier_attempt", "not_sent"])
async def test_a_late_payment_is_kept_for_people(house: House, silent: PayoutServer, told: str) -> None:
    """Two were sure that nothing was paid, and it was: who looks later finds it, with its transaction."""
    room = room_of(house, silent)
    number = await lost(room, silent, is_done=True)
    for admin in ("kim", "lee"):
        await say(house, number, admin, sends_again=told != "after_release")
    if told == "earlier_attempt":
        await room.desk.look(NAME)
    paid = silent.pay(silent.taken[0])
    for _ in range(3):
        await room.desk.report(NAME, paid)
    (kept,) = await house.rows("SELECT payment_id, attempt, kind, tx_hash, coin_amount FROM payout_alarm")
    assert tuple(kept) == (number, 1, told, paid.tx_hash, paid.coin_amount)


async def test_a_contradiction_that_repeats_is_kept_once(house: House, silent: PayoutServer) -> None:
    room = room_of(house, silent)
    number = await lost(room, silent, is_done=True)
    for attempt in (7, 7, 8):
        await room.desk.report(NAME, PayoutFound(f"w{number}-{attempt}", PayoutStage.PAID, "ab" * 32, 5))
    assert len(await house.rows("SELECT FROM payout_alarm")) == 2
