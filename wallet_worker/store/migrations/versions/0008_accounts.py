"""Accounts: names that look alike, registrations to be confirmed, resets, second factors, sessions that are listed."""

from wallet_worker.store.migrations.script import run_script

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_script("0008_accounts.up.sql")


def downgrade() -> None:
    run_script("0008_accounts.down.sql")
