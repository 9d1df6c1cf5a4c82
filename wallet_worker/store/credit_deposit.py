"""Credit a deposit that came by a gateway, or hold it: the booking and how far it is are one transaction."""

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import frozen

from cardroom.service.postgres import Postgres, Transaction
from cardroom.service.protection import ProtectionSettings
from wallet_worker.rules.chain_deposit import ChainDeposit, ChainState, credited, held
from wallet_worker.rules.coins import Rate
from wallet_worker.rules.deposit import Deposit
from wallet_worker.store.book_deposit import book_deposit_within
from wallet_worker.store.chain_deposits import Change, lock_deposit, write_deposit
from wallet_worker.store.house_transfer import open_desk
from wallet_worker.store.seal_batch import Link

NoteRate = Callable[[Transaction], Awaitable[None]]
"""Writes down, in the transaction that converts, which price was used."""


@frozen
class Conversion:
    """The rate of this moment, and how it is noted that it was used."""

    rate: Rate
    note: NoteRate


@frozen
class Credit:
    """A deposit before and after it was credited or held; ``answer`` is the booking's, None where none was made."""

    change: Change
    answer: dict[str, Any] | None


async def credit_chain_deposit(
    postgres: Postgres, number: int, conversion: Conversion, link: Link, protection: ProtectionSettings
) -> Credit:
    """Credit a confirmed deposit at this rate, or hold it over the player's limit; once, however often asked.

    One that is not confirmed any more is left as it is. Raises ``KeyReused`` or ``Denied`` as ``book_deposit``
    does; then nothing has changed.
    """
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        deposit = await lock_deposit(transaction, number)
        if deposit.state is not ChainState.CONFIRMED or not deposit.is_deep_enough:
            return Credit(Change(deposit, deposit), None)
        answer = await book_deposit_within(desk, _booked(deposit, conversion.rate), protection)
        if "held" in answer:
            after = held(deposit, answer["held_deposit"])
        else:
            after = credited(deposit, answer["payment"])
        await write_deposit(transaction, after, 0.0)
        await conversion.note(transaction)
        return Credit(Change(deposit, after), answer)


def _booked(deposit: ChainDeposit, rate: Rate) -> Deposit:
    assert deposit.user_id is not None, "what is confirmed has an owner"
    assert deposit.coin_scale == rate.scale, "the rate is of this coin"
    return Deposit(
        user_id=deposit.user_id,
        coin=deposit.coin,
        coin_amount=deposit.coin_amount,
        tx_hash=deposit.tx_hash,
        output_number=deposit.output_number,
        address=deposit.address,
        rate=rate,
    )
