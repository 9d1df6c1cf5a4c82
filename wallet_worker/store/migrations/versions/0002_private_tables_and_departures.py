"""Private tables with an invitation code, and a quick look at who has left a table lately."""

from wallet_worker.store.migrations.script import run_script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_script("0002_private_tables_and_departures.up.sql")


def downgrade() -> None:
    run_script("0002_private_tables_and_departures.down.sql")
