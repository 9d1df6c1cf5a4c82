"""One hand in both engines at once: whoever is asked, what he may do, the pots and the stacks are compared.

Where they disagree, what they say is handed to the table of known differences. What no entry explains is a
``MismatchError``, with the hand as a dealer would note it.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import attrs

from node.rules.actions import Action, ActionKind, AllIn, Call, Check, Fold, LegalActions, RaiseTo
from node.rules.blinds import AnteKind
from node.rules.errors import IllegalAction
from node.rules.events import ActionTaken, Event, HandSettlement, UncalledReturned
from node.rules.hand import Hand, agree_run_twice, apply, settlement
from node.rules.pots import Pot, layer_pots, total_of
from tests.node.rules.oracle import Game, Oracle, Posts, SharedPot, our_offer, posts_in, start_ours
from tests.node.rules.reading import Decision, Move, read


@attrs.frozen
class Asked:
    """pokerkit asks a player when the house asks nobody any more."""

    able: int
    """How many players had chips left."""
    call: int
    own_bet: int
    others_bet: int
    """The largest street bet of an opponent who is still in."""


@attrs.frozen
class Turn:
    """Both ask somebody, but not the same player."""

    hand: Hand
    moves: int
    """How many have acted on this street."""
    theirs: int | None

    @property
    def legal(self) -> LegalActions:
        """What the player may do whom the house asks."""
        assert self.hand.legal is not None
        return self.hand.legal

    @property
    def is_idle(self) -> bool:
        """Whether he can do nothing but check: pokerkit passes over him."""
        return self.legal.can_check and self.legal.max_raise_to is None


@attrs.frozen
class Pots:
    """The pots, main pot first, adjacent pots with the same players taken as one."""

    antes: tuple[int, ...]
    """The antes of all players as they were paid; empty where the ante is another."""
    ours: tuple[SharedPot, ...]
    theirs: tuple[SharedPot, ...]


@attrs.frozen
class Stacks:
    """The stacks when the hand is over."""

    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    odd_won_to_one: tuple[int, ...]
    """Our settlement with all odd won of a pot given to its first winner, as ``pay_like_pokerkit`` does."""


Difference = Posts | Turn | Decision | Asked | Pots | Stacks
"""What both say where they do not agree."""


@attrs.frozen
class KnownDifference:
    """One difference that the house wants: its rule, in words, and how it is told from every other."""

    rule: str
    words: str
    explains: Callable[[Difference], bool]

    def __str__(self) -> str:
        return f"rule {self.rule}: {self.words}"


class MismatchError(AssertionError):
    """The engines disagree, and no known difference explains it; or the house's rules are not followed."""


class _DivergedError(Exception):
    """A call means different chips on both sides: pokerkit cannot follow any further."""


@attrs.define
class Outcome:
    """What a hand came to."""

    decisions: int = 0
    seen: Counter[str] = attrs.Factory(Counter)
    """The rules of the known differences, and how often each was met."""
    is_abandoned: bool = False
    has_run_twice: bool = False
    side_pots: int = 0


Decide = Callable[[LegalActions, int | None, int | None], Action]
"""Chooses an action; the bounds of a raise are those that both engines allow, or None."""


