"""What is played at a table: its stake in the terms of the rules, and its limits."""

from attrs import frozen

from cardroom.ids import ShardId, TableId
from cardroom.money import Krw
from cardroom.wire.ledger import LedgerTable
from node.rules.blinds import AnteKind, HandRules
from node.rules.rake import RakeRule, rake_rule
from node.settings import ConnectionTime, RakeSettings, StakeSettings, TableLimits, TimeBank


@frozen
class Game:
    """The terms of one table; they do not change while it is open."""

    table_id: TableId
    shard: ShardId
    name: str
    stake: str
    seat_count: int
    rules: HandRules
    min_buy_in: Krw
    max_buy_in: Krw
    turn_seconds: float
    run_it_twice_seconds: float
    time_bank: TimeBank
    connection_time: ConnectionTime
    missed_blinds_limit: int
    same_address_seats: bool
    limits: TableLimits
    is_private: bool
    is_extra: bool = False


def make_game(table: LedgerTable, shard: ShardId, stake: StakeSettings, limits: TableLimits) -> Game:
    """Translate a table of the ledger and its stake's settings into the terms of the rules."""
    big_blind = stake.big_blind
    return Game(
        table_id=table.table_id,
        shard=shard,
        name=table.name,
        stake=table.stake,
        seat_count=table.seat_count,
        rules=HandRules(
            small_blind=stake.small_blind,
            big_blind=big_blind,
            rake=_rake_rule(stake.rake, big_blind),
            heads_up_rake=_rake_rule(stake.heads_up_rake, big_blind),
            ante=stake.ante.amount if stake.ante is not None else Krw(0),
            ante_kind=AnteKind(stake.ante.kind) if stake.ante is not None else AnteKind.NONE,
            straddle=stake.straddle,
            run_it_twice=stake.run_it_twice,
        ),
        min_buy_in=Krw(big_blind * stake.min_buy_in_big_blinds),
        max_buy_in=Krw(big_blind * stake.max_buy_in_big_blinds),
        turn_seconds=stake.turn_seconds,
        run_it_twice_seconds=stake.run_it_twice_seconds,
        time_bank=stake.time_bank,
        connection_time=stake.connection_time,
        missed_blinds_limit=stake.missed_blinds_limit,
        same_address_seats=stake.same_address_seats,
        limits=limits,
        is_private=table.invitation != "",
        is_extra=table.is_extra,
    )


def _rake_rule(rake: RakeSettings, big_blind: Krw) -> RakeRule:
    return rake_rule(rake.basis_points, rake.cap_big_blinds, big_blind)
