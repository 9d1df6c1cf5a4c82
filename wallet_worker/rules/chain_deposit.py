"""How far a deposit is, from when a gateway first tells of it until it is credited or refused.

Pure: each function takes the deposit as it is and gives it as it is then. What it is (coin, hash, output,
address, amount) never changes. Time stamps are whole unix seconds, amounts smallest units.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, unique
from typing import Final

from attrs import evolve, field, frozen

from cardroom.ids import UserId

CHANGED: Final = "deposit_changed"
"""Alarm: the same output was told with another amount or address, or by another gateway."""
REVERSED: Final = "deposit_reversed"
"""Alarm: the chain has taken back what was credited or held already."""

TOO_SMALL: Final = "amount_too_small"
TOO_LARGE: Final = "amount_too_large"
OVER_LIMIT: Final = "deposit_limit"
LOOK_UP_DIFFERS: Final = "look_up_differs"
NOT_FOUND: Final = "not_found"
"""The gateway's own record does not have it, or not yet."""
BY_ADMINISTRATOR: Final = "administrator"

_TOLD_TO_PLAYERS: Final = frozenset(
    {TOO_SMALL, TOO_LARGE, OVER_LIMIT, "rate_stopped", "rate_unavailable", "unavailable"}
)
_LONGEST_REASON: Final = 64
_MOST_DOUBLINGS: Final = 3
LEAST_LOOK_SECONDS: Final = 60.0
MOST_LOOK_SECONDS: Final = 86_400.0


@unique
class ChainState(Enum):
    """How far it is. The values are those of the database and of what players are told."""

    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    CREDITED = "credited"
    HELD = "held"
    REVIEW = "review"
    UNMATCHED = "unmatched"
    GONE = "gone"
    REFUSED = "refused"


class DepositEnded(Exception):
    """What is ordered cannot be done to a deposit that is so far."""

    def __init__(self, state: ChainState) -> None:
        super().__init__(f"the deposit is {state.value}")
        self.state = state


class NobodysDeposit(Exception):
    """It is not known whose the deposit is: that has to be said first."""


@frozen
class Told:
    """What is told of an output, read and written the one way: hash and address are canonical.

    Without ``output_number`` what a transaction pays to one address is one payment. ``needed`` is how many
    confirmations the coin needs now; ``told_unix`` when it was told.
    """

    coin: str
    tx_hash: str
    output_number: int | None
    address: str
    coin_amount: int
    coin_scale: int
    confirmations: int
    needed: int
    told_unix: int
    external_id: str | None = None
    tells_depth: bool = True
    """If not, it is only known to be there: that confirms nothing, and takes no confirmation away."""
    originator: Mapping[str, str] = field(factory=dict)

    @property
    def order(self) -> tuple[str, str, str, int]:
        """What several are taken in the order of, so that nobody waits for another in a circle."""
        number = -1 if self.output_number is None else self.output_number
        return (self.coin, self.tx_hash, self.address, number)


@frozen
class ChainDeposit:
    """A deposit as it stands."""

    number: int
    gateway: str
    coin: str
    tx_hash: str
    output_number: int
    address: str
    coin_amount: int
    coin_scale: int
    external_id: str | None
    user_id: UserId | None
    confirmations: int
    needed: int
    state: ChainState
    told_unix: int
    reason: str | None = None
    alarm: str | None = None
    is_cleared: bool = False
    tries: int = 0
    payment_id: int | None = None
    held_id: int | None = None
    originator: Mapping[str, str] = field(factory=dict)

    @property
    def is_deep_enough(self) -> bool:
        """Whether it has the confirmations that it needs."""
        return self.confirmations >= self.needed

    @property
    def reason_for_player(self) -> str | None:
        """Why it waits or was refused, as far as players are told: not what a screening has found."""
        return self.reason if self.reason in _TOLD_TO_PLAYERS else None


def find_known(known: Sequence[ChainDeposit], told: Told, gateway: str) -> ChainDeposit | None:
    """Find the deposit that is told of among those of its transaction.

    Two gateways may count outputs differently: what another one has told of the same address is the same.
    """
    for one in known:
        if told.output_number is not None and one.output_number == told.output_number:
            return one
    for one in known:
        if one.address == told.address and (told.output_number is None or one.gateway != gateway):
            return one
    return None


def contradicts(deposit: ChainDeposit, told: Told, gateway: str, *, is_record: bool = False) -> bool:
    """Say whether what is told is not what was told first.

    A record may have another amount where a person has cleared the deposit: some gateways round differently.
    """
    is_cleared = is_record and deposit.is_cleared
    amount = deposit.coin_amount if is_cleared else told.coin_amount
    return (deposit.gateway, deposit.address, deposit.coin_amount) != (gateway, told.address, amount)


