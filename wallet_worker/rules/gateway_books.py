"""What a gateway should have of a coin by the house's books, and what it has. Amounts in smallest units."""

from attrs import field, frozen

from wallet_worker.rules.coins import write_coins


@frozen
class CoinBooks:
    """One coin by the house's books: what came in and went out, and what is neither yet."""

    coin: str
    scale: int
    credited: int = 0
    """Booked into wallets."""
    paid: int = 0
    """Booked as sent, without the chain's fees."""
    held: int = 0
    """Came in over players' own limits and waits."""
    uncredited: int = 0
    """Confirmed on the chain and not credited: to be credited, to be looked at, refused, or nobody's."""
    arriving: int = 0
    """Seen on the chain without enough confirmations: a gateway may have it already."""
    on_the_way: int = 0
    """Given to the gateway to send: it may be gone already."""
    credited_krw: int = 0
    """What the credited coins were worth when they were."""
    paid_krw: int = 0

    @property
    def expected(self) -> int:
        """What the gateway has when nothing is arriving or on the way."""
        return self.credited - self.paid + self.held + self.uncredited

    @property
    def is_moved(self) -> bool:
        """Whether anything ever came in or went out, or is about to."""
        return any((self.credited, self.paid, self.held, self.uncredited, self.arriving, self.on_the_way))


@frozen
class Comparison:
    """The books against what a gateway has or somebody counted; ``found`` is None where nobody could say."""

    books: CoinBooks
    found: int | None
    trouble: str | None = field(default=None)

    @property
    def difference(self) -> int | None:
        """What is there more than expected; below zero: what is missing. The chain's fees are in it."""
        return None if self.found is None else self.found - self.books.expected

    @property
    def unexplained(self) -> int | None:
        """What of the difference neither arriving coins nor those on the way explain; 0 where they can."""
        if self.difference is None:
            return None
        return unexplained(self.difference, self.books.arriving, self.books.on_the_way)


def unexplained(difference: int, arriving: int, on_the_way: int) -> int:
    """Give how far a difference lies outside what may have come already and what may be gone already."""
    if difference > arriving:
        return difference - arriving
    return min(0, difference + on_the_way)


def write_signed(coin_amount: int, scale: int) -> str:
    """Write an amount that may be below zero in whole coins, exactly."""
    return f"{'-' if coin_amount < 0 else ''}{write_coins(abs(coin_amount), scale)}"
