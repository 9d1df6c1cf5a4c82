"""What may be done with money: pure decisions over values."""
