"""Where accounts, logins and nodes are looked up: PostgreSQL and Redis."""
