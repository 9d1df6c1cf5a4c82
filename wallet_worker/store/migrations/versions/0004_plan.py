"""Rooms, sessions and hand events, and the views that give everything the names it goes by outside."""

from wallet_worker.store.migrations.script import run_script

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_script("0004_plan.up.sql")


def downgrade() -> None:
    run_script("0004_plan.down.sql")
