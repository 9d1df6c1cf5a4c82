"""Tables that are made, paused and closed while they are played; freezes of play or of withdrawals alone."""

from wallet_worker.store.migrations.script import run_script

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_script("0010_tables_and_freezes.up.sql")


def downgrade() -> None:
    run_script("0010_tables_and_freezes.down.sql")
