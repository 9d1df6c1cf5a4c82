"""Who holds which seat, and what the ledger has of it. Between hands this is the whole truth of a table.

Stacks live in the rules' ``Seating``; during a hand they stand there as they were before it, so that
dropping the hand voids it. At every moment each stack = escrow + nets of that player's unsettled hands.
"""

import time

from attrs import define, evolve, field, frozen

from cardroom.ids import CommandId, SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire.player import SitDown, TopUp
from cardroom.wire.presence import LobbyState, SeatSummary, TableSummary
from cardroom.wire.refusals import Refusal
from cardroom.wire.state_hash import PublicSeat
from cardroom.wire.table import LeaveReason, SeatStatus
from node.ledger.settlement import SettlementQueue
from node.rules import seating as rules
from node.rules.blinds import Deal
from node.rules.seating import Seating
from node.tables.audience import Viewer
from node.tables.denied import Denied
from node.tables.departures import Departures
from node.tables.game import Game
from node.tables.spare_time import SpareTime
from node.tables.tempo import Tempo
from node.tables.waitlist import WaitingList

_NOTHING = Krw(0)


@frozen
class TopUpUnderWay:
    """Chips that the ledger was asked for. Without a request it was the table that asked for the player."""

    amount: Krw
    request: TopUp | None = None
    askers: tuple[Viewer, ...] = ()
    """The connections that wait for the answer."""


@frozen
class AnsweredTopUp:
    """A top-up that was asked for and decided; ``refusal`` is None if the chips came."""

    request: TopUp
    refusal: Refusal | None


@define
class SeatHolder:
    """A player at a seat, from the reservation until the money is back in the wallet."""

    user_id: UserId
    nickname: str
    seat: SeatIndex
    escrow: Krw = _NOTHING
    buy_in: SitDown | None = None
    """The request whose money is under way; None once it is held."""
    asker: Viewer | None = None
    """The connection that waits for the answer to it."""
    sits_out_at_first: bool = False
    """Asked to sit out, or to leave, before the buy-in was held."""
    straddles: bool = False
    """Posts a straddle whenever it is possible."""
    posts_blind: bool = False
    """Posts owed blinds as soon as allowed."""
    sits_out_at_big_blind: bool = False
    leaves_after_hand: bool = False
    is_leaving: bool = False
    leave_reason: LeaveReason = LeaveReason.LEFT
    is_paying_out: bool = False
    command_id: CommandId | None = None
    """The command that has this player's money under way: buy-in, top-up or cash-out."""
    top_up: TopUpUnderWay | None = None
    answered_top_ups: dict[int, AnsweredTopUp] = field(factory=dict)
    """The newest, by the numbers of their requests."""
    arriving: Krw = _NOTHING
    """Chips in escrow that play from the next hand."""
    auto_top_up_to: Krw = _NOTHING
    address: str = ""
    """Where the player last came from; empty while that is not known."""
    spare: SpareTime = field(factory=SpareTime)
    time_outs: int = 0
    """Turns in a row that the clock decided."""
    ends_for: Refusal | None = None
    """Why this player has to go after the hand: a limit of the player's own, or an exclusion."""
    sat_unix_ms: int = 0
    """When the sitting began, on the node's clock; 0 before."""
    brought: Krw = _NOTHING
    """What has come from the wallet in this sitting."""