@attrs.define
class LockStep:
    """Both engines in the middle of the same hand."""

    hand: Hand
    oracle: Oracle
    known: Sequence[KnownDifference]
    game: Game
    outcome: Outcome = attrs.Factory(Outcome)
    moves: list[Move] = attrs.Factory(list)
    uncalled: int = 0
    log: list[str] = attrs.Factory(list)

    def differ(self, difference: Difference) -> None:
        """Note a difference under its rule; one that is not known ends the hand."""
        rules = [entry.rule for entry in self.known if entry.explains(difference)]
        if not rules:
            raise MismatchError(f"no known difference explains this: {_tell(difference)}")
        self.outcome.seen.update(rules)

    def play(self, decide: Decide) -> None:
        """Play until the hand is over in ours; give up pokerkit when it cannot follow."""
        posts = posts_in(self.game)
        if posts.ours != posts.theirs:
            self.differ(posts)
        try:
            while self.hand.legal is not None:
                if not self.moves:
                    self.oracle.deal()
                    self.compare_pots()
                self.take_turn(decide)
            self.end()
        except _DivergedError:
            self.outcome.is_abandoned = True
            self.play_alone(decide)
        check_settlement(self.hand)

    def take_turn(self, decide: Decide) -> None:
        """Compare what both allow, and take an action that both allow."""
        decision, legal = self.compare_turn(), self.hand.legal
        assert legal is not None
        if decision is None:
            self.step(Check())
            return
        ours, theirs = decision.ours, decision.theirs
        low = high = None
        if ours.low is not None and theirs.low is not None and ours.high is not None:
            low, high = max(ours.low, theirs.low), ours.high
        action = decide(legal, low, high)
        self.step(action)
        said = _as_said_to_pokerkit(action, legal)
        if ours.call != theirs.call and isinstance(said, Call | Check):
            raise _DivergedError
        self.oracle.act(said)

    def compare_turn(self) -> Decision | None:
        """Compare who acts and what he may do; ours must also be what the plainly written rules say.

        None when only the house asks him: his check changes nothing that pokerkit would have to know.
        """
        legal = self.hand.legal
        assert legal is not None
        if self.oracle.actor != legal.seat:
            turn = Turn(self.hand, len(self.moves), self.oracle.actor)
            self.differ(turn)
            if turn.is_idle:
                return None
            raise _DivergedError
        decision = Decision(self.hand, tuple(self.moves), our_offer(legal), self.oracle.offer())
        if read(decision, ()) != decision.ours:
            raise MismatchError(f"the rules allow {read(decision, ())}, we allow {decision.ours}")
        if decision.ours != decision.theirs:
            self.differ(decision)
        self.outcome.decisions += 1
        return decision

    def step(self, action: Action) -> None:
        """Take the action in ours and note it for the reading of the rules."""
        legal, street = self.hand.legal, self.hand.street
        assert legal is not None
        highest = max(player.street_bet for player in self.hand.players)
        self.log.append(f"{street.value}: {legal.seat} {_words(action)}")
        self.hand, events = apply(self.hand, legal.seat, action)
        taken = events[0]
        assert isinstance(taken, ActionTaken)
        is_raise = taken.kind in (ActionKind.BET, ActionKind.RAISE)
        self.moves.append(Move(taken.seat, taken.street_bet if is_raise else None, taken.is_all_in, highest))
        self.uncalled = _uncalled_in(events)
        if self.hand.street is not street:
            self.moves.clear()

    def end(self) -> None:
        """Nobody is asked any more: compare the pots, the run-out and the stacks."""
        oracle, hand = self.oracle, self.hand
        oracle.deal()
        if oracle.actor is not None:
            asked = Asked(_count_able_before_payment(hand), oracle.offer().call, *oracle.bets_of_actor)
            self.differ(asked)
            if asked.call:
                raise _DivergedError
            oracle.act(Check())
        self.compare_pots()
        if hand.awaiting_run_it_twice:
            self.hand, _ = agree_run_twice(hand, self.game.agrees_to_run_twice)
        boards = len(self.hand.boards)
        self.outcome.has_run_twice = boards > 1
        theirs = oracle.finish(boards)
        settled = settlement(self.hand)
        ours = tuple(part.stack for part in settled.seats)
        stacks = Stacks(ours, theirs, pay_like_pokerkit(settled, self.hand))
        if theirs != stacks.odd_won_to_one or ours != theirs:
            self.differ(stacks)

    def compare_pots(self) -> None:
        """Compare amounts and players of all pots, main pot first.

        pokerkit merges pots with the same players as we do, so nothing is left to be merged here. When all
        have folded, it leaves the winner's last bet before him: there the totals are compared, with what came
        back to him uncalled. A pot that only one can win is a pot on both sides.
        """
        ours = tuple((pot.amount, tuple(map(int, pot.eligible))) for pot in _pots_of(self.hand))
        if len(self.hand.live_seats) == 1:
            total = sum(amount for amount, _ in ours) + self.uncalled
            theirs_total = self.oracle.state.total_pot_amount
            # Nobody else has put anything in: pokerkit has given the blind back and has no pot any more.
            own = self.hand.player(self.hand.live_seats[0]).put_in + self.uncalled
            if total != (theirs_total or own):
                raise MismatchError(f"pot {total}, pokerkit {theirs_total}")
            return
        theirs = self.oracle.pots
        self.outcome.side_pots = max(self.outcome.side_pots, len(ours) - 1)
        if ours != theirs:
            of_all = self.game.rules.ante_kind is AnteKind.PER_SEAT
            self.differ(Pots(posts_in(self.game).ours if of_all else (), ours, theirs))

    def play_alone(self, decide: Decide) -> None:
        """Play ours to the end; every step of it asserts that no chip came or went."""
        while self.hand.legal is not None:
            legal = self.hand.legal
            self.step(decide(legal, legal.min_raise_to, legal.max_raise_to))
        if self.hand.awaiting_run_it_twice:
            self.hand, _ = agree_run_twice(self.hand, self.game.agrees_to_run_twice)


