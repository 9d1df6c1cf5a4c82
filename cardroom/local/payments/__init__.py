"""The outside world of coins, on this machine: a payment gateway, its chains, and three sources of rates."""
