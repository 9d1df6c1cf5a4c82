"""HTTP of the wallet: balances for players, money and tables for administrators."""
