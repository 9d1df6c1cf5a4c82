"""Books as the rules see them: two players with money, one table."""

from uuid import UUID

from cardroom.ids import HandId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import escrow_of, wallet_of
from wallet_worker.rules.books import Account, Books, FinishedHand, Player, Table
from wallet_worker.rules.denials import LastHand
from wallet_worker.rules.transfers import PlayerResult, Posting

ANN, BOB, CYD = UserId(1), UserId(2), UserId(3)
TABLE, SHARD = TableId(7), ShardId(0)
FIRST, SECOND = HandId(UUID(int=1)), HandId(UUID(int=2))


def open_books() -> Books:
    """Ann has 500 in her wallet and 100 at seat 0; Bob 500 and 100 at seat 1; Cyd 500 in her wallet."""
    books = Books()
    books.tables[TABLE] = Table(seat_count=6, is_halted=False, is_closed=False, last=LastHand(None, 0))
    for number, user in enumerate((ANN, BOB, CYD)):
        books.players[user] = Player(is_frozen=False, is_self_excluded=False)
        books.accounts[wallet_of(user)] = Account(10 + number, Krw(500))
    for number, user in enumerate((ANN, BOB)):
        books.accounts[escrow_of(user, TABLE)] = Account(20 + number, Krw(100), SeatIndex(number))
    return books


def nets_of(hand: FinishedHand) -> list[Posting]:
    """Give what a hand of that table did to each player's escrow."""
    return [Posting(escrow_of(result.user_id, TABLE), result.net) for result in hand.results]


def finished(*nets: tuple[UserId, int, int], rake: int = 0, number: int = 1) -> FinishedHand:
    results = tuple(
        PlayerResult(user, SeatIndex(seat), Krw(net), Krw(0 if place else rake))
        for place, (user, seat, net) in enumerate(nets)
    )
    hand_id, previous = (FIRST, None) if number == 1 else (SECOND, FIRST)
    return FinishedHand(TABLE, hand_id, number, previous, 0, results, Krw(rake), b"", b"hash")
