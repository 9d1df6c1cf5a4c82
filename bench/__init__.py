"""Benches: each measures one promise and gives its numbers as a mapping."""
