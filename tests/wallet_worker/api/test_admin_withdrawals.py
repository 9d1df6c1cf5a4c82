"""What administrators see and order: two approve, one rejects, two say that nothing was paid."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import trio
from attrs import evolve, frozen
from quart_trio import QuartTrio

from cardroom.money import Krw
from tests.fakes.conformity import watch_answers
from tests.fakes.payout_gateway import NAME, Fault, HttpGateway, PayoutServer, payout_server
from tests.wallet_worker.house import LINK, LOG, PURSE, House
from tests.wallet_worker.office import get, guarded_app, post
from tests.wallet_worker.outside import ADDRESS, BTC, tx_hash
from tests.wallet_worker.withdrawals import (
    SendingRoom,
    age,
    approved,
    coin_book,
    hurry,
    requested,
    row_of,
    sending_room,
    state_of,
)
from wallet_worker.api.admin_withdrawals import admin_withdrawal_pages
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.office import Office
from wallet_worker.api.withdrawal_orders import WithdrawalOffice
from wallet_worker.rules.coins import coins_for, write_coins

AMOUNT = 30_001
COINS = write_coins(coins_for(Krw(AMOUNT), BTC), 8)
KEYS = count(1)
MANUAL = "generic"


@frozen
class Desk:
    """The pages over a room; admin, kim and fay may order."""

    app: QuartTrio
    room: SendingRoom
    server: PayoutServer

    async def order(self, number: int, what: str, token: str = "right", **body: object) -> tuple[int, Any]:
        said = {"reason": "looked", "idempotency_key": f"key {next(KEYS)}"} | body
        status, answer = await post(self.app, f"/admin/withdrawals/{number}/{what}", said, token)
        if status == 200 and "dry_run" not in said:
            where = f"subject = 'withdrawal:{number}' AND key = '{said['idempotency_key']}'"
            (row,) = await self.room.house.rows(f"SELECT action FROM admin_action WHERE {where}")
            assert row["action"] == f"withdrawal_{what.replace('-', '_')}"
        return status, answer

    async def code(self, number: int, what: str, token: str = "right", **body: object) -> str:
        status, answer = await self.order(number, what, token, **body)
        return "" if status == 200 else f"{status} {answer['code']}"


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with payout_server(finds=False) as server:
        gateway = HttpGateway(server.url, server.finds)
        gateways = {NAME: gateway, MANUAL: evolve(gateway, name=MANUAL, is_manual=True)}
        room = sending_room(house, gateways)
        app = guarded_app()
        add_away_answers(app, LOG)
        office = WithdrawalOffice(Office(house.database, LINK, LOG), room.tools, room.desk)
        app.register_blueprint(admin_withdrawal_pages(office))
        watch_answers(app)
        yield Desk(app, room, server)


async def doubtful(desk: Desk, *, is_done: bool) -> int:
    """Let a payout be doubtful, and old enough for people."""
    number = await approved(desk.room)
    desk.server.faults.append(Fault(is_cut=True, is_done=is_done))
    await desk.room.desk.look(NAME)
    assert await state_of(desk.room.house, number) == "doubtful"
    await age(desk.room.house, 1000)
    return number


async def test_two_different_administrators_approve(desk: Desk) -> None:
    number = await requested(desk.room.house, flags=["opponent_win"])
    await desk.room.approvals.look()
    assert await desk.code(number, "approve") == ""
    assert await desk.code(number, "approve") == "409 own_vote"
    assert await desk.code(number, "approve", "the-token") == "409 own_vote"
    assert await state_of(desk.room.house, number) == "review"
    status, answer = await desk.order(number, "approve", "other")
    assert (status, answer["state"], answer["approved_by"]) == (200, "approved", "administrators")
    assert await desk.code(number, "approve", "finance") == "409 already_decided"
    assert desk.room.board.states == ["review", "approved"]  # nothing of who votes
    _, shown = await get(desk.app, f"/admin/withdrawals/{number}")
    assert [(one["admin"], one["counts"]) for one in shown["votes"]] == [("admin", True), ("kim", True)]
    await desk.room.go_on()
    assert await state_of(desk.room.house, number) == "confirmed"
    assert await desk.code(number, "reject") == "409 withdrawal_ended"


async def test_the_same_order_again_is_answered_as_the_first_time(desk: Desk) -> None:
    number = await requested(desk.room.house, flags=["x"])
    first = await desk.order(number, "approve", idempotency_key="a")
    await desk.order(number, "approve", "other")
    assert await desk.order(number, "approve", idempotency_key="a") == first
    assert await desk.code(number, "approve", idempotency_key="a", reason="else") == "409 command_reused"


async def test_votes_before_the_time_count_and_sending_waits_for_it(desk: Desk) -> None:
    number = await requested(desk.room.house, waits="1 hour")
    for token in ("right", "other"):
        assert await desk.code(number, "approve", token) == ""
    await desk.room.go_on()
    assert (await state_of(desk.room.house, number), desk.server.taken) == ("approved", [])
    await desk.room.desk.try_to_send(number)
    assert desk.server.taken == []
    await desk.room.house.change("UPDATE withdrawal SET ready_at = now()")
    await hurry(desk.room.house)
    await desk.room.go_on()
    assert await state_of(desk.room.house, number) == "confirmed"


async def test_a_flag_makes_approvals_void_and_all_may_vote_again(desk: Desk) -> None:
    number = await approved(desk.room)
    assert await desk.code(number, "flag", "support") == ""
    row = await row_of(desk.room.house, number)
    assert (row["state"], row["flags"], row["approved_by"]) == ("review", ["administrator"], None)
    await desk.order(number, "approve")
    assert await desk.code(number, "flag", "finance") == ""
    await desk.order(number, "approve", "other")
    assert await state_of(desk.room.house, number) == "review"
    _, shown = await get(desk.app, f"/admin/withdrawals/{number}")
    assert [(one["admin"], one["counts"]) for one in shown["votes"]] == [("admin", False), ("kim", True)]
    assert await desk.code(number, "approve") == ""
    assert await state_of(desk.room.house, number) == "approved"


async def test_one_rejects_also_who_approved_and_the_money_is_back(desk: Desk) -> None:
    for how in (requested(desk.room.house, flags=["x"]), requested(desk.room.house), approved(desk.room)):
        number = await how
        if await state_of(desk.room.house, number) != "approved":
            await desk.order(number, "approve")
        assert await desk.code(number, "reject") == ""
        assert await state_of(desk.room.house, number) == "rejected"
        assert await desk.room.house.wallet(0) == PURSE
    assert desk.room.board.states[-1] == "rejected"
    await desk.room.house.assert_sound()


async def test_of_a_rejection_and_a_claim_at_once_one_wins(desk: Desk) -> None:
    for _ in range(4):
        number = await approved(desk.room)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(desk.room.desk.try_to_send, number)
            nursery.start_soon(desk.order, number, "reject")
        state, payments = await state_of(desk.room.house, number), desk.server.payments_of(number)
        is_not_begun = state in ("rejected", "approved")  # a sender that is too late gives its claim back
        assert len(payments) == (0 if is_not_begun else 1)
        await age(desk.room.house, 1000)
        await desk.room.watch.look(NAME)
    await desk.room.house.assert_sound()


async def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    number = await approved(desk.room, gateway=MANUAL)
    desk.room.screener.known[ADDRESS] = "on a list"
    before = await row_of(desk.room.house, number)
    assert await desk.code(number, "take", dry_run=True) == "409 screening_hit"
    desk.room.screener.known.clear()
    status, answer = await desk.order(number, "take", dry_run=True)
    assert (status, answer["dry_run"], answer["state"]) == (200, True, "sending")
    assert await row_of(desk.room.house, number) == before


async def test_a_payout_by_hand_is_taken_once_and_booked_at_its_amount(desk: Desk) -> None:
    number = await approved(desk.room, gateway=MANUAL)
    await desk.room.go_on()
    assert await state_of(desk.room.house, number) == "approved"
    status, answer = await desk.order(number, "take")
    assert (status, answer["state"], answer["coin_amount"], answer["sender"]) == (
        200,
        "sending",
        COINS,
        "admin",
    )
    assert await desk.code(number, "take", "other") == "409 withdrawal_ended"
    await age(desk.room.house, 100_000)
    await desk.room.go_on()
    assert await state_of(desk.room.house, number) == "sending"
    said = {"tx_hash": f"0x{tx_hash(1).upper()}", "coin_amount": COINS}
    assert await desk.code(number, "paid", **(said | {"coin_amount": "0.1"})) == "409 payout_differs"
    assert await desk.code(number, "paid", **(said | {"tx_hash": "z" * 64})) == "400 malformed"
    assert await desk.code(number, "paid", **said) == ""
    row = await row_of(desk.room.house, number)
    assert (row["state"], row["tx_hash"]) == ("confirmed", tx_hash(1))
    second = await approved(desk.room, gateway=MANUAL)
    await desk.order(second, "take")
    assert await desk.code(second, "paid", **said) == "409 payout_differs"
    await desk.room.house.assert_sound()


async def test_who_took_it_says_alone_that_nothing_was_sent_others_by_two(desk: Desk) -> None:
    number = await approved(desk.room, gateway=MANUAL)
    await desk.order(number, "take", "other")
    assert await desk.code(number, "not-paid", then="again") == ""
    assert await state_of(desk.room.house, number) == "sending"
    assert await desk.code(number, "not-paid", "other", then="again") == ""
    row = await row_of(desk.room.house, number)
    assert (row["state"], row["coin_amount"], row["attempt"]) == ("approved", None, 1)
    await desk.order(number, "take")
    assert await desk.code(number, "not-paid", then="failed") == ""
    assert await state_of(desk.room.house, number) == "failed"
    assert await desk.room.house.wallet(0) == PURSE


async def test_only_payouts_by_hand_are_taken_and_only_within_the_cap(desk: Desk) -> None:
    number = await approved(desk.room)
    assert await desk.code(number, "take") == "409 already_decided"
    by_hand = await approved(desk.room, gateway=MANUAL)
    tools = evolve(desk.room.tools, coins=coin_book(hot_wallet_daily=Krw(1)))
    object.__setattr__(desk.room.desk, "_tools", tools)
    status, answer = await desk.order(by_hand, "take")
    assert (status, answer["code"], answer["detail"]) == (409, "withdrawal_limit", "hot_wallet_cap")


async def test_two_must_say_that_a_doubtful_payout_was_not_paid(desk: Desk) -> None:
    number = await doubtful(desk, is_done=False)
    assert await desk.code(number, "not-paid", then="again") == ""
    assert await desk.code(number, "not-paid", then="again") == "409 own_vote"
    assert await desk.code(number, "not-paid", "other", then="failed") == ""
    assert await state_of(desk.room.house, number) == "doubtful"
    assert await desk.code(number, "not-paid", "finance", then="again") == ""
    assert await state_of(desk.room.house, number) == "approved"
    _, shown = await get(desk.app, f"/admin/withdrawals/{number}")
    assert [one["then"] for one in shown["not_paid"]] == ["again", "failed", "again"]
    await desk.room.go_on()
    assert [one.external_id for one in desk.server.taken] == [f"w{number}-2"]
    await desk.room.house.assert_sound()


async def test_a_young_payout_is_not_decided_by_people(desk: Desk) -> None:
    number = await approved(desk.room)
    desk.server.faults.append(Fault(is_cut=True))
    await desk.room.desk.look(NAME)
    assert await desk.code(number, "not-paid", then="again") == "503 busy"
    await age(desk.room.house, 1000)
    assert await desk.code(number, "not-paid", then="again") == ""


async def test_what_the_gateway_knows_better_is_not_booked(desk: Desk) -> None:
    number = await doubtful(desk, is_done=True)
    said = {"tx_hash": tx_hash(1), "coin_amount": COINS}
    await desk.room.house.change("UPDATE withdrawal SET task_id = 'task 1'")
    assert await desk.code(number, "paid", **said) == "409 look_up_differs"
    right = desk.server.taken[0].tx_hash
    assert await desk.code(number, "paid", tx_hash=right, coin_amount=COINS) == ""
    assert await state_of(desk.room.house, number) == "confirmed"
    await desk.room.house.assert_sound()


async def test_what_is_told_after_the_money_was_given_back_is_seen_by_administrators(desk: Desk) -> None:
    number = await doubtful(desk, is_done=True)
    await requested(desk.room.house)
    for token in ("right", "other"):
        assert await desk.code(number, "not-paid", token, then="failed") == ""
    assert await state_of(desk.room.house, number) == "failed"
    assert (await get(desk.app, "/admin/withdrawals?state=alarm"))[1]["withdrawals"] == []
    paid = desk.server.pay(desk.server.taken[0])
    for _ in range(2):
        await desk.room.desk.report(NAME, paid)
    _, page = await get(desk.app, "/admin/withdrawals?state=alarm", "viewer")
    assert [one["id"] for one in page["withdrawals"]] == [number]
    _, shown = await get(desk.app, f"/admin/withdrawals/{number}")
    (alarm,) = shown["alarms"]
    assert (alarm["kind"], alarm["attempt"], alarm["state"]) == ("after_release", 1, "failed")
    assert (alarm["tx_hash"], alarm["coin_amount"]) == (paid.tx_hash, COINS)
    assert await desk.room.house.wallet(0) == PURSE - AMOUNT  # the other one's
    await desk.room.house.assert_sound()


async def test_a_price_that_got_old_is_not_what_people_send_at(desk: Desk) -> None:
    number = await approved(desk.room, gateway=MANUAL)
    object.__setattr__(desk.room.desk, "_tools", evolve(desk.room.tools, stale_seconds=-1.0))
    assert await desk.code(number, "take") == "409 rate_unavailable"
    assert await state_of(desk.room.house, number) == "approved"


async def test_lists_and_pages(desk: Desk) -> None:
    numbers = [await requested(desk.room.house) for _ in range(3)]
    _, page = await get(desk.app, "/admin/withdrawals?limit=2", "viewer")
    assert [one["id"] for one in page["withdrawals"]] == numbers[:0:-1]
    _, rest = await get(desk.app, f"/admin/withdrawals?limit=2&before={page['next_before']}")
    assert ([one["id"] for one in rest["withdrawals"]], rest["next_before"]) == (numbers[:1], None)
    assert (await get(desk.app, "/admin/withdrawals?state=review"))[1]["withdrawals"] == []
    assert (await get(desk.app, "/admin/withdrawals?state=none"))[0] == 400
    for path in (f"/admin/withdrawals/{2**63}", "/admin/withdrawals/0", "/admin/withdrawals/999999"):
        assert (await get(desk.app, path))[0] == 404


async def test_who_may_not_order_does_not(desk: Desk) -> None:
    number = await requested(desk.room.house)
    for what in ("approve", "reject", "take"):
        for token in ("viewer", "support"):
            assert await desk.code(number, what, token) == "403 role_needed"
    assert await desk.code(number, "flag", "viewer") == "403 role_needed"
    assert await desk.code(999_999, "approve") == "404 not_found"
