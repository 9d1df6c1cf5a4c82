"""The router's administration: orders recorded by the router too, players found by prefix, one way to freeze."""

from wallet_worker.store.migrations.script import run_script

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_script("0012_administration.up.sql")


def downgrade() -> None:
    run_script("0012_administration.down.sql")
