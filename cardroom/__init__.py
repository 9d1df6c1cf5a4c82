"""Shared vocabulary of all processes: ids, money, messages, and how a process runs."""