def state_of_new(user_id: UserId | None, confirmations: int, needed: int) -> ChainState:
    """Give the state of what is told for the first time."""
    if user_id is None:
        return ChainState.UNMATCHED
    return ChainState.CONFIRMED if confirmations >= needed else ChainState.CONFIRMING


def hear(deposit: ChainDeposit, told: Told, owner: UserId | None, *, is_proof: bool) -> ChainDeposit:
    """Take in what is told again; an older message that comes late says nothing.

    Fewer confirmations than it needs take it back to confirming, and raise the alarm where it was credited or
    held; without ``is_proof`` they do not: then the gateway's own record is asked. What was gone comes back.
    """
    if not told.tells_depth:
        told = evolve(told, confirmations=deposit.confirmations)
    is_news = (told.told_unix, told.confirmations) > (deposit.told_unix, deposit.confirmations)
    is_found = deposit.user_id is None and owner is not None
    if told.told_unix < deposit.told_unix or not (is_news or is_found):
        return deposit
    if deposit.state in (ChainState.CREDITED, ChainState.HELD):
        if is_proof and told.confirmations < deposit.needed:
            return raise_alarm(evolve(deposit, told_unix=told.told_unix), REVERSED)
        return deposit
    heard = evolve(
        deposit,
        confirmations=told.confirmations,
        needed=told.needed,
        told_unix=told.told_unix,
        user_id=owner if deposit.user_id is None else deposit.user_id,
    )
    if heard.state in (ChainState.REVIEW, ChainState.REFUSED):
        return evolve(heard, user_id=deposit.user_id)
    return _on_its_way(heard)


def as_newest(deposit: ChainDeposit, told: Told) -> Told:
    """Let what was asked for just now be newer than all messages: their clock may be ahead of ours.

    Not what tells no depth: a message that does may still be on its way.
    """
    if not told.tells_depth:
        return told
    is_lower = told.confirmations < deposit.confirmations
    return evolve(told, told_unix=max(told.told_unix, deposit.told_unix + is_lower))


def _on_its_way(deposit: ChainDeposit) -> ChainDeposit:
    """Give it the state that owner and confirmations make; told differently, it is a person's first."""
    if deposit.user_id is not None and CHANGED in _alarms(deposit) and not deposit.is_cleared:
        return review(deposit, CHANGED)
    state = state_of_new(deposit.user_id, deposit.confirmations, deposit.needed)
    return deposit if state is deposit.state else evolve(deposit, state=state, reason=None, tries=0)


def contradict(deposit: ChainDeposit) -> ChainDeposit:
    """Raise the alarm over what is told differently; what is not credited yet is a person's then.

    What a person has looked at already stays as decided when the same is told again.
    """
    is_known = CHANGED in _alarms(deposit)
    alarmed = raise_alarm(deposit, CHANGED)
    on_its_way = deposit.state in (ChainState.CONFIRMING, ChainState.CONFIRMED, ChainState.GONE)
    if not on_its_way or deposit.user_id is None or (is_known and deposit.is_cleared):
        return alarmed
    return review(evolve(alarmed, is_cleared=False), CHANGED)


def disagree(deposit: ChainDeposit) -> ChainDeposit:
    """Take in that the gateway's own record says another amount or address than its message did.

    What is on its way is a person's then; what is booked already raises the alarm. What a person has cleared
    stays as decided: some gateways round differently in both.
    """
    if deposit.is_cleared or deposit.user_id is None:
        return deposit
    if deposit.state in (ChainState.CREDITED, ChainState.HELD):
        return raise_alarm(deposit, CHANGED)
    on_its_way = deposit.state in (ChainState.CONFIRMING, ChainState.CONFIRMED, ChainState.GONE)
    return review(deposit, LOOK_UP_DIFFERS) if on_its_way else deposit


def raise_alarm(deposit: ChainDeposit, alarm: str) -> ChainDeposit:
    """Note an alarm, which stays; a second one stands beside the first."""
    alarms = _alarms(deposit)
    return deposit if alarm in alarms else evolve(deposit, alarm=",".join([*alarms, alarm]))


def _alarms(deposit: ChainDeposit) -> list[str]:
    return deposit.alarm.split(",") if deposit.alarm else []


