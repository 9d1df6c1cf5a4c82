"""Exchange rates: what a coin is worth in won, by several sources."""
