"""Takes what players ask of their withdrawals: requests, cancels, and the addresses that coins may go to.

A request's money is held in the transaction that writes it down, or nothing is. Asked again, everything is
answered as the first time; what is refused moves nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from attrs import evolve, field, frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.http import RefusedRequest
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.wire.notices import WithdrawalNotice, WithdrawalState
from cardroom.wire.refusals import Refusal
from wallet_worker.cashier import metrics
from wallet_worker.cashier.notices import NoticeBoard
from wallet_worker.payment_settings import CoinBook, WithdrawalRules
from wallet_worker.rates.port import RateDesk, RateSide, RateStopped, RateUnavailable
from wallet_worker.rules.addresses import read_address
from wallet_worker.rules.coins import COINS, Rate
from wallet_worker.rules.denials import Denied
from wallet_worker.rules.withdrawal_request import (
    OPPONENT_WIN,
    CoinTerms,
    RequestLimits,
    StepUp,
    WithdrawalDenial,
    WithdrawalDenied,
    check_coin,
)
from wallet_worker.store.cancel_withdrawal import cancel_withdrawal
from wallet_worker.store.hold_for_withdrawal import WithdrawalRequest
from wallet_worker.store.house_transfer import Answer
from wallet_worker.store.payout_addresses import NewPayoutAddress, PayoutAddress, add_address
from wallet_worker.store.recent_wins import WonFrom, recent_wins
from wallet_worker.store.request_withdrawal import (
    AskedWithdrawal,
    Quoted,
    RequestTerms,
    Taken,
    check_request,
    find_first_answer,
    request_withdrawal,
)
from wallet_worker.store.seal_batch import Link


class Quote(Protocol):
    """What a player was told: what an amount of won buys, in smallest units, and the rate of it."""

    @property
    def coin_amount(self) -> int:
        """Coins in smallest units."""

    @property
    def rate(self) -> Rate:
        """Whole won for one coin."""


class Quotes(Protocol):
    """Where quotes are found that are still good."""

    async def find(self, user_id: UserId, quote_id: str, coin: str, krw_amount: Krw) -> Quote:
        """Give a quote of this player for this coin and amount; raises ``RefusedRequest``."""


@frozen
class WithdrawalPolicy:
    """The coins and the rules. Days are those of ``time_zone``; ``blocked_users``: whether blocks count."""

    coins: CoinBook
    rules: WithdrawalRules
    time_zone: str
    blocked_users: bool = True

    @property
    def terms(self) -> RequestTerms:
        """What the transaction of a request decides by."""
        rules = self.rules
        limits = RequestLimits(
            step_up_above=rules.step_up_above,
            travel_rule_above=rules.travel_rule_above,
            daily_amount=rules.daily_amount,
            daily_count=rules.daily_count,
            house_daily=rules.house_daily,
            opponent_win=rules.opponent_win,
        )
        return RequestTerms(limits, rules.wait_seconds, self.time_zone, self.blocked_users)

    def terms_of(self, coin: str) -> CoinTerms | None:
        """Give what holds for withdrawals of a coin; None for none of the house's."""
        found = self.coins.coins.get(coin)
        if found is None:
            return None
        return CoinTerms(found.smallest_withdrawal, found.largest_withdrawal, found.withdrawals_open)

    def read_address(self, text: str, coin: str) -> str | None:
        """Give the one way an address is written; None for none of this coin on the house's network."""
        return read_address(text, coin, self.coins.network.value) if coin in COINS else None


@frozen
class Wish:
    """What a player asks to have sent, as it was asked; ``step_up`` is of the session that asks."""

    user_id: UserId
    nickname: str
    coin: str
    address: str
    amount: Krw
    key: str
    quote_id: str | None
    step_up: StepUp


@frozen
class Prices:
    """Who says what coins are worth."""

    rates: RateDesk
    quotes: Quotes


