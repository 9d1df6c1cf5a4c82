"""Outside money, what administrators order, adjustments by two of them, and freezes."""

from wallet_worker.store.migrations.script import run_script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_script("0005_outside_money_and_administrators.up.sql")


def downgrade() -> None:
    run_script("0005_outside_money_and_administrators.down.sql")