def play_both(
    game: Game, decide: Decide, known: Sequence[KnownDifference], *, theirs: Game | None = None
) -> Outcome:
    """Play one hand in both engines; a ``MismatchError`` tells the hand.

    ``theirs`` gives pokerkit another game than ours, to show that it is noticed.
    """
    both = LockStep(start_ours(game), Oracle(theirs or game), known, game)
    try:
        both.play(decide)
    except (AssertionError, ValueError, IllegalAction) as trouble:
        raise MismatchError("\n".join([str(trouble), str(game), *both.log])) from trouble
    return both.outcome


def check_settlement(hand: Hand) -> None:
    """Rules 24, 45: stacks before = stacks after, and every pot is paid out in full."""
    settled = settlement(hand)
    if sum(part.net for part in settled.seats) or any(part.stack < 0 for part in settled.seats):
        raise MismatchError(f"chips came or went: {settled}")
    for index, pot in enumerate(layer_pots(hand.players)):
        awards = [award for award in settled.awards if award.pot == index]
        paid = sum(winner.amount for award in awards for winner in award.winners)
        if paid != pot.amount:
            raise MismatchError(f"pot {index} of {pot.amount} paid {paid}")
    if total_of(layer_pots(hand.players)) != settled.called_pot:
        raise MismatchError(f"the pots are not the called pot: {settled}")


def pay_like_pokerkit(settled: HandSettlement, hand: Hand) -> tuple[int, ...]:
    """Pay our pots to our winners as pokerkit does: whole odd won of a pot to its first winner (rule 25).

    It takes the hands that cannot win any pot away first, and merges pots that the same players are left in.
    """
    pots = layer_pots(hand.players)
    stacks = {part.seat: part.stack_before - part.put_in for part in settled.seats}
    winners = {
        (award.pot, award.board): [winner.seat for winner in award.winners] for award in settled.awards
    }
    survivors = {seat for seats in winners.values() for seat in seats}
    merged: list[tuple[int, int, list[int]]] = []
    for index, pot in enumerate(pots):
        left = [int(seat) for seat in pot.eligible if seat in survivors]
        before = merged.pop()[1] if merged and merged[-1][2] == left else 0
        merged.append((index, before + pot.amount, left))
    boards = len(hand.boards)
    for index, amount, _ in merged:
        for board in range(1, boards + 1):
            half, odd = divmod(amount, boards)
            seats = winners[index, board]
            share, rest = divmod(half + (odd if board == 1 else 0), len(seats))
            for seat in seats:
                stacks[seat] += share + (rest if seat == seats[0] else 0)
    return tuple(stacks.values())


def _count_able_before_payment(hand: Hand) -> int:
    """Count who had chips left when the betting ended."""
    brought = [dealt.stack for dealt in hand.setup.deal.players]
    return sum(
        stack > player.put_in and not player.has_folded
        for stack, player in zip(brought, hand.players, strict=True)
    )


def _pots_of(hand: Hand) -> tuple[Pot, ...]:
    return layer_pots(hand.players) if hand.is_over else hand.pots


def _as_said_to_pokerkit(action: Action, legal: LegalActions) -> Action:
    """Name an all-in as the raise or the call that it is (rule 15)."""
    if isinstance(action, AllIn):
        return Call() if legal.min_raise_to is None else RaiseTo(legal.all_in_to)
    return action


def _uncalled_in(events: Sequence[Event]) -> int:
    return sum(event.amount for event in events if isinstance(event, UncalledReturned))


def _words(action: Action) -> str:
    match action:
        case Fold():
            return "folds"
        case Check():
            return "checks"
        case Call():
            return "calls"
        case RaiseTo(amount):
            return f"raises to {amount}"
        case AllIn():
            return "all-in"


def _tell(difference: Difference) -> str:
    if isinstance(difference, Decision):
        return f"{difference.hand.seat_to_act} may: ours {difference.ours}, pokerkit {difference.theirs}"
    if isinstance(difference, Turn):
        return f"we ask {difference.legal.seat}, pokerkit {difference.theirs}"
    return str(difference)