@frozen
class WithdrawalDesk:
    """Takes requests of players; ``notices`` go out after the commit."""

    postgres: Postgres
    link: Link = field(repr=False)
    policy: WithdrawalPolicy
    prices: Prices
    notices: NoticeBoard
    log: Log

    async def request(self, wish: Wish) -> Answer:
        """Hold the amount and let the withdrawal wait, once per player and key; see ``request_withdrawal``.

        Raises ``KeyReused``, ``NoSuchPlayer``, ``WithdrawalDenied`` or ``Denied``; ``RateStopped`` or
        ``RateUnavailable`` where nobody can say what it is worth; ``RefusedRequest`` for a bad quote.
        """
        address = self.policy.read_address(wish.address, wish.coin)
        request = WithdrawalRequest(wish.user_id, wish.coin, address or wish.address, wish.amount, wish.key)
        known = await find_first_answer(self.postgres, request)
        if known is not None:
            return known
        with _counted():
            check_coin(self.policy.terms_of(wish.coin), wish.amount)
            if address is None:
                raise WithdrawalDenied(WithdrawalDenial.WRONG_ADDRESS)
            gateway = self.policy.coins.coins[wish.coin].gateway
            asked = AskedWithdrawal(request, wish.nickname, gateway, wish.step_up)
            await check_request(self.postgres, asked, self.policy.terms)
            asked = evolve(asked, quoted=await self._find_quote(wish))
            wins = await self._find_wins(wish.user_id)
            most = wins[0].amount if wins else Krw(0)
            taken = await request_withdrawal(
                self.postgres, evolve(asked, won_from_one=most), self.policy.terms, self.link
            )
        if taken.flags is not None:
            self._tell_requested(request, taken, wins)
        return taken.answer

    async def cancel(self, user_id: UserId, number: int) -> Answer:
        """Give the money of a withdrawal back that is not being sent, once: a repeat gets the first answer.

        Raises ``NoSuchWithdrawal`` or ``CannotCancel``.
        """
        cancelled = await cancel_withdrawal(self.postgres, user_id, number, self.link)
        if cancelled.is_new:
            metrics.MOVED.labels(kind="withdrawal_release").inc()
            self.log.info("withdrawal.cancelled", withdrawal=number, user_id=user_id)
            self._tell(user_id, cancelled.coin, cancelled.answer)
        return cancelled.answer

    async def add_address(self, new: NewPayoutAddress, step_up: StepUp) -> PayoutAddress:
        """List an address, written as the player wrote it; usable after a wait.

        Refused by ``WithdrawalDenied``: a session that should step up first, a coin or address that is none,
        one of the house's own, one that is listed, and more than a player may list.
        """
        with _counted():
            if step_up is StepUp.NEEDED:
                raise WithdrawalDenied(WithdrawalDenial.STEP_UP_NEEDED)
            if self.policy.terms_of(new.coin) is None:
                raise WithdrawalDenied(WithdrawalDenial.NO_SUCH_COIN)
            address = self.policy.read_address(new.address, new.coin)
            if address is None:
                raise WithdrawalDenied(WithdrawalDenial.WRONG_ADDRESS)
            rules = self.policy.rules
            listed = await add_address(
                self.postgres, evolve(new, address=address), rules.address_wait_seconds, rules.addresses
            )
        self.log.info("payout_address.listed", number=listed.number, user_id=new.user_id, coin=new.coin)
        return listed

    async def _find_quote(self, wish: Wish) -> Quoted | None:
        await self.prices.rates.current(wish.coin, RateSide.WITHDRAWAL)
        if wish.quote_id is None:
            return None
        quote = await self.prices.quotes.find(wish.user_id, wish.quote_id, wish.coin, wish.amount)
        return Quoted(quote.coin_amount, quote.rate.krw_per_coin)

    async def _find_wins(self, user_id: UserId) -> Sequence[WonFrom]:
        return await recent_wins(self.postgres, user_id, self.policy.rules.opponent_days, 1)

    def _tell_requested(self, request: WithdrawalRequest, taken: Taken, wins: Sequence[WonFrom]) -> None:
        metrics.MOVED.labels(kind="withdrawal_hold").inc()
        facts = {"withdrawal": taken.answer["withdrawal"], "user_id": request.user_id, "coin": request.coin}
        self.log.info("withdrawal.requested", amount=request.amount, **facts)
        for flag in taken.flags or ():
            metrics.WITHDRAWALS_FLAGGED.labels(flag=flag).inc()
            won = {"opponent": wins[0].opponent, "won": wins[0].amount} if flag == OPPONENT_WIN else {}
            self.log.warning("withdrawal.flagged", flag=flag, **facts, **won)
        self._tell(request.user_id, request.coin, taken.answer)

    def _tell(self, user_id: UserId, coin: str, answer: Answer) -> None:
        notice = WithdrawalNotice(
            withdrawal=answer["withdrawal"],
            coin=coin,
            state=WithdrawalState(answer["state"]),
            krw_amount=Krw(answer["krw_amount"]),
            krw_balance=Krw(answer["krw_balance"]),
        )
        self.notices.tell(user_id, notice)


@contextmanager
def _counted() -> Iterator[None]:
    try:
        yield
    except WithdrawalDenied as denied:
        _count(denied.denial.value)
        raise
    except Denied as denied:
        _count(denied.denial.name.lower())
        raise
    except RateStopped:
        _count(Refusal.RATE_STOPPED.value)
        raise
    except RateUnavailable:
        _count(Refusal.RATE_UNAVAILABLE.value)
        raise
    except RefusedRequest as refused:  # by whoever finds quotes
        _count(refused.code.value)
        raise


def _count(code: str) -> None:
    metrics.WITHDRAWALS_REFUSED.labels(code=code).inc()
