"""Screening of addresses: who is not to be paid, nor paid by."""
