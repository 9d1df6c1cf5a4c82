"""Checkpoints: what a sound verification found, so that the next one need not begin at the beginning."""

from wallet_worker.store.migrations.script import run_script

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_script("0006_checkpoints.up.sql")


def downgrade() -> None:
    run_script("0006_checkpoints.down.sql")
