"""Hands and postings by month, so that archiving a month is dropping its partitions."""

from wallet_worker.store.migrations.script import run_script

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_script("0003_months.up.sql")


def downgrade() -> None:
    run_script("0003_months.down.sql")
