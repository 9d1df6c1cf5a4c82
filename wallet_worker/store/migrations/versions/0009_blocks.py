"""Players and networks that administrators keep out."""

from wallet_worker.store.migrations.script import run_script

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_script("0009_blocks.up.sql")


def downgrade() -> None:
    run_script("0009_blocks.down.sql")
