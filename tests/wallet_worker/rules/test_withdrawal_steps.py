"""What approves a withdrawal, what an answer about its payout means, and who may order what."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.money import Krw
from cardroom.wire.notices import WithdrawalState
from wallet_worker.gateways.port import PayoutStage
from wallet_worker.rules.withdrawal_steps import (
    Alarm,
    Approver,
    Book,
    Contradiction,
    Doubt,
    Follow,
    GiveBack,
    Order,
    ReviewReason,
    SendAgain,
    Stage,
    Standing,
    State,
    Told,
    Wait,
    decide_approval,
    judge_look_up,
    judge_report,
    may_order,
    read_external_id,
    words_needed,
    write_external_id,
)

TX = "ab" * 32
OTHER = "cd" * 32
OPEN = (State.SENDING, State.SENT, State.DOUBTFUL)


def known(state: State, attempt: int = 1, **changes: object) -> Standing:
    facts: dict[str, object] = {"coin_amount": 100} | changes
    return Standing(state, attempt, **facts)  # type: ignore[arg-type]


def test_the_words_are_those_of_the_wire_and_the_port() -> None:
    assert {one.value for one in State} == {one.value for one in WithdrawalState}
    assert {one.value for one in Stage} == {one.value for one in PayoutStage}


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**31 - 1))
def test_external_ids_are_read_as_they_are_written(number: int, attempt: int) -> None:
    if attempt < 10**9:
        assert read_external_id(write_external_id(number, attempt)) == (number, attempt)


@pytest.mark.parametrize(
    "text", ["", "w1", "w-1", "w0-1", "w1-0", "w01-1", "w1-1 ", "x1-1", f"w{2**63}-1", "w١-1", "w1-1\n"]
)
def test_what_was_never_written_here_is_no_external_id(text: str) -> None:
    assert read_external_id(text) is None


def test_the_limit_of_a_day_approves_up_to_the_won() -> None:
    limit = Krw(1_000_000)
    assert decide_approval((), 0, Krw(400_000), Krw(600_000), limit) is Approver.LIMIT
    assert decide_approval((), 0, Krw(400_001), Krw(600_000), limit) is ReviewReason.OVER_LIMIT
    assert decide_approval(("x",), 0, Krw(1), Krw(0), limit) is ReviewReason.FLAGGED
    assert decide_approval(("x",), 1, Krw(1), Krw(0), limit) is ReviewReason.FLAGGED
    assert decide_approval(("x",), 2, Krw(10**9), Krw(10**9), limit) is Approver.ADMINISTRATORS


def test_what_may_be_ordered_in_each_state() -> None:
    before = {Order.APPROVE, Order.REJECT, Order.FLAG}
    doubt = {Order.PAID, Order.NOT_PAID}
    expected: dict[State, tuple[set[Order], set[Order]]] = {
        State.WAITING: (before, before),
        State.REVIEW: (before, before),
        State.APPROVED: ({Order.REJECT, Order.FLAG}, {Order.REJECT, Order.FLAG, Order.TAKE}),
        State.SENDING: (set(), doubt),
        State.DOUBTFUL: (doubt, doubt),
    }
    for state in State:
        for is_manual in (False, True):
            allowed = {order for order in Order if may_order(order, state, is_manual=is_manual)}
            assert allowed == expected.get(state, (set(), set()))[is_manual]


def test_two_say_that_nothing_was_paid_or_the_one_who_took_it() -> None:
    assert words_needed(State.SENDING, "kim", "kim") == 1
    assert words_needed(State.SENDING, "lee", "kim") == 2
    assert words_needed(State.DOUBTFUL, "kim", "kim") == 2


def test_a_payment_is_booked_whatever_is_known_here() -> None:
    for state, safe in product(OPEN, (False, True)):
        for amount in (100, None):
            told = Told(1, Stage.PAID, f"0x{TX.upper()}", amount)
            assert judge_look_up(known(state), told, is_safe_to_repeat=safe) == Book(TX)
            assert judge_report(known(state), told) == Book(TX)


def test_a_payment_that_differs_or_has_no_transaction_is_not() -> None:
    for state in OPEN:
        other = Told(1, Stage.PAID, TX, 99)
        assert judge_look_up(known(state), other, is_safe_to_repeat=True) == Doubt(
            "payout_differs", Contradiction.OTHER_AMOUNT
        )
        assert judge_report(known(state), other) == Alarm(Contradiction.OTHER_AMOUNT)
        for tx in (None, "nonsense"):
            bare = Told(1, Stage.PAID, tx, 100)
            assert judge_look_up(known(state), bare, is_safe_to_repeat=True) == Doubt("no_transaction")
            assert judge_report(known(state), bare) == Wait(hurries=True)


def test_only_a_gateway_that_pays_once_is_sent_the_same_again() -> None:
    never = Told(1, Stage.NEVER_CAME)
    for state in (State.SENDING, State.DOUBTFUL):
        assert judge_look_up(known(state), never, is_safe_to_repeat=True) == SendAgain()
    assert judge_look_up(known(State.SENDING), never, is_safe_to_repeat=False) == Doubt("cannot_say")
    assert judge_look_up(known(State.DOUBTFUL), never, is_safe_to_repeat=False) == Wait()
    for taken in (known(State.SENT), known(State.DOUBTFUL, task_id="t")):
        lost = judge_look_up(taken, never, is_safe_to_repeat=True)
        assert lost == Doubt("lost_by_gateway", Contradiction.LOST_BY_GATEWAY)


def test_money_comes_back_only_when_it_is_certain() -> None:
    failed = Told(1, Stage.FAILED)
    assert judge_look_up(known(State.SENT, task_id="t"), failed, is_safe_to_repeat=False) == GiveBack()
    assert judge_look_up(known(State.SENDING), failed, is_safe_to_repeat=True) == GiveBack()
    assert judge_look_up(known(State.SENDING), failed, is_safe_to_repeat=False) == Doubt("cannot_say")
    for state, safe in product(OPEN, (False, True)):
        partly = judge_look_up(known(state, task_id="t"), Told(1, Stage.FAILED, TX), is_safe_to_repeat=safe)
        assert partly == Doubt("failed_with_transaction", Contradiction.FAILED_WITH_TRANSACTION)


def test_what_is_under_way_is_followed() -> None:
    told = Told(1, Stage.UNDER_WAY, task_id="t")
    assert judge_look_up(known(State.SENDING), told, is_safe_to_repeat=True) == Follow("t")
    assert judge_look_up(known(State.DOUBTFUL), told, is_safe_to_repeat=True) == Follow("t")
    assert judge_look_up(known(State.SENT), told, is_safe_to_repeat=True) == Wait()
    late = known(State.SENT, is_overdue=True)
    assert judge_look_up(late, told, is_safe_to_repeat=True) == Doubt("under_way_too_long")
    late = known(State.DOUBTFUL, is_overdue=True)
    assert judge_look_up(late, told, is_safe_to_repeat=True) == Wait()


def test_what_nobody_can_say_is_a_persons_when_it_is_old_or_its_sender_silent() -> None:
    told = Told(1, Stage.CANNOT_SAY)
    for safe in (False, True):
        assert judge_look_up(known(State.SENDING), told, is_safe_to_repeat=safe) == Doubt("cannot_say")
        assert judge_look_up(known(State.SENT), told, is_safe_to_repeat=safe) == Wait()
        old = judge_look_up(known(State.SENT, is_old=True), told, is_safe_to_repeat=safe)
        assert old == Doubt("cannot_say")
        assert judge_look_up(known(State.DOUBTFUL), told, is_safe_to_repeat=safe) == Wait()


def test_a_message_about_another_attempt_books_nothing() -> None:
    paid = Told(1, Stage.PAID, TX, 100)
    for state in State:
        later = judge_report(known(state, 2), paid)
        assert later == Alarm(Contradiction.EARLIER_ATTEMPT, stops=state is State.APPROVED)
        assert judge_report(known(state, 0), paid) == Alarm(Contradiction.UNKNOWN_ATTEMPT)


def test_a_message_about_what_is_not_open_alarms_unless_it_is_booked_so() -> None:
    paid = Told(1, Stage.PAID, TX, 100)
    assert judge_report(known(State.CONFIRMED, tx_hash=TX), paid) == Wait()
    assert judge_report(known(State.CONFIRMED, tx_hash=OTHER), paid) == Alarm(Contradiction.OTHER_TRANSACTION)
    changed = judge_report(known(State.CONFIRMED, tx_hash=TX), Told(1, Stage.PAID, TX, 1))
    assert changed == Alarm(Contradiction.OTHER_AMOUNT)
    for state in (State.FAILED, State.CANCELLED, State.REJECTED):
        assert judge_report(known(state), paid) == Alarm(Contradiction.AFTER_RELEASE)
    for state in (State.WAITING, State.REVIEW, State.APPROVED):
        stopped = judge_report(known(state), paid)
        assert stopped == Alarm(Contradiction.NOT_SENT, stops=state is State.APPROVED)


def test_other_messages_only_hurry_the_look_up() -> None:
    for state, stage in product(State, set(Stage) - {Stage.PAID}):
        is_open = state in (State.SENT, State.DOUBTFUL)
        assert judge_report(known(state), Told(1, stage)) == Wait(hurries=is_open)
        assert judge_report(known(state, 2), Told(1, stage)) == Wait()