@define
class Seats:
    """The seats of one table; they outlive a crash of its task."""

    game: Game
    seating: Seating
    settlements: SettlementQueue
    waiting: WaitingList
    departures: Departures = field(factory=Departures)
    is_halted: bool = False
    holders: dict[SeatIndex, SeatHolder] = field(factory=dict)
    tempo: Tempo = field(factory=Tempo)
    state: LobbyState = LobbyState.OPEN
    """What administrators have ordered of the table, as the lobby shows it."""
    _next: tuple[Seating, Deal | None] | None = None

    def next_deal(self) -> Deal | None:
        """Work out the next hand; None when too few are ready."""
        # The seating is a frozen value: while it is this very one, so is the deal that follows from it.
        if self._next is None or self._next[0] is not self.seating:
            self._next = (self.seating, rules.next_deal(self.seating, self.game.rules))
        return self._next[1]

    def of_user(self, user_id: UserId) -> SeatHolder | None:
        """Give the seat that a player holds here, if any."""
        for holder in self.holders.values():
            if holder.user_id == user_id:
                return holder
        return None

    def held_by(self, user_id: UserId) -> SeatHolder:
        """Give the seat that a player holds here; refused for who holds none."""
        holder = self.of_user(user_id)
        if holder is None:
            raise Denied(Refusal.NOT_SEATED)
        return holder

    @property
    def free_seats(self) -> tuple[SeatIndex, ...]:
        """Give the seats that nobody holds, offered ones included."""
        return tuple(
            SeatIndex(seat) for seat in range(self.game.seat_count) if SeatIndex(seat) not in self.holders
        )

    def bring_chips(self, holder: SeatHolder) -> None:
        """Between hands: a top-up that has arrived joins the stack (rule 34)."""
        self.seating = rules.add_chips(self.seating, holder.seat, holder.arriving)
        holder.arriving = _NOTHING

    def seat(self, holder: SeatHolder, escrow: Krw) -> None:
        """The money is in escrow: the reserved seat gets its stack."""
        request = holder.buy_in
        assert request is not None, "only a reserved seat waits for its money"
        self.seating = rules.seat_player(self.seating, holder.seat, escrow, posts=request.posts_blind)
        self.seating = rules.set_straddle(self.seating, holder.seat, straddles=holder.straddles)
        holder.escrow = holder.brought = escrow
        holder.sat_unix_ms = time.time_ns() // 1_000_000
        holder.buy_in = None
        holder.posts_blind = request.posts_blind
        if holder.sits_out_at_first:
            self.sit_out(holder)

    def free(self, holder: SeatHolder) -> None:
        """The player is gone, and the money with the player."""
        if holder.buy_in is None:
            self.seating = rules.remove_player(self.seating, holder.seat)
        del self.holders[holder.seat]

    def stack(self, holder: SeatHolder) -> Krw:
        """Give a seat's chips between hands; none while the buy-in is under way."""
        return _NOTHING if holder.buy_in is not None else self.seating.occupant(holder.seat).stack

    def status(self, holder: SeatHolder) -> SeatStatus:
        """Say what everybody may know of a seat's player."""
        if holder.buy_in is not None:
            return SeatStatus.RESERVED
        if holder.is_leaving:
            return SeatStatus.LEAVING
        occupant = self.seating.occupant(holder.seat)
        if occupant.is_sitting_out:
            return SeatStatus.SITTING_OUT
        if occupant.owes_big_blind and not occupant.posts_to_enter:
            return SeatStatus.WAITING_FOR_BLIND
        return SeatStatus.PLAYING

    def is_sitting_out(self, holder: SeatHolder) -> bool:
        """Say whether a seated player is dealt no hands for now."""
        return self.seating.occupant(holder.seat).is_sitting_out

    def sit_out(self, holder: SeatHolder) -> None:
        """Deal this player in no more; a reservation is turned into a seat that sits out when it is held."""
        holder.sits_out_at_big_blind = False
        if holder.buy_in is not None:
            holder.sits_out_at_first = True
            return
        self.seating = rules.sit_out(self.seating, holder.seat)

    def sit_in(self, holder: SeatHolder, *, posts_blind: bool) -> None:
        """Deal this player in again. Refused for who is leaving; leaving after the hand is taken back.

        But not by who has to go.
        """
        if holder.is_leaving:
            raise Denied(Refusal.LEAVING)
        if holder.ends_for is not None:
            raise Denied(holder.ends_for)
        holder.sits_out_at_big_blind = holder.leaves_after_hand = False
        holder.posts_blind = posts_blind
        if holder.buy_in is not None:
            holder.sits_out_at_first = False
            holder.buy_in = evolve(holder.buy_in, posts_blind=posts_blind)
            return
        self.seating = rules.sit_in(self.seating, holder.seat, posts=posts_blind)
        holder.time_outs = 0

    def pass_big_blind(self) -> tuple[SeatHolder, ...]:
        """Let those sit out who wanted to when the big blind comes, if it comes to them now."""
        wishes = {seat for seat, holder in self.holders.items() if holder.sits_out_at_big_blind}
        passed = []
        while wishes and (deal := self.next_deal()) is not None:
            if deal.big_blind not in wishes:
                break
            wishes.remove(deal.big_blind)
            holder = self.holders[deal.big_blind]
            self.sit_out(holder)
            passed.append(holder)
        return tuple(passed)

    def set_straddle(self, holder: SeatHolder, *, straddles: bool) -> None:
        """Note whether this player straddles. Refused where no straddle is offered."""
        if not self.game.rules.straddle:
            raise Denied(Refusal.NOT_OFFERED)
        holder.straddles = straddles
        if holder.buy_in is None:
            self.seating = rules.set_straddle(self.seating, holder.seat, straddles=straddles)

    def count_hand(self, holder: SeatHolder) -> None:
        """The player is dealt in: the time bank fills with the hands."""
        holder.spare.hand_dealt(self.game.time_bank, self.game.connection_time)

    def public(self) -> tuple[PublicSeat, ...]:
        """Give the seats as everybody sees them between hands."""
        return tuple(
            PublicSeat(holder.seat, holder.user_id, self.status(holder), self.stack(holder), _NOTHING, False)
            for holder in self.holders.values()
        )

    def settle_up_to(self, hand_no: int) -> None:
        """The ledger has settled: what the hands changed is now in the escrows."""
        for hand in self.settlements.settle_up_to(hand_no):
            for result in hand.results:
                holder = self.holders.get(result.seat)
                assert holder is not None, "a seat is held until its hands are settled"
                assert holder.user_id == result.user_id, "a seat is not given away before"
                holder.escrow = Krw(holder.escrow + result.net)
        self.tempo.settled_up_to(hand_no)

    def check_balance(self) -> None:
        """Assert that each stack is what the ledger and the unsettled hands say (rule 44)."""
        for holder in self.holders.values():
            expected = holder.escrow + self.settlements.net_of(holder.user_id)
            assert self.stack(holder) + holder.arriving == expected, (
                f"seat {holder.seat}: stack is not {expected}"
            )

    def summary(self, now: float) -> TableSummary:
        """Say what the lobby shows; ``now`` is the loop's time."""
        game, tempo = self.game, self.tempo
        return TableSummary(
            table_id=game.table_id,
            shard=game.shard,
            name=game.name,
            stake=game.stake,
            small_blind=game.rules.small_blind,
            big_blind=game.rules.big_blind,
            min_buy_in=game.min_buy_in,
            max_buy_in=game.max_buy_in,
            seat_count=game.seat_count,
            seats=tuple(SeatSummary(holder.seat, holder.user_id) for holder in self.holders.values()),
            hand_no=self.settlements.last_played.hand_no,
            is_private=game.is_private,
            waiting=len(self.waiting),
            average_pot=tempo.average_pot,
            hands_per_hour=tempo.rhythm.hands_per_hour(now),
            pace_ms=tempo.pace_ms,
            state=LobbyState.HALTED if self.is_halted else self.state,
            is_extra=game.is_extra,
        )
