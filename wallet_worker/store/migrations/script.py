"""Run a step's SQL as it stands in its file."""

from pathlib import Path
from typing import Any

from alembic import op


def run_script(name: str) -> None:
    """Run all statements of ``versions/NAME`` inside the migration's transaction.

    The driver's simple protocol takes a whole script at once; SQLAlchemy prepares statements one by one.
    """
    text = (Path(__file__).parent / "versions" / name).read_text(encoding="utf-8")
    connection = op.get_bind()
    connection.exec_driver_sql("SELECT 1")  # the adapter opens the transaction with its first statement
    adapter: Any = connection.connection.dbapi_connection
    adapter.run_async(lambda driver: driver.execute(text))
