"""The only owner of money: a double-entry ledger in PostgreSQL."""
