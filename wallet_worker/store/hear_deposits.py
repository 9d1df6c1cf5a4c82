"""Take in what a gateway tells of deposits: in one transaction with the message itself, so that each counts once."""

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from cardroom.service.postgres import Postgres, Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.rules.chain_deposit import (
    ChainDeposit,
    ChainState,
    Told,
    as_newest,
    contradict,
    contradicts,
    disagree,
    find_known,
    hear,
)
from wallet_worker.store.chain_deposits import Change, add_deposit, lock_outputs, write_deposit
from wallet_worker.store.deposit_addresses import DepositAddress, find_at, hurry_look
from wallet_worker.store.webhook_deliveries import take_delivery

_ALREADY_THERE: Final = (ChainState.CREDITED, ChainState.HELD)


@frozen
class Heard:
    """What became of one that was told: the deposit, if there is one now, and why it was refused, if it was."""

    told: Told
    change: Change | None
    refusal: Refusal | None = None


@frozen
class Teller:
    """Who tells. ``digest`` is of a message that is taken once; None for what the gateway was asked for.

    Without ``is_proof`` fewer confirmations than before raise no alarm: the gateway's record is asked first.
    """

    gateway: str
    digest: bytes | None
    is_proof: bool
    retry_seconds: float

    @property
    def is_record(self) -> bool:
        """Whether the gateway was asked for its own record, and has not spoken by itself."""
        return self.digest is None


async def hear_deposits(postgres: Postgres, teller: Teller, told: Sequence[Told]) -> list[Heard]:
    """Take in all that a message tells; what is refused of it stays refused, the rest counts.

    ``unknown_address`` and ``deposit_changed`` are written down nevertheless; ``wrong_coin`` and
    ``webhook_unknown`` (another gateway's or invoice's address) are not. Raises ``Replayed``.
    """
    async with postgres.transaction() as transaction:
        if teller.digest is not None:
            await take_delivery(transaction, teller.digest, teller.gateway)
        if not told:
            return []
        outputs = await lock_outputs(transaction, told)
        addresses = await find_at(transaction, *{one.address for one in told})
        heard = []
        for one in sorted(told, key=lambda one: one.order):
            known = outputs[one.coin, one.tx_hash]
            heard.append(await _hear(transaction, teller, one, known, addresses))
            _remember(known, heard[-1].change)
        return heard


async def _hear(
    transaction: Transaction,
    teller: Teller,
    told: Told,
    outputs: Sequence[ChainDeposit],
    addresses: Sequence[DepositAddress],
) -> Heard:
    at_address = [one for one in addresses if one.address == told.address]
    mine = _mine(at_address, told, teller)
    known = find_known(outputs, told, teller.gateway)
    if known is None:
        if at_address and mine is None:
            is_coin = any(one.coin == told.coin for one in at_address)
            return Heard(told, None, Refusal.WEBHOOK_UNKNOWN if is_coin else Refusal.WRONG_COIN)
        return await _hear_first(transaction, teller, told, mine, outputs)
    if contradicts(known, told, teller.gateway, is_record=teller.is_record):
        after = disagree(known) if teller.is_record else contradict(known)
        refusal: Refusal | None = Refusal.DEPOSIT_CHANGED
    else:
        if teller.is_record:
            told = as_newest(known, told)
        after = hear(known, told, mine.user_id if mine else None, is_proof=teller.is_proof)
        refusal = Refusal.UNKNOWN_ADDRESS if after.state is ChainState.UNMATCHED else None
    if after != known:
        await write_deposit(transaction, after, teller.retry_seconds, puts_off=False)
    elif told.tells_depth and known.state in _ALREADY_THERE and told.confirmations < known.needed:
        await hurry_look(transaction, told.coin, told.address)
    return Heard(told, Change(known, after), refusal)


async def _hear_first(
    transaction: Transaction,
    teller: Teller,
    told: Told,
    mine: DepositAddress | None,
    outputs: Sequence[ChainDeposit],
) -> Heard:
    number = told.output_number
    if number is None:
        number = max((one.output_number for one in outputs), default=-1) + 1
    if mine is None:
        added = await add_deposit(transaction, told, teller.gateway, None, number)
        return Heard(told, Change(None, added), Refusal.UNKNOWN_ADDRESS)
    told = evolve(told, external_id=mine.external_id)
    return Heard(
        told, Change(None, await add_deposit(transaction, told, teller.gateway, mine.user_id, number))
    )


def _mine(at_address: Sequence[DepositAddress], told: Told, teller: Teller) -> DepositAddress | None:
    """Find the address that is meant: of this coin and gateway, and of this invoice where one is told."""
    for one in at_address:
        if (one.coin, one.gateway) == (told.coin, teller.gateway):
            return one if told.external_id in (None, one.external_id) else None
    return None


def _remember(outputs: list[ChainDeposit], change: Change | None) -> None:
    """Let the rest of a message find what became of its first part."""
    if change is not None:
        outputs[:] = [*(one for one in outputs if one.number != change.after.number), change.after]
