"""Bots that play as real clients, and what they measure. Knows the client library, no process."""
