"""Coins in and out: addresses, deposits as chains tell of them, withdrawals on their way, rates, reconciliations."""

from wallet_worker.store.migrations.script import run_script

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_script("0013_coins_in_and_out.up.sql")


def downgrade() -> None:
    run_script("0013_coins_in_and_out.down.sql")
