"""What a player may ask of a table, each as a call that returns when it was carried out."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NoReturn

from cardroom.client.errors import ClientError, ProtocolBroken
from cardroom.client.view import TableView
from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Emote
from cardroom.wire.player import (
    Act,
    ActionKind,
    AutoTopUp,
    Chat,
    JoinWaitingList,
    Leave,
    LeaveWaitingList,
    Mute,
    PlayerMessage,
    Prove,
    Resync,
    RunItTwice,
    ShowCards,
    ShowEmote,
    SitDown,
    SitIn,
    SitOut,
    Straddle,
    TopUp,
)
from cardroom.wire.proof import Openings
from cardroom.wire.table import TurnView


class TableRequests(ABC):
    """The requests of a ``Table``. Each may raise ``ClientError``; what is refused changed nothing."""

    @property
    @abstractmethod
    def view(self) -> TableView:
        """The table after the newest event that was received."""

    @abstractmethod
    async def _ask(self, message: Callable[[int], PlayerMessage]) -> Openings | None:
        """Send a request under the next number and give its answer."""

    @abstractmethod
    async def _end_with(self, end: ClientError) -> NoReturn:
        """End the connection for a reason of our own, and raise it."""

    @property
    def _table_id(self) -> TableId:
        return self.view.table_id

    async def sit_down(
        self, buy_in: Krw, seat: SeatIndex | None = None, *, posts_blind: bool = False
    ) -> None:
        """Take a seat, any free one by default; returns when the buy-in is held.

        With ``posts_blind`` a blind is posted to play at once, else the big blind is waited for.
        Refused: no such seat, seat taken, table full, already seated, buy-in too small or too large,
        insufficient funds, frozen.
        """
        await self._ask(lambda number: SitDown(number, self._table_id, seat, buy_in, posts_blind))

    async def leave(self, *, after_hand: bool = False) -> None:
        """Give up the seat, now or after the hand; the payment shows as ``SeatLeft``. May be repeated.

        Refused: not seated.
        """
        await self._ask(lambda number: Leave(number, self._table_id, after_hand))

    async def sit_out(self, *, at_big_blind: bool = False) -> None:
        """Be dealt no more hands, seat kept, at once or when the big blind comes. May be repeated.

        Refused: not seated.
        """
        await self._ask(lambda number: SitOut(number, self._table_id, at_big_blind))

    async def sit_in(self, *, posts_blind: bool = False) -> None:
        """Be dealt in again, as with ``sit_down``. Refused: not seated, leaving. May be repeated."""
        await self._ask(lambda number: SitIn(number, self._table_id, posts_blind))

    async def act(self, turn: TurnView, kind: ActionKind, amount: Krw | None = None) -> None:
        """Use a turn of the hand in play; ``amount`` is the street bet to raise to, only for a raise.

        Refused: no hand, stale hand or turn, out of turn, action or amount not allowed.
        """
        hand_no = self.view.hand_no
        await self._ask(
            lambda number: Act(
                number, self._table_id, hand_no, turn.turn, kind, Krw(0) if amount is None else amount
            )
        )

    async def top_up(self, amount: Krw) -> None:
        """Bring more chips, which play from the next hand; returns when the ledger has them.

        Refused: not seated, leaving, another top-up under way, too small or too large, insufficient funds,
        frozen. After ``ConnectionLost`` the new view says what has come: stack and ``place.arriving``.
        """
        await self._ask(lambda number: TopUp(number, self._table_id, amount))

    async def auto_top_up(self, up_to: Krw) -> None:
        """Fill the stack up to ``up_to`` after each hand, 0 ends it. May be repeated.

        Refused: not seated, leaving, too small or too large.
        """
        await self._ask(lambda number: AutoTopUp(number, self._table_id, up_to))

    async def join_waiting_list(self) -> None:
        """Wait for a seat; ``view.place`` says when one is offered. May be repeated.

        Refused: already seated, a seat is free, waiting list full.
        """
        await self._ask(lambda number: JoinWaitingList(number, self._table_id))

    async def leave_waiting_list(self) -> None:
        """Wait no more. Refused: not waiting."""
        await self._ask(lambda number: LeaveWaitingList(number, self._table_id))

    async def resync(self) -> None:
        """Begin the view anew with a snapshot. May be repeated. Refused: rate limited."""
        await self._ask(lambda number: Resync(number, self._table_id, None))

    async def straddle(self, *, straddles: bool) -> None:
        """Say whether to straddle under the gun from now on. Refused: not seated, not offered here."""
        await self._ask(lambda number: Straddle(number, self._table_id, straddles))

    async def run_it_twice(self, *, agrees: bool) -> None:
        """Answer the offer to deal the rest of the board twice.

        Refused: not seated, no hand, stale hand, not offered (any more). May be repeated.
        """
        hand_no = self.view.hand_no
        await self._ask(lambda number: RunItTwice(number, self._table_id, hand_no, agrees))

    async def show_cards(self, cards: tuple[CardCode, ...]) -> None:
        """Show one or both own cards of the hand that has just ended.

        Refused: not seated, stale hand, not offered (any more), not one's own cards. May be repeated.
        """
        hand_no = self.view.hand_no
        await self._ask(lambda number: ShowCards(number, self._table_id, hand_no, cards))

    async def say(self, text: str) -> None:
        """Say something to all at the table who have not muted us.

        Refused: not seated, silenced, text not allowed, chat closed (dealt into a hand with an all-in), rate
        limited.
        """
        await self._ask(lambda number: Chat(number, self._table_id, text))

    async def show_emote(self, emote: Emote) -> None:
        """Show an emote to the table. Refused as ``say``."""
        await self._ask(lambda number: ShowEmote(number, self._table_id, emote))

    async def mute(self, user_id: UserId, *, muted: bool = True) -> None:
        """Hear a player no more at this table, or again. Refused: too many muted. May be repeated."""
        await self._ask(lambda number: Mute(number, self._table_id, user_id, muted))

    async def prove(self, hand_no: int) -> Openings:
        """Get the openings of all cards of a hand that we may see now, to check them against its commitment.

        Refused: no hand of that number, a hand too long ago. May be repeated.
        """
        openings = await self._ask(lambda number: Prove(number, self._table_id, hand_no))
        if openings is None:
            await self._end_with(ProtocolBroken("no openings in the answer"))
        return openings
