from cardroom.ids import ShardId, TableId, UserId
from wallet_worker.rules.accounts import OF_PLAYERS, PROMOTIONS, AccountKind, escrow_of, rake_of, wallet_of


def test_an_account_is_known_by_whose_it_is() -> None:
    keys = {
        wallet_of(UserId(1)), wallet_of(UserId(2)), escrow_of(UserId(1), TableId(1)), rake_of(ShardId(1)),
        escrow_of(UserId(1), TableId(2)), rake_of(ShardId(2)), PROMOTIONS,
    }  # fmt: skip
    assert len(keys) == 7
    assert wallet_of(UserId(1)) in keys


def test_only_players_accounts_stay_above_zero() -> None:
    assert {kind.value for kind in OF_PLAYERS} == {"wallet", "pending_withdrawal", "escrow"}
    assert AccountKind.PROMOTIONS not in OF_PLAYERS
