"""Limits that players set themselves, deposits that wait for one, and where a sitting begins and ends."""

from wallet_worker.store.migrations.script import run_script

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_script("0011_protection_of_players.up.sql")


def downgrade() -> None:
    run_script("0011_protection_of_players.down.sql")