def compare(deposit: ChainDeposit, found: Told | None) -> ChainDeposit:
    """Hold a confirmed deposit against the gateway's own record; it stays as it is where both agree.

    Unknown there: it waits; so it does where the record tells no depth and has not got it yet. Not deep
    enough: back to confirming. Another amount or address: a person's, and what a person has cleared stays so;
    but nobody's word makes up for a payment that is not there.
    """
    if found is None:
        return wait(deposit, NOT_FOUND)
    is_same = (found.coin, found.address, found.coin_amount) == (
        deposit.coin,
        deposit.address,
        deposit.coin_amount,
    )
    if not is_same and not deposit.is_cleared:
        return review(deposit, LOOK_UP_DIFFERS)
    if found.confirmations < deposit.needed and not found.tells_depth:
        return wait(deposit, NOT_FOUND)
    if found.confirmations < deposit.needed:
        told_unix = as_newest(deposit, found).told_unix
        lower = evolve(deposit, confirmations=found.confirmations, told_unix=told_unix)
        return evolve(lower, state=ChainState.CONFIRMING, reason=None, tries=0)
    return deposit


def wait(deposit: ChainDeposit, reason: str | None) -> ChainDeposit:
    """Let it stay as far as it is, for a reason, and be looked at again later."""
    return evolve(deposit, reason=reason, tries=deposit.tries + 1)


def review(deposit: ChainDeposit, reason: str) -> ChainDeposit:
    """Let a person decide."""
    return evolve(deposit, state=ChainState.REVIEW, reason=reason[:_LONGEST_REASON], tries=0)


def refuse(deposit: ChainDeposit, reason: str) -> ChainDeposit:
    """Do not credit it; a person may, later."""
    return evolve(deposit, state=ChainState.REFUSED, reason=reason, tries=0)


def give_up(deposit: ChainDeposit, idle_seconds: float, gone_seconds: float) -> ChainDeposit:
    """Call it gone when nobody has told of it for so long and no record has it; it may come back."""
    is_missed = deposit.state is ChainState.CONFIRMING or (
        deposit.state is ChainState.CONFIRMED and deposit.reason == NOT_FOUND
    )
    if not is_missed or idle_seconds < gone_seconds:
        return deposit
    return evolve(deposit, state=ChainState.GONE, confirmations=0, reason=None, tries=0)


def credited(deposit: ChainDeposit, payment_id: int) -> ChainDeposit:
    """Note that it is booked."""
    assert deposit.state is ChainState.CONFIRMED, "only what is confirmed is credited"
    return evolve(deposit, state=ChainState.CREDITED, reason=None, payment_id=payment_id, tries=0)


def held(deposit: ChainDeposit, held_id: int) -> ChainDeposit:
    """Note that it is over the player's own limit and waits."""
    assert deposit.state is ChainState.CONFIRMED, "only what is confirmed is held"
    return evolve(deposit, state=ChainState.HELD, reason=OVER_LIMIT, held_id=held_id, tries=0)


def assign(deposit: ChainDeposit, user_id: UserId) -> ChainDeposit:
    """Say whose it is, where nobody knew; raises ``DepositEnded``. What is refused stays refused."""
    if deposit.user_id is not None:
        raise DepositEnded(deposit.state)
    owned = evolve(deposit, user_id=user_id)
    return owned if deposit.state is ChainState.REFUSED else _on_its_way(owned)


def clear(deposit: ChainDeposit) -> ChainDeposit:
    """Let it be credited whatever was found, once it has its confirmations and stands on the record.

    Raises ``NobodysDeposit``, or ``DepositEnded`` where it is credited, held, gone, or only confirming.
    """
    if deposit.user_id is None:
        raise NobodysDeposit
    if deposit.state not in (ChainState.REVIEW, ChainState.REFUSED, ChainState.CONFIRMED):
        raise DepositEnded(deposit.state)
    state = state_of_new(deposit.user_id, deposit.confirmations, deposit.needed)
    return evolve(deposit, state=state, reason=None, is_cleared=True, tries=0)


def turn_down(deposit: ChainDeposit) -> ChainDeposit:
    """Refuse it by a person's word; raises ``DepositEnded`` where it is credited, held or refused."""
    if deposit.state in (ChainState.CREDITED, ChainState.HELD, ChainState.REFUSED):
        raise DepositEnded(deposit.state)
    return refuse(deposit, BY_ADMINISTRATOR)


def retry_delay(tries: int, retry_seconds: float) -> float:
    """Give the seconds until it is looked at again: at once first, then ever later, up to eightfold."""
    return 0.0 if tries == 0 else float(retry_seconds * 2 ** min(tries - 1, _MOST_DOUBLINGS))


def look_delay(wanted_seconds: float) -> float:
    """Give the seconds until an address is looked at again that a player wanted so long ago.

    Each minute at first, at least once a day for ever.
    """
    return max(LEAST_LOOK_SECONDS, min(MOST_LOOK_SECONDS, wanted_seconds / 10))
