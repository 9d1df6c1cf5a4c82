"""Players, tables, shards and the double-entry ledger."""

from wallet_worker.store.migrations.script import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_script("0001_ledger.up.sql")


def downgrade() -> None:
    run_script("0001_ledger.down.sql")
