"""Proof that the ledger is what it was: chains, records, verification."""
