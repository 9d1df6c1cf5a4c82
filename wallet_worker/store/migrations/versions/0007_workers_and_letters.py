"""Live workers, how dead letters are resolved, tables that may be reopened, and old outcomes forgotten."""

from wallet_worker.store.migrations.script import run_script

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_script("0007_workers_and_letters.up.sql")


def downgrade() -> None:
    run_script("0007_workers_and_letters.down.sql")
